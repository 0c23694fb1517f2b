package alarms

// The number of handlers that are under way at once. workerd starts all alarms that are due: each
// costs it a promise. Here each costs a goroutine and mostly an open database.

import (
	"time"

	"github.com/seed-36a2c969/emu/emulator/internal/clock"
)

const (
	// maxRunning is how many handlers may have their object's turn or wait for it. That many keep
	// the processors and the disk busy.
	maxRunning = 64
	// maxWaiting is how many handlers may wait for something else, such as another object's answer.
	maxWaiting = 1024
	// patience is how long a waiting handler counts while alarms wait for room. Its wait may take an
	// hour, or end only with one of those alarms.
	patience = 100 * time.Millisecond
	// maxStalls is how many times in succession patience may pass without progress. After that the
	// running handlers no longer count, since they hang.
	maxStalls = 10
)

// flow counts the runs that are under way; Scheduler.mu guards it.
type flow struct {
	// bounded is false with a manual clock. That clock stands while a handler runs, and all alarms
	// that are due at one time must begin at that time.
	bounded bool
	running int
	waiting int
	hanging int  // how many of the running ones do not count: see maxStalls
	patient int  // how many of the waiting ones do not count: see patience
	full    bool // alarms that are due wait for room
	ringing bool // a goroutine is in Scheduler.ring
	moved   bool // a run has ended, or begun to wait, since the last look
	stalls  int  // how many looks in succession have found moved false
	timer   clock.Timer
}

// room reports whether one more handler may start.
func (f *flow) room() bool {
	return !f.bounded || f.running-f.hanging < maxRunning && f.waiting-f.patient < maxWaiting
}

// move notes that a run changes its state. It reports whether alarms wait for room and now have it.
func (f *flow) move(from, to runState) (room bool) {
	if from == stateWaiting {
		f.waiting--
		f.patient = min(f.patient, f.waiting)
	} else {
		f.running--
		f.hanging = min(f.hanging, f.running)
	}
	switch to {
	case stateRunning:
		f.running++
		return false
	case stateWaiting:
		f.waiting++
	}
	f.moved = true
	if !f.full || !f.room() {
		return false
	}
	f.full = false
	return true
}

// look makes room: the handlers that wait now no longer count, nor do hanging ones.
func (f *flow) look() {
	f.timer = nil
	f.patient = f.waiting
	if f.stalls++; f.moved {
		f.stalls, f.moved = 0, false
	}
	if f.stalls >= maxStalls {
		f.stalls, f.hanging = 0, f.running
	}
}

// ring starts the handlers of the alarms that are due, as long as there is room. One goroutine at a
// time does so, to keep the queue's order.
func (s *Scheduler) ring() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flow.ringing {
		return // the goroutine that rings looks at the queue again
	}
	s.flow.ringing, s.flow.full = true, false
	for r := s.due(); r != nil; r = s.due() {
		s.mu.Unlock()
		r.alarm.of.ringer.Ring(r)
		s.host.Activity.End() // from here on the handler's event keeps the world active
		s.mu.Lock()
	}
	s.flow.ringing = false
	s.arm()
}

// due takes an alarm from the queue that is due. It returns nil without one, or without room. The run
// counts as activity until ring has handed it to its object's event, or a manual clock would move on
// in between. s.mu is held.
func (s *Scheduler) due() *Run {
	if s.stopped || s.queue.Len() == 0 || s.queue.First().Due.After(s.host.Now()) {
		return nil
	}
	if !s.flow.room() {
		s.flow.full = true
		if s.flow.timer == nil {
			s.flow.timer = s.host.After(patience, s.look)
		}
		return nil
	}
	a := s.queue.First()
	s.queue.Remove(a)
	a.of.running[a.id.Bytes] = a
	s.flow.running++
	s.host.Activity.Begin()
	return &Run{ID: a.id, Scheduled: a.scheduled, Retries: a.retries, Again: a.failures > 0, Cause: a.cause, alarm: a}
}

// look is called after each time of patience while alarms wait for room.
func (s *Scheduler) look() {
	s.mu.Lock()
	s.flow.look()
	s.mu.Unlock()
	s.ring()
}
