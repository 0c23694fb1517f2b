package host

// Waits for time, as by setTimeout.
// https://developers.cloudflare.com/workers/runtime-apis/web-standards/

import (
	"sync"
	"time"

	"github.com/seed-36a2c969/emu/emulator/internal/clock"
)

// sleeps are the timers of a world. Their callbacks run in the order of their times, as in JavaScript.
// Timers of package time would not: each that is due starts a goroutine, in no order.
type sleeps struct {
	mu      sync.Mutex
	queue   clock.Queue[*Sleep]
	due     []func() // callbacks that are due, in their order
	calling bool     // a goroutine is calling them
}

// Sleep is one timer.
type Sleep struct {
	clock.Entry
	of    *sleeps
	over  func()
	timer clock.Timer
}

// Sleep calls over when d of the world's time has passed.
func (h *Host) Sleep(d time.Duration, over func()) *Sleep {
	s := &Sleep{Entry: clock.Entry{Due: h.Now().Add(d)}, of: &h.sleeps, over: over}
	s.of.mu.Lock()
	s.of.queue.Add(s)
	s.of.mu.Unlock()
	s.timer = h.Clock.At(s.Due, s.end)
	return s
}

// end is called when the sleep's time has come. It calls the callbacks of all sleeps up to this one.
func (s *Sleep) end() {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	l := s.of
	for s.Queued() {
		first := l.queue.First()
		l.queue.Remove(first)
		l.due = append(l.due, first.over)
	}
	for !l.calling && len(l.due) > 0 {
		over := l.due[0]
		l.due = l.due[1:]
		l.calling = true
		l.mu.Unlock() // over may wait for a lock whose holder is starting another sleep
		over()
		l.mu.Lock()
		l.calling = false
	}
}

// Stop ends the sleep without its callback.
func (s *Sleep) Stop() {
	s.timer.Stop()
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.of.queue.Remove(s)
}
