package clock

import (
	"sync"
	"time"
)

// Watched is the machine's clock with a count of the callbacks that are due: a test can
// wait until all of them have been called, which the time package does not report.
type Watched struct {
	mu      sync.Mutex
	pending map[*watchedTimer]struct{} // to be called, or being called
	called  int
	changed []chan struct{} // closed when there is one less
}

func NewWatched() *Watched { return &Watched{pending: map[*watchedTimer]struct{}{}} }

func (c *Watched) Now() time.Time { return time.Now() }

func (c *Watched) At(t time.Time, f func()) Timer {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := &watchedTimer{clock: c, at: t}
	c.pending[w] = struct{}{}
	w.timer = time.AfterFunc(time.Until(t), func() {
		defer w.over(1)
		f()
	})
	return w
}

// Called is how many callbacks have ended so far.
func (c *Watched) Called() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.called
}

// Due returns nil if no callback is due, else a channel that is closed when one that
// is pending has ended or is stopped.
func (c *Watched) Due() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for w := range c.pending {
		if !w.at.After(now) {
			changed := make(chan struct{})
			c.changed = append(c.changed, changed)
			return changed
		}
	}
	return nil
}

type watchedTimer struct {
	clock *Watched
	at    time.Time
	timer *time.Timer
}

func (w *watchedTimer) Stop() bool {
	if !w.timer.Stop() {
		return false
	}
	w.over(0)
	return true
}

func (w *watchedTimer) over(called int) {
	c := w.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pending, w)
	c.called += called
	for _, changed := range c.changed {
		close(changed)
	}
	c.changed = nil
}
