package host

import (
	"context"
	"sync"
)

// Signal wakes one goroutine that waits for it. The world counts as active from Send to Done, so that a
// manual clock does not move before the woken goroutine runs.
type Signal struct {
	activity *Activity
	c        chan struct{}

	mu     sync.Mutex
	onSend func()
	sent   bool
	done   bool
}

func (h *Host) NewSignal() *Signal { return &Signal{activity: &h.Activity, c: make(chan struct{})} }

// OnSend sets a function that Send calls before it wakes the waiter; if the signal was sent before,
// OnSend calls it at once. f queues the waiter: the order of waiters is that of their signals, and not
// the one in which their goroutines wake up.
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

// Wait returns nil when the signal is sent, or the context's error when that has ended.
func (s *Signal) Wait(ctx context.Context) error {
	select {
	case <-s.c:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

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

// Done is called by the waiter once it runs again, also if its context has ended the wait. Until then a
// sent signal counts as activity. A second Done does nothing.
func (s *Signal) Done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sent && !s.done {
		s.activity.End()
	}
	s.done = true
}
