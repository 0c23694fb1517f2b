package host

import (
	"runtime"
	"sync"
	"time"
)

// Activity counts what user code and the emulator are doing at the moment: turns that
// are taken, invocations of the Worker, and waits that have ended and whose goroutine
// does not run yet. While it is 0 nothing happens before time moves or somebody outside
// acts, so that a manual clock may move.
type Activity struct {
	mu    sync.Mutex
	n     int
	quiet []chan struct{} // closed when n becomes 0

	senders sync.Mutex
	sending map[Sender]struct{}
}

// Sender is a connection in memory. What is about to be handed to its peer counts as
// activity; to the network it does not, as a client there may never read.
type Sender interface {
	Done() <-chan struct{} // closed at its end
	Buffered() int64       // bytes that the peer has not taken
	Leaving() bool         // it is being ended
}

// Begin counts one more thing that is under way.
func (a *Activity) Begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.n++
}

// End ends what Begin began.
func (a *Activity) End() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.n--
	if a.n == 0 {
		for _, c := range a.quiet {
			close(c)
		}
		a.quiet = nil
	}
}

// Settle waits until nothing is under way. It reports false if late has something
// before that.
func (a *Activity) Settle(late <-chan time.Time) bool {
	quiet := make(chan struct{})
	close(quiet)
	for {
		select {
		case <-quiet:
		case <-late:
			return false
		}
		a.mu.Lock()
		if a.n > 0 {
			quiet = make(chan struct{})
			a.quiet = append(a.quiet, quiet)
			a.mu.Unlock()
			continue
		}
		a.mu.Unlock()
		if !a.isSending() {
			return true
		}
		runtime.Gosched() // to the goroutine that sends
	}
}

// Watch has a sender counted until its end.
func (a *Activity) Watch(s Sender) {
	a.senders.Lock()
	defer a.senders.Unlock()
	if a.sending == nil {
		a.sending = map[Sender]struct{}{}
	}
	a.sending[s] = struct{}{}
}

func (a *Activity) isSending() bool {
	a.senders.Lock()
	defer a.senders.Unlock()
	for s := range a.sending {
		select {
		case <-s.Done():
			delete(a.sending, s)
		default:
			if s.Buffered() > 0 || s.Leaving() {
				return true
			}
		}
	}
	return false
}

// Wait is a wait of something that counted as active before it. The zero Wait is none.
type Wait struct{ timer *time.Timer } // nil: the wait does not count

// Waits begins a wait. One for something outside the world counts as activity for as long
// as Options.Patience says: what hangs there must not hold a manual clock for ever.
func (h *Host) Waits(outside bool) Wait {
	if outside && h.patience > 0 {
		return Wait{time.AfterFunc(h.patience, h.Activity.End)}
	}
	h.Activity.End()
	return Wait{}
}

// End ends the wait. It reports whether the wait still counts as activity; then the caller
// goes on as active, and otherwise has to begin that anew.
func (w Wait) End() bool { return w.timer != nil && w.timer.Stop() }
