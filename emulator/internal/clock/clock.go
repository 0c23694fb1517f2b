// Package clock is the time of one world: the machine's, or one that stands until a test
// moves it.
package clock

import "time"

// Clock tells the time and calls back later: At calls f in a goroutine of its own or, for a
// manual clock, in the goroutine that advances it.
type Clock interface {
	Now() time.Time
	At(t time.Time, f func()) Timer
}

// Timer is a callback to come. Stop reports whether it prevented it.
type Timer interface{ Stop() bool }

// Real is the machine's clock.
type Real struct{}

func (Real) Now() time.Time                 { return time.Now() }
func (Real) At(t time.Time, f func()) Timer { return time.AfterFunc(time.Until(t), f) }
