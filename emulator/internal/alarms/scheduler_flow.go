package alarms

// How many alarms are under way at once. workerd runs all that are due, each of which costs
// it a promise. Here each costs a goroutine, and most of them an open database.

import (
	"time"

	"github.com/seed-36a2c969/emu/emulator/internal/clock"
)

const (
	// maxRunning is how many alarms have the turn of their object or want it: more than keep the
	// processors and the disk busy.
	maxRunning = 64
	// maxWaiting is how many wait in their handlers for something that comes soon, such as
	// another object's answer.
	maxWaiting = 1024
	// patience is how long those that wait count: what they wait for may be an hour away, or
	// another alarm.
	patience = 100 * time.Millisecond
	// maxStalls is how many times patience may be over without any progress before those that
	// run count no longer: their handlers hang.
	maxStalls = 10
)

// flow counts the runs that are under way; Scheduler.mu guards it.
type flow struct {
	// bounded is not set with a manual clock, which stands while anything runs: what is due at
	// one time is to begin at that time.
	bounded bool
	running int
	waiting int
	hanging int  // of those that run, how many do not count
	patient int  // of those that wait, likewise
	full    bool // alarms that are due wait for room
	ringing bool // a goroutine is in Scheduler.ring
	moved   bool // a run has ended or begun to wait since the last look
	stalls  int  // looks at which none had
	timer   clock.Timer
}

// room reports whether one more may run.
func (f *flow) room() bool {
	return !f.bounded || f.running-f.hanging < maxRunning && f.waiting-f.patient < maxWaiting
}

// move counts a run in another state, and reports whether that makes room for one that waits
// for it.
func (f *flow) move(from, to runState) (room bool) {
	if from == waiting {
		f.waiting--
		f.patient = min(f.patient, f.waiting)
	} else {
		f.running--
		f.hanging = min(f.hanging, f.running)
	}
	switch to {
	case running:
		f.running++
		return false
	case waiting:
		f.waiting++
	}
	f.moved = true
	if !f.full || !f.room() {
		return false
	}
	f.full = false
	return true
}

// look makes room where nothing moves.
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

// ring rings what is due, as far as there is room. One goroutine at a time does, so that the
// order is the queue's.
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
		s.host.Activity.End() // the handler's event counts now
		s.mu.Lock()
	}
	s.flow.ringing = false
	s.arm()
}

// due takes an alarm that is due and for which there is room, or nil. The run counts as
// active until its event does, or a manual clock would move on in between. s.mu is held.
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

// look is called from time to time while alarms wait for room.
func (s *Scheduler) look() {
	s.mu.Lock()
	s.flow.look()
	s.mu.Unlock()
	s.ring()
}
