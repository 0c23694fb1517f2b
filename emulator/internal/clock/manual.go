package clock

import (
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
	chain  int // the place of what was called last in a chain of timers at this time
	timers Queue[*manualTimer]
}

func NewManual(start time.Time) *Manual { return &Manual{now: start} }

// Now is the time the clock stands at.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// At calls f when the clock comes to t or, if it has, at the next Advance.
func (m *Manual) At(t time.Time, f func()) Timer {
	m.mu.Lock()
	defer m.mu.Unlock()
	timer := &manualTimer{Entry: Entry{Due: t}, clock: m, f: f}
	if !t.After(m.now) {
		timer.Due, timer.chain = m.now, m.chain+1
	}
	m.timers.Add(timer)
	return timer
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

// step goes to the next timer due by end and calls it, or else to end.
func (m *Manual) step(end time.Time) (more bool, err error) {
	m.mu.Lock()
	if m.timers.Len() == 0 || m.timers.First().Due.After(end) {
		m.goTo(end)
		m.mu.Unlock()
		return false, nil
	}
	t := m.timers.First()
	if t.chain > maxChain {
		m.mu.Unlock()
		return false, ErrEndless
	}
	m.timers.Remove(t)
	m.goTo(t.Due)
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
	Entry
	clock *Manual
	chain int
	f     func()
}

func (t *manualTimer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	return t.clock.timers.Remove(t)
}
