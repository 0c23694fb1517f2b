// Package arrival keeps the order in which requests arrive: a world's Worker calls objects
// in that order, whatever goroutine runs first.
//
// Source: https://developers.cloudflare.com/durable-objects/concepts/what-are-durable-objects/
package arrival

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

const (
	// maxPatience is how long a ticket may hold up those behind it. Only a Worker that
	// blocks past this program (on a mutex, a channel, a client of its own) needs that
	// long, which JavaScript's cannot. Each one that does halves it, down to minPatience,
	// so that a Worker of this kind is not slowed down; a thousand tickets that hold nobody
	// up double it.
	maxPatience = 250 * time.Millisecond
	minPatience = time.Millisecond
	// maxDelays is by what factor that time may be exceeded where timers are late.
	maxDelays = 5
)

// Order lets the invocations of a Worker pass in the order of their tickets. A ticket is
// taken where something arrives: a request, or what an invocation waited for. It is closed
// where the invocation waits next or ends. The zero Order is ready.
type Order struct {
	conns connections

	mu       sync.Mutex // taken after connections.mu
	open     []*Ticket  // from head on, in order; a closed one goes when it is the first
	head     int
	waiting  int       // tickets that somebody awaits
	watching bool      // there is a timer
	watched  *Ticket   // the first when the timer was set
	since    time.Time // when watched was first seen to be the first
	patience time.Duration
	passed   int // tickets since one was closed for holding others up
}

// Ticket is a place in the order.
type Ticket struct {
	order  *Order
	closed bool
	first  chan struct{} // closed when it is the first; nil if nobody awaits that
}

// Take returns the ticket behind all others.
func (o *Order) Take() *Ticket {
	k := &Ticket{order: o}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.head > len(o.open)/2 {
		o.open, o.head = slices.Delete(o.open, 0, o.head), 0
	}
	o.open = append(o.open, k)
	return k
}

// Open is how many tickets may hold others up.
func (o *Order) Open() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.open) - o.head
}

// Await returns when the tickets before this one are closed.
func (k *Ticket) Await() {
	o := k.order
	o.mu.Lock()
	if k.closed || o.open[o.head] == k {
		o.mu.Unlock()
		return
	}
	first := make(chan struct{})
	k.first = first
	o.waiting++
	o.watch()
	o.mu.Unlock()
	<-first
}

// Close gives the place back. A second Close does nothing.
func (k *Ticket) Close() {
	o := k.order
	o.mu.Lock()
	defer o.mu.Unlock()
	o.close(k)
}

// close: o.mu is held.
func (o *Order) close(k *Ticket) {
	if o.passed++; o.passed > 1000 && o.patience > 0 {
		o.patience, o.passed = min(2*o.patience, maxPatience), 0
	}
	k.closed = true
	o.wake(k)
	for o.head < len(o.open) && o.open[o.head].closed {
		o.open[o.head] = nil
		o.head++
	}
	if o.head == len(o.open) {
		o.open, o.head = o.open[:0], 0
		return
	}
	o.wake(o.open[o.head])
}

// wake ends the Await of a ticket. o.mu is held.
func (o *Order) wake(k *Ticket) {
	if k.first != nil {
		close(k.first)
		k.first = nil
		o.waiting--
	}
}

// watch has the first ticket closed if it holds others up for too long. o.mu is held.
func (o *Order) watch() {
	if o.watching {
		return
	}
	o.patience = cmp.Or(o.patience, maxPatience)
	if first := o.open[o.head]; o.watched != first {
		o.watched, o.since = first, time.Now()
	}
	o.watching = true
	begun, patience := time.Now(), o.patience
	time.AfterFunc(patience, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.watching = false
		if o.waiting == 0 {
			o.watched = nil
			return
		}
		now := time.Now()
		if late := o.watched; late == o.open[o.head] && blocks(now.Sub(begun), now.Sub(o.since), patience) {
			o.patience, o.passed = max(o.patience/2, minPatience), 0
			o.close(late)
		}
		if o.waiting > 0 {
			o.watch()
		}
	})
}

// blocks reports whether a ticket that has held others up for some time is one of a Worker
// that blocks. A timer of the patience that took much longer says that the machine is
// busy instead, but it may be so for ever.
func blocks(timer, held, patience time.Duration) bool {
	return timer <= patience+patience/4+minPatience || held >= maxDelays*patience
}

// Successor is the ticket with which an invocation goes on after a wait. The goroutine that ends
// the wait takes it, so that tickets have the order in which waits end and not the one in which
// goroutines wake up. If the wait ends in another way, with its context, the waiter takes it.
type Successor struct {
	taken sync.Once
	k     *Ticket
}

// Arrives takes the ticket. It is called where the wait ends.
func (s *Successor) Arrives(o *Order) { s.taken.Do(func() { s.k = o.Take() }) }

// Get returns the ticket, which the waiter takes itself if nobody has.
func (s *Successor) Get(o *Order) *Ticket {
	s.Arrives(o)
	return s.k
}
