// Package host holds what all parts of a world share, such as its clock.
package host

import (
	"cmp"
	"context"
	"time"

	"github.com/seed-36a2c969/emu/emulator/internal/clock"
)

// Options are the settings of a host.
type Options struct {
	// Clock is the world's time; nil is the machine's.
	Clock clock.Clock
	// Seed makes random values reproducible; 0 makes them differ each time.
	Seed uint64
	// Flags are the compatibility flags that are on.
	Flags Flags
	// Patience is how long, in machine time, a wait for something outside the world counts
	// as activity; with 0 it does not count.
	Patience time.Duration
}

// Host is the ground of one world: its clock, its randomness, its stream of events, its goroutines, and
// the count of what goes on in it.
type Host struct {
	Clock    clock.Clock
	Chance   *Chance
	Flags    Flags
	Events   Events
	Activity Activity
	// Running counts the world's goroutines, Requests the requests that the goroutines of an
	// http.Server serve. No goroutine starts once Running is sealed.
	Running, Requests Group

	patience time.Duration
	sleeps   sleeps
	ctx      context.Context
	cancel   context.CancelFunc
}

func New(o Options) *Host {
	h := &Host{Clock: cmp.Or[clock.Clock](o.Clock, clock.Real{}), Chance: NewChance(o.Seed), Flags: o.Flags, patience: o.Patience}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h
}

// Context ends when the world does.
func (h *Host) Context() context.Context { return h.ctx }
func (h *Host) Cancel()                  { h.cancel() }

func (h *Host) Now() time.Time { return h.Clock.Now() }

// After calls f when d of the world's time has passed, unless the world has ended. The end of the world
// waits for f.
func (h *Host) After(d time.Duration, f func()) clock.Timer { return h.At(h.Now().Add(d), f) }

// At is After for a point of time.
func (h *Host) At(t time.Time, f func()) clock.Timer {
	return h.Clock.At(t, func() {
		if h.Running.Enter() {
			defer h.Running.Leave()
			f()
		}
	})
}

// Go runs f on a goroutine for which the end of the world waits. If the world has ended it reports false
// and does not run f.
func (h *Host) Go(f func()) bool {
	if !h.Running.Enter() {
		return false
	}
	go func() {
		defer h.Running.Leave()
		f()
	}()
	return true
}

// GoActive is Go for an f that counts as activity.
func (h *Host) GoActive(f func()) bool {
	h.Activity.Begin() // here and not in the goroutine: a manual clock would move before that runs
	started := h.Go(func() {
		defer h.Activity.End()
		f()
	})
	if !started {
		h.Activity.End()
	}
	return started
}

// Emit adds an event to the stream. An event without a time gets the world's. The result is the event's
// number, or 0 if nobody reads the stream.
func (h *Host) Emit(e Event) uint64 {
	if !h.Events.Observed() {
		return 0
	}
	if e.Time.IsZero() {
		e.Time = h.Now()
	}
	return h.Events.add(e)
}
