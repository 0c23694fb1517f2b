// Package alarms schedules the alarms of a world's Durable Objects.
//
// An alarm goes one way: setAlarm() writes it to its object's database, the commit of that
// hands it to its [Namespace], the [Scheduler] queues it, and when it is due the namespace's
// [Ringer] runs the handler. What follows the handler, a retry say, is decided at [Run.End].
//
// Source: https://developers.cloudflare.com/durable-objects/api/alarms/
package alarms

import (
	"encoding/hex"
	"sync"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/clock"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

const (
	maxRetries  = 6
	firstDelay  = 2 * time.Second // before the first retry
	maxDoubling = 9               // of the delay, by further failures
	jitter      = 0.25            // of the delay, at most, is added to it
)

// Scheduler queues the alarms of all objects of a world and rings those that are due.
//
// No other lock is taken while its own is held: a [Ringer] is called without it.
type Scheduler struct {
	host *host.Host

	mu         sync.Mutex
	queue      clock.Queue[*alarm]
	namespaces []*Namespace
	timer      clock.Timer // for the first in the queue
	flow       flow
	stopped    bool
}

// alarm is the one alarm of an object.
type alarm struct {
	clock.Entry // by when it rings, for a retry later than scheduled; it is in no queue while it runs, or waits for the end of the one before it

	of        *Namespace
	id        driver.ID // of the object; with its name, which a start could not know otherwise
	scheduled int64     // what it was set for, in ns since 1970

	retries  int // runs that failed; a constructor that failed is none
	failures int // constructors that failed included
	noRetry  bool
	cause    uint64 // of the next run
}

// New returns a scheduler that rings nothing before [Scheduler.Start].
func New(h *host.Host) *Scheduler {
	_, real := h.Clock.(clock.Real)
	return &Scheduler{host: h, flow: flow{bounded: real}}
}

// Open adds a namespace with the alarms that its file holds from before the start. Without a
// file (nil) its alarms end with the world.
func (s *Scheduler) Open(file *store.Alarms, r Ringer) (*Namespace, error) {
	n := &Namespace{s: s, ringer: r, file: file, current: map[[32]byte]*alarm{}, running: map[[32]byte]*alarm{}}
	var rows []store.Alarm
	if file != nil {
		var err error
		if rows, err = file.All(); err != nil {
			file.Close()
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.namespaces = append(s.namespaces, n)
	for _, row := range rows {
		id := driver.ID{Name: row.Name}
		if b, err := hex.DecodeString(row.ID); err != nil || copy(id.Bytes[:], b) != len(id.Bytes) {
			continue // nobody can have set it
		}
		n.set(id, row.Time)
	}
	return n, nil
}

// Next returns when the earliest alarm, or its retry, rings.
func (s *Scheduler) Next() (at time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queue.Len() == 0 {
		return time.Time{}, false
	}
	return s.queue.First().Due, true
}

// Start begins to ring.
func (s *Scheduler) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arm()
}

// Stop rings nothing more.
func (s *Scheduler) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	for _, t := range []clock.Timer{s.timer, s.flow.timer} {
		if t != nil {
			t.Stop()
		}
	}
}

// Close closes the namespaces' files.
func (s *Scheduler) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.namespaces {
		if n.file != nil {
			n.file.Close()
			n.file = nil // a commit that comes still has nowhere to save
		}
	}
}

// arm sets the timer for the earliest alarm. s.mu is held.
func (s *Scheduler) arm() {
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	// While alarms wait for room, or are being rung, what ends that arms it again.
	if s.queue.Len() > 0 && !s.stopped && !s.flow.full && !s.flow.ringing {
		s.timer = s.host.Clock.At(s.queue.First().Due, s.ring)
	}
}

// ended decides what follows a run.
func (s *Scheduler) ended(r *Run, failed *driver.Error) {
	a, n := r.alarm, r.alarm.of
	s.mu.Lock()
	delete(n.running, a.id.Bytes)
	current := n.current[a.id.Bytes]
	if current != nil && current != a { // it was set while this one ran, and waited for it
		s.queue.Add(current)
		s.arm()
	}
	if failed == nil || current != a || a.noRetry || s.stopped {
		s.mu.Unlock()
		return
	}
	counts := r.begun.Load()
	r.Cause, a.cause = failed.Event, failed.Event
	if counts && a.retries >= maxRetries {
		s.mu.Unlock()
		n.ringer.GiveUp(r)
		return
	}
	delay := time.Duration(float64(firstDelay<<min(a.failures, maxDoubling)) * (1 + jitter*s.host.Chance.Fraction()))
	a.failures++
	if counts {
		a.retries++
	}
	a.Due = s.host.Now().Add(delay)
	n.running[a.id.Bytes] = a
	s.queue.Add(a)
	s.arm()
	s.mu.Unlock()
}
