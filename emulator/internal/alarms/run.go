package alarms

// https://developers.cloudflare.com/durable-objects/api/alarms/#alarm

import (
	"sync/atomic"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Run is one run of an alarm's handler. It lasts from the call of [Ringer.Ring] to [Run.End]. Events
// that run no alarm have a nil Run, whose Waits and Wakes do nothing.
type Run struct {
	ID        driver.ID // of the object
	Scheduled int64     // the time that the alarm was set for, in ns since 1970
	Retries   int       // how many runs have failed before; the failure of a constructor does not count
	Again     bool      // the run before failed, or its constructor did
	Cause     uint64    // the number of the event that says why it failed; 0 without one

	alarm *alarm
	begun atomic.Bool
	state runState // guarded by Scheduler.mu
}

type runState int

const (
	stateRunning runState = iota // it has its object's turn, or waits for it
	stateWaiting
	stateOver // its event has a result; its goroutine may still run
)

// Begin is called when the object is constructed and the handler begins. A failure before that does
// not count as one of the alarm's retries.
func (r *Run) Begin() { r.begun.Store(true) }

// Waits is called when the handler gives its turn up to wait.
func (r *Run) Waits() { r.enter(stateWaiting) }

// Wakes is called when the wait is over, before the handler has its turn again.
func (r *Run) Wakes() { r.enter(stateRunning) }

// End is called once, with the result of the event: err is nil if it succeeded.
func (r *Run) End(err *driver.Error) {
	r.enter(stateOver)
	s := r.alarm.of.s
	// On a goroutine of its own: the caller may hold locks, and after an abort it calls NoRetry only
	// when End has returned.
	s.host.GoActive(func() { s.ended(r, err) })
}

func (r *Run) enter(state runState) {
	if r == nil {
		return
	}
	s := r.alarm.of.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.state == stateOver || r.state == state {
		return
	}
	room := s.flow.move(r.state, state)
	r.state = state
	if room && !s.stopped {
		s.host.GoActive(s.ring)
	}
}
