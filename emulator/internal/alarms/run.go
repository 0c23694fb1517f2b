package alarms

// https://developers.cloudflare.com/durable-objects/api/alarms/#alarm

import (
	"sync/atomic"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Run is one run of an alarm's handler, from when it rings to [Run.End]. Every event but an
// alarm's has a nil Run, for which Waits and Wakes do nothing.
type Run struct {
	ID        driver.ID // of the object
	Scheduled int64     // what the alarm was set for, in ns since 1970
	Retries   int       // runs before this one that failed; a constructor that failed is none
	Again     bool      // the run before failed, or the constructor did
	Cause     uint64    // the number of the event that says why it failed; 0 without one

	alarm *alarm
	begun atomic.Bool
	state runState // Scheduler.mu guards it
}

type runState int

const (
	running runState = iota // has its object's turn, or wants it
	waiting
	over // its event has a result, though its goroutine may go on
)

// Begin says that the object is constructed and the handler begins: what fails before does
// not count as a retry.
func (r *Run) Begin() { r.begun.Store(true) }

// Waits says that the handler has given up its object's turn, to wait.
func (r *Run) Waits() { r.enter(waiting) }

// Wakes says that its wait is over and it wants the turn again.
func (r *Run) Wakes() { r.enter(running) }

// End says that the event has its result: it failed with err, or succeeded. It is called once.
func (r *Run) End(err *driver.Error) {
	r.enter(over)
	s := r.alarm.of.s
	// On a goroutine of its own: the caller may hold locks, and after an abort it has yet to say
	// that there is to be no retry.
	s.host.GoActive(func() { s.ended(r, err) })
}

func (r *Run) enter(state runState) {
	if r == nil {
		return
	}
	s := r.alarm.of.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.state == over || r.state == state {
		return
	}
	room := s.flow.move(r.state, state)
	r.state = state
	if room && !s.stopped {
		s.host.GoActive(s.ring)
	}
}
