// Package arrival makes a world's Worker call objects in the order in which its requests arrive.
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
	// maxPatience is how long a ticket may hold up those behind it. Only a Worker that blocks
	// unknown to the emulator (on a mutex, a channel, a client of its own) holds them up for so
	// long; one in JavaScript cannot block. Each such ticket halves the patience, down to
	// minPatience, so that a Worker of this kind is not slowed down. A thousand tickets without
	// one double it.
	maxPatience = 250 * time.Millisecond
	minPatience = time.Millisecond
	// maxDelays is how many times the patience a ticket may hold others up while timers are late.
	maxDelays = 5
)

// Order lets the invocations of a Worker call objects in the order of their tickets. A ticket is
// taken when a request arrives, or when a wait of an invocation ends. It is closed where the
// invocation waits next, or ends. The zero Order is ready.
type Order struct {
	conns connections

	mu       sync.Mutex // taken after connections.mu
	open     []*Ticket  // from head on, in order; a closed one is removed when it is the first
	head     int
	waiting  int       // how many goroutines are in Await
	watching bool      // a timer runs
	watched  *Ticket   // the first ticket when the timer was set
	since    time.Time // when watched was first found to be the first
	patience time.Duration
	passed   int // how many tickets were closed since one held others up for too long
}

// Ticket is a place in the order.
type Ticket struct {
	order  *Order
	closed bool
	first  chan struct{} // closed when the ticket is the first; nil if nobody is in Await
}

// Take returns a new ticket, behind all others.
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

// Open is how many tickets are not closed, or closed behind one that is not.
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

// Close lets the tickets behind this one pass. A second Close does nothing.
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

// watch sets a timer that closes the first ticket if it holds others up for too long. o.mu is held.
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

// blocks reports whether the Worker of a ticket blocks, after the ticket has held others up. If the
// timer, set to the patience, took much longer, the machine is busy instead. That excuse is good for
// maxDelays times the patience.
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
