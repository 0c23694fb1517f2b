package host

import (
	"context"
	"sync"
)

// Signal wakes one goroutine that waits for it. From Send to Done the world counts as
// active, so that a manual clock does not move between the wake-up and what the woken
// goroutine does.
type Signal struct {
	activity *Activity
	c        chan struct{}

	mu     sync.Mutex
	onSend func()
	sent   bool
	done   bool
}

func (h *Host) NewSignal() *Signal { return &Signal{activity: &h.Activity, c: make(chan struct{})} }

// OnSend has f called by the sender before the waiter is woken, or at once if the signal was
// sent before: it gives the waiter its place in an order, which must not be that in which
// goroutines happen to wake up.
func (s *Signal) OnSend(f func()) {
	s.mu.Lock()
	sent := s.sent
	if !sent {
		s.onSend = f
	}
	s.mu.Unlock()
	if sent {
		f()
	}
}

// Wait returns when the signal was sent, or with the context's error when that has ended.
func (s *Signal) Wait(ctx context.Context) error {
	select {
	case <-s.c:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Sent is closed by Send.
func (s *Signal) Sent() <-chan struct{} { return s.c }

// Send wakes the waiter. A second Send does nothing.
func (s *Signal) Send() {
	s.mu.Lock()
	if s.sent {
		s.mu.Unlock()
		return
	}
	s.sent = true
	if !s.done {
		s.activity.Begin()
	}
	onSend := s.onSend
	s.mu.Unlock()
	if onSend != nil {
		onSend()
	}
	close(s.c)
}

// Done releases the signal. The waiter calls it once it runs again, also if it was not
// woken by the signal: until then a sent signal counts as activity. A second Done does
// nothing.
func (s *Signal) Done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sent && !s.done {
		s.activity.End()
	}
	s.done = true
}
