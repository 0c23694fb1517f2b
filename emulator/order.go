package emulator

// First in, first run: the requests of a world, and its invocations that go on after a
// wait, call objects in the order in which they came, whatever goroutine runs first.
// https://developers.cloudflare.com/durable-objects/concepts/what-are-durable-objects/

import (
	"slices"
	"sync"
	"time"
)

const (
	// turnstilePatience is how long a ticket may hold up those behind it. Only a Worker
	// that blocks past this package (on a mutex, a channel, a client of its own) needs
	// that long, which JavaScript's cannot. Each one that does halves it, down to
	// minPatience, so that a Worker of this kind is not slowed down; a thousand tickets
	// that hold nobody up double it.
	turnstilePatience = 250 * time.Millisecond
	minPatience       = time.Millisecond
	// maxDelays is how many times as long it may where timers are late.
	maxDelays = 5
	// bodyPatience is the same while the Worker reads a request's body.
	bodyPatience = 5 * time.Millisecond
)

// turnstile lets the Worker's invocations through in the order of their tickets. A
// ticket is taken where something arrives: a request, or what an invocation waited for.
// It is closed where the invocation waits next or ends.
type turnstile struct {
	mu       sync.Mutex
	open     []*ticket // in order; those that are closed go when they are first
	head     int
	waiting  int       // tickets that somebody waits with
	watching bool      // there is a timer
	watched  *ticket   // the first when it was set
	since    time.Time // when it was first seen to be the first
	patience time.Duration
	passed   int // tickets since one was closed for holding others up
}

// ticket is a place in the order.
type ticket struct {
	t      *turnstile
	closed bool
	first  chan struct{} // closed when it is the first; nil if nobody waits for that
}

func (t *turnstile) take() *ticket {
	k := &ticket{t: t}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.head > len(t.open)/2 {
		t.open, t.head = slices.Delete(t.open, 0, t.head), 0
	}
	t.open = append(t.open, k)
	return k
}

// await returns when the tickets before this one are closed.
func (k *ticket) await() {
	t := k.t
	t.mu.Lock()
	if k.closed || t.open[t.head] == k {
		t.mu.Unlock()
		return
	}
	first := make(chan struct{})
	k.first = first
	t.waiting++
	t.watch()
	t.mu.Unlock()
	<-first
}

func (k *ticket) close() {
	t := k.t
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end(k)
}

// end closes a ticket. t.mu is held.
func (t *turnstile) end(k *ticket) {
	if t.passed++; t.passed > 1000 && t.patience > 0 {
		t.patience, t.passed = min(2*t.patience, turnstilePatience), 0
	}
	k.closed = true
	t.wake(k)
	for t.head < len(t.open) && t.open[t.head].closed {
		t.open[t.head] = nil
		t.head++
	}
	if t.head == len(t.open) {
		t.open, t.head = t.open[:0], 0
		return
	}
	t.wake(t.open[t.head])
}

// wake lets who waits with a ticket go on. t.mu is held.
func (t *turnstile) wake(k *ticket) {
	if k.first != nil {
		close(k.first)
		k.first = nil
		t.waiting--
	}
}

// watch has the first ticket closed if it holds others up for too long. t.mu is held.
func (t *turnstile) watch() {
	if t.watching {
		return
	}
	if t.patience == 0 {
		t.patience = turnstilePatience
	}
	if first := t.open[t.head]; t.watched != first {
		t.watched, t.since = first, time.Now()
	}
	t.watching = true
	begun, patience := time.Now(), t.patience
	time.AfterFunc(patience, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.watching = false
		if t.waiting == 0 {
			t.watched = nil
			return
		}
		now := time.Now()
		if late := t.watched; late == t.open[t.head] && blocks(now.Sub(begun), now.Sub(t.since), patience) {
			t.patience, t.passed = max(t.patience/2, minPatience), 0
			t.end(late)
		}
		if t.waiting > 0 {
			t.watch()
		}
	})
}

// blocks reports whether a ticket that has held others up for some time is one of a Worker
// that blocks. A timer of the patience that took much longer says that the machine is
// busy instead, but it may be so for ever.
func blocks(timer, held, patience time.Duration) bool {
	return timer <= patience+patience/4+minPatience || held >= maxDelays*patience
}

// passing runs what is begun in an invocation in the order of its ticket, with which the
// invocation has come as far as it does without a wait.
func (i *invocation) passing(begin func()) {
	k := i.ticket.Swap(nil)
	if k == nil {
		begin()
		return
	}
	defer k.close()
	k.await()
	begin()
}

// passed closes the invocation's ticket.
func (i *invocation) passed() {
	if k := i.ticket.Swap(nil); k != nil {
		k.close()
	}
}

// goesOn gives the invocation a new ticket. Several goroutines of the Worker may use the
// invocation: it keeps one, and none when its handler has returned.
func (i *invocation) goesOn(k *ticket) {
	if before := i.ticket.Swap(k); before != nil {
		before.close()
	}
	if i.returned.Load() {
		i.passed()
	}
}

// successor is the ticket with which an invocation goes on after a wait. It is taken by
// who ends the wait, or else by who waited.
type successor struct {
	mu   sync.Mutex
	k    *ticket
	over bool // who waited goes on
}

// arrives is called by who ends the wait.
func (s *successor) arrives(t *turnstile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over && s.k == nil {
		s.k = t.take()
	}
}

// get is called by who waited.
func (s *successor) get(t *turnstile) *ticket {
	s.arrives(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	return s.k
}
