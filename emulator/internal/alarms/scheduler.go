// Package alarms schedules the alarms of a world's Durable Objects.
//
// The path of an alarm: setAlarm() writes it to the object's database. The commit hands it to the
// class's [Namespace]. The [Scheduler] queues it and, when it is due, calls the namespace's [Ringer],
// which runs the handler. [Run.End] decides whether the handler is retried.
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
	maxDoubling = 9               // how many times further failures double the delay
	jitter      = 0.25            // the part of the delay that chance adds to it at most
)

// Scheduler queues the alarms of all objects of a world and rings those that are due.
//
// Nobody takes another lock while holding the Scheduler's: it calls a [Ringer] without the lock.
type Scheduler struct {
	host *host.Host

	mu         sync.Mutex
	queue      clock.Queue[*alarm]
	namespaces []*Namespace
	timer      clock.Timer // for the first alarm in the queue
	flow       flow
	stopped    bool
}

// alarm is the one alarm of an object.
type alarm struct {
	clock.Entry // when it rings: for a retry that is later than scheduled. The alarm is in no queue while its handler, or that of the alarm before it, runs

	of        *Namespace
	id        driver.ID // of the object, with its name: after a restart nobody else knows the name
	scheduled int64     // the time that it was set for, in ns since 1970

	retries  int // handlers that failed
	failures int // handlers and constructors that failed
	noRetry  bool
	cause    uint64 // Run.Cause of the next run
}

// New returns a scheduler that rings nothing before [Scheduler.Start].
func New(h *host.Host) *Scheduler {
	_, real := h.Clock.(clock.Real)
	return &Scheduler{host: h, flow: flow{bounded: real}}
}

// Open adds a namespace with the alarms of its file. Without a file (nil) its alarms end with the world.
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
			continue // no object has such an id: emu did not write it
		}
		n.set(id, row.Time)
	}
	return n, nil
}

// Next returns the time at which the first alarm or retry rings.
func (s *Scheduler) Next() (at time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queue.Len() == 0 {
		return time.Time{}, false
	}
	return s.queue.First().Due, true
}

func (s *Scheduler) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arm()
}

// Stop lets no more alarms ring.
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
			n.file = nil // a commit may still come: save finds no file
		}
	}
}

// arm sets the timer for the earliest alarm. s.mu is held.
func (s *Scheduler) arm() {
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	// While alarms wait for room, or a goroutine rings, the timer is set when that ends.
	if s.queue.Len() > 0 && !s.stopped && !s.flow.full && !s.flow.ringing {
		s.timer = s.host.Clock.At(s.queue.First().Due, s.ring)
	}
}

// ended decides what follows a run: nothing, a retry, or the end of an alarm that has failed too often.
func (s *Scheduler) ended(r *Run, failed *driver.Error) {
	a, n := r.alarm, r.alarm.of
	s.mu.Lock()
	delete(n.running, a.id.Bytes)
	current := n.current[a.id.Bytes]
	if current != nil && current != a { // an alarm that was set during the run waits for its end
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
