package emulator

import (
	"runtime"
	"sync"
	"time"

	"github.com/seed-36a2c969/emu/emulator/internal/clock"
)

// activity counts what user code and the emulator are doing at the moment: turns
// that are taken, Worker invocations, and those that have been told to go on and
// have not yet. When it is 0 nothing happens before time moves or somebody
// outside acts.
type activity struct {
	mu    sync.Mutex
	n     int
	quiet []chan struct{} // closed when n becomes 0
}

func (a *activity) change(more bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if more {
		a.n++
		return
	}
	a.n--
	if a.n == 0 {
		for _, c := range a.quiet {
			close(c)
		}
		a.quiet = nil
	}
}

// Hold counts something outside the world as activity until Hold(false), so that
// [World.Settle] waits for it.
func (w *World) Hold(more bool) { w.activity.change(more) }

// Settle waits until nothing happens in the world but by time passing or from
// outside: no handler runs, except those that wait.
func (w *World) Settle() { w.SettleBy(nil) }

// SettleBy is Settle until late has something: then it reports false.
func (w *World) SettleBy(late <-chan time.Time) bool {
	quiet := make(chan struct{})
	close(quiet)
	for {
		select {
		case <-quiet:
		case <-late:
			return false
		}
		w.activity.mu.Lock()
		if w.activity.n == 0 {
			w.activity.mu.Unlock()
			if !w.sending() {
				return true
			}
			runtime.Gosched() // to the goroutine that sends
			continue
		}
		quiet = make(chan struct{})
		w.activity.quiet = append(w.activity.quiet, quiet)
		w.activity.mu.Unlock()
	}
}

// after calls f when d of the world's time is over, unless the world is closed.
func (w *World) after(d time.Duration, f func()) clock.Timer { return w.at(w.clock.Now().Add(d), f) }

// at is after for a point of time.
func (w *World) at(t time.Time, f func()) clock.Timer {
	return w.clock.At(t, func() {
		if w.enter() {
			defer w.running.Done()
			f()
		}
	})
}

// signal wakes one goroutine that waits for it. From the wake to when that
// goroutine says it goes on, the world counts as active.
type signal struct {
	w    *World
	c    chan struct{}
	mu   sync.Mutex
	sent bool
	gone bool // nobody waits any more

	// ready, if set before anybody can send, is called by who sends: it gives who waits
	// its place in the order, which must not be that in which goroutines wake up.
	ready func()
}

func (w *World) newSignal() *signal { return &signal{w: w, c: make(chan struct{})} }

// send wakes. A second send does nothing.
func (s *signal) send() {
	s.mu.Lock()
	if s.sent {
		s.mu.Unlock()
		return
	}
	s.sent = true
	if !s.gone {
		s.w.activity.change(true)
	}
	s.mu.Unlock()
	if s.ready != nil {
		s.ready()
	}
	close(s.c)
}

// leave is called by who waited, when it goes on, woken or not.
func (s *signal) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sent && !s.gone {
		s.w.activity.change(false)
	}
	s.gone = true
}

// sending reports whether something is about to be handed to a connection in
// memory, or one is being ended. Connections of the network, whose clients may not read, do not count.
func (w *World) sending() bool {
	w.memory.Lock()
	defer w.memory.Unlock()
	for t := range w.memory.set {
		select {
		case <-t.Done():
			delete(w.memory.set, t)
		default:
			if t.Buffered() > 0 || t.Leaving() {
				return true
			}
		}
	}
	return false
}
