package clock

import (
	"container/heap"
	"errors"
	"sync"
	"time"
)

// The errors of [Manual.Advance].
var (
	ErrUnsettled = errors.New("what was called does not end")
	ErrEndless   = errors.New("what is called sets a timer to the same time, again and again")
)

// maxChain is how many timers at one time may each be set by what the one before called.
const maxChain = 10_000

// Manual is a clock that stands until [Manual.Advance] moves it.
type Manual struct {
	// Settle, if set, is called before the clock moves and after each
	// callback, so that what the callback started can end before time goes on. If it
	// reports false the clock stands.
	Settle func() bool

	mu     sync.Mutex
	now    time.Time
	seq    int
	chain  int // the place of what was called last in a chain of timers at this time
	timers timers
}

// NewManual returns a clock that stands at start.
func NewManual(start time.Time) *Manual { return &Manual{now: start} }

// Now is the time the clock stands at.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// AfterFunc calls f when the clock has been advanced by d; with d of 0 or less,
// at the next Advance.
func (m *Manual) AfterFunc(d time.Duration, f func()) Timer {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.set(m.now.Add(max(d, 0)), f)
}

// At calls f when the clock comes to t or, if it has, at the next Advance.
func (m *Manual) At(t time.Time, f func()) Timer {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t.Before(m.now) {
		t = m.now
	}
	return m.set(t, f)
}

// set: m.mu is held.
func (m *Manual) set(at time.Time, f func()) Timer {
	m.seq++
	t := &manualTimer{clock: m, at: at, seq: m.seq, f: f}
	if at.Equal(m.now) {
		t.chain = m.chain + 1
	}
	heap.Push(&m.timers, t)
	return t
}

// Advance moves the clock by d and calls, in the order of their times, what falls due on the
// way, timers that the callbacks set included.
func (m *Manual) Advance(d time.Duration) error {
	if !m.settle() {
		return ErrUnsettled
	}
	m.mu.Lock()
	end := m.now.Add(d)
	m.mu.Unlock()
	for {
		more, err := m.step(end)
		switch {
		case err != nil || !more:
			return err
		case !m.settle():
			return ErrUnsettled
		}
	}
}

// Next returns when the next timer falls due.
func (m *Manual) Next() (at time.Time, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.timers) == 0 {
		return time.Time{}, false
	}
	return m.timers[0].at, true
}

// step goes to the next timer due by end and calls it, or else to end.
func (m *Manual) step(end time.Time) (more bool, err error) {
	m.mu.Lock()
	if len(m.timers) == 0 || m.timers[0].at.After(end) {
		m.goTo(end)
		m.mu.Unlock()
		return false, nil
	}
	if m.timers[0].chain > maxChain {
		m.mu.Unlock()
		return false, ErrEndless
	}
	t := heap.Pop(&m.timers).(*manualTimer)
	m.goTo(t.at)
	m.chain = t.chain
	m.mu.Unlock()
	t.f()
	return true, nil
}

// goTo: m.mu is held.
func (m *Manual) goTo(t time.Time) {
	if t.After(m.now) {
		m.now, m.chain = t, 0
	}
}

func (m *Manual) settle() bool { return m.Settle == nil || m.Settle() }

type manualTimer struct {
	clock *Manual
	at    time.Time
	seq   int
	chain int
	index int // -1 once called or stopped
	f     func()
}

func (t *manualTimer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	if t.index < 0 {
		return false
	}
	heap.Remove(&t.clock.timers, t.index)
	return true
}

// timers is a heap by time, then by age.
type timers []*manualTimer

func (h timers) Len() int { return len(h) }
func (h timers) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].seq < h[j].seq
	}
	return h[i].at.Before(h[j].at)
}
func (h timers) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *timers) Push(x any) {
	t := x.(*manualTimer)
	t.index = len(*h)
	*h = append(*h, t)
}
func (h *timers) Pop() any {
	t := (*h)[len(*h)-1]
	(*h)[len(*h)-1] = nil
	*h = (*h)[:len(*h)-1]
	t.index = -1
	return t
}
