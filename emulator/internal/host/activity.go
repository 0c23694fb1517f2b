package host

import (
	"runtime"
	"sync"
	"time"
)

// Activity counts what goes on in a world: events that have a turn, invocations of the Worker, and
// waits that have ended and whose goroutine does not run yet. While the count is 0 nothing happens
// until time moves or somebody outside acts. Only then may a manual clock move.
type Activity struct {
	mu    sync.Mutex
	n     int
	quiet []chan struct{} // closed when n becomes 0

	senders sync.Mutex
	sending map[Sender]struct{}
}

// Sender is a connection in memory. It counts as activity while bytes wait for its peer. Connections of
// the network do not count: a client there may never read.
type Sender interface {
	Done() <-chan struct{} // closed when the connection has ended
	Buffered() int64       // how many bytes wait for the peer
	Leaving() bool         // this side is ending the connection
}

// Begin adds one to the count.
func (a *Activity) Begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.n++
}

// End takes back what Begin added.
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

// Settle waits until the count is 0 and no sender has bytes left. It reports false if late sends before.
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

// Watch counts a sender until its connection has ended.
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

// Wait is a wait of code that counted as active before. The zero Wait does not count as activity.
type Wait struct{ timer *time.Timer } // nil: the wait does not count

// Waits begins a wait: the caller no longer counts as active. A wait for something outside the world
// still counts for the time of Options.Patience, and not longer: a server that never answers must not
// hold a manual clock for ever.
func (h *Host) Waits(outside bool) Wait {
	if outside && h.patience > 0 {
		return Wait{time.AfterFunc(h.patience, h.Activity.End)}
	}
	h.Activity.End()
	return Wait{}
}

// End ends the wait. It reports whether the wait still counted as activity. If it did the caller goes
// on as active; if not the caller calls Activity.Begin.
func (w Wait) End() bool { return w.timer != nil && w.timer.Stop() }
