package object

// Turns: one event of an instance at a time runs user code. Where it waits it gives the turn up:
// there its writes are committed, and then its frames leave. Events take the turn again in the
// order in which their waits ended.
// https://blog.cloudflare.com/durable-objects-easy-fast-correct-choose-three/

import "slices"

// turn is an entry of the queue for the turn: an event that has not begun, if resume is nil, or
// one that goes on when resume is closed.
type turn[E runs] struct {
	e      E
	resume chan struct{}
}

// turns is the queue for the turn, in the order in which events became ready.
type turns[E runs] struct {
	list []turn[E]
	head int // index of the first that waits; the entries before it are used up
}

func (q *turns[E]) add(t turn[E]) {
	if q.head > len(q.list)/2 {
		q.list, q.head = slices.Delete(q.list, 0, q.head), 0
	}
	q.list = append(q.list, t)
}

// next removes the first entry. If of is an event it removes the first of that event.
func (q *turns[E]) next(of E) (turn[E], bool) {
	var anybody E
	for i := q.head; i < len(q.list); i++ {
		t := q.list[i]
		if of != anybody && t.e != of {
			continue
		}
		if i == q.head {
			q.list[i] = turn[E]{}
			q.head++
		} else {
			q.list = slices.Delete(q.list, i, i+1)
		}
		return t, true
	}
	return turn[E]{}, false
}

// keepResumed removes the events that have not begun.
func (q *turns[E]) keepResumed() {
	q.list = slices.DeleteFunc(q.list[q.head:], func(t turn[E]) bool { return t.resume == nil })
	q.head = 0
}

// ticket is the place of a waiting event in the queue for the turn. The goroutine that ends the
// wait takes it, so that events go on in the order in which their waits end; the order in which
// their goroutines wake up is by chance. The instance's mu guards it.
type ticket struct {
	taken  bool
	resume chan struct{} // closed when its turn comes; nil if the turn was free
}

// runs is the type that a gate gives the turn to: *event, and another one in the gate's test.
type runs interface {
	comparable
	// isAnswer reports whether somebody waits for the result, as nobody does for that of a
	// function given to waitUntil.
	isAnswer() bool
}

// gate decides which event of an instance has the turn. The instance's mu guards it.
type gate[E runs] struct {
	busy    bool   // an event has the turn
	turn    uint64 // how many turns there have been
	ready   turns[E]
	blocker E   // if set, no other event may have the turn
	begun   int // how many events have had a turn and have not ended
}

// next gives the turn, which is free, to the first event in the queue that may have it.
func (g *gate[E]) next() (t turn[E], ok bool) {
	t, ok = g.ready.next(g.blocker)
	if !ok {
		return t, false
	}
	g.turn++
	if t.resume == nil {
		g.begun++
	}
	return t, true
}

// reserve queues an event whose wait is over. It reports false if the event is queued or has
// gone on already, as when its context ended before the wait did.
func (g *gate[E]) reserve(e E, t *ticket) bool {
	if t.taken {
		return false
	}
	t.taken, t.resume = true, make(chan struct{})
	g.ready.add(turn[E]{e, t.resume})
	return true
}

// enter takes the turn for an event that goes on, and returns nil. If the turn is not free it
// queues the event instead: the turn has come when resume is closed.
func (g *gate[E]) enter(e E, t *ticket) (resume chan struct{}) {
	if !t.taken && (g.busy || !g.admits(e)) {
		g.reserve(e, t)
	}
	if t.taken = true; t.resume == nil {
		g.turn++
	}
	return t.resume
}

// block lets only e have the turn until unblock is called, also in e's own blocks within.
func (g *gate[E]) block(e E) (unblock func()) {
	before := g.blocker
	g.blocker = e
	return func() {
		if g.blocker == e { // else a reset has ended the block
			g.blocker = before
		}
	}
}

// admits reports whether an event may have the turn.
func (g *gate[E]) admits(e E) bool {
	var nobody E
	return g.blocker == nobody || g.blocker == e
}

// callerReady reports whether an event whose result somebody waits for is in the queue and may
// have the turn.
func (g *gate[E]) callerReady() bool {
	return slices.ContainsFunc(g.ready.list[g.ready.head:], func(t turn[E]) bool {
		return t.e.isAnswer() && g.admits(t.e)
	})
}
