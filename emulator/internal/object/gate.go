package object

// Turns: one event at a time of an instance runs user code. It gives its turn up
// where it waits, which is where what it has written is committed and what it
// has sent leaves; it takes the turn again in the order of readiness.
// https://blog.cloudflare.com/durable-objects-easy-fast-correct-choose-three/

import "slices"

// turn is a place in the queue for the turn: of an event that has not begun, or of one that
// goes on when resume is closed.
type turn[E runs] struct {
	e      E
	resume chan struct{}
}

// turns is the queue for the turn, in the order in which events became ready.
type turns[E runs] struct {
	list []turn[E]
	head int // those before it have had their turn
}

func (q *turns[E]) add(t turn[E]) {
	if q.head > len(q.list)/2 {
		q.list, q.head = slices.Delete(q.list, 0, q.head), 0
	}
	q.list = append(q.list, t)
}

// next removes the first; with of, the first of that event.
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

// keepResumed drops the events that have not begun.
func (q *turns[E]) keepResumed() {
	q.list = slices.DeleteFunc(q.list[q.head:], func(t turn[E]) bool { return t.resume == nil })
	q.head = 0
}

// place is the place of a waiting event in the queue for the turn. The goroutine that ends
// the wait takes it, so that the order is that in which waits end, and not that in which
// goroutines happen to wake up. The instance's mu guards it.
type place struct {
	taken  bool
	resume chan struct{} // of its turn; nil if it need not wait for that
}

// runs is what a gate gives the turn to: an event.
type runs interface {
	comparable
	// isAnswer reports whether somebody waits for its result; a function given to
	// waitUntil has none.
	isAnswer() bool
}

// gate gives the turn of an instance. Its instance's mu guards it.
type gate[E runs] struct {
	busy    bool   // somebody has the turn
	turn    uint64 // its number
	ready   turns[E]
	blocker E   // while it is set only this event may have the turn
	begun   int // events that have had a turn and have not ended
}

// next gives the free turn to the first event in the queue that may have it.
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

// reserve takes the place of an event whose wait is over. It reports false if the wait has
// ended in another way before.
func (g *gate[E]) reserve(e E, p *place) bool {
	if p.taken {
		return false
	}
	p.taken, p.resume = true, make(chan struct{})
	g.ready.add(turn[E]{e, p.resume})
	return true
}

// enter takes the turn for an event that goes on if it is free, and else a place. resume
// is closed when the turn has come; it is nil if it has been taken.
func (g *gate[E]) enter(e E, p *place) (resume chan struct{}) {
	if !p.taken && (g.busy || !g.admits(e)) {
		g.reserve(e, p)
	}
	if p.taken = true; p.resume == nil {
		g.turn++
	}
	return p.resume
}

// block lets only e have the turn until unblock is called, also in e's own blocks within.
func (g *gate[E]) block(e E) (unblock func()) {
	before := g.blocker
	g.blocker = e
	return func() {
		if g.blocker == e { // a reset has let everybody in
			g.blocker = before
		}
	}
}

// admits reports whether an event may have the turn.
func (g *gate[E]) admits(e E) bool {
	var nobody E
	return g.blocker == nobody || g.blocker == e
}

// callerReady reports whether an event waits for the turn that may have it and that is
// not a function given to waitUntil, for which no answer waits.
func (g *gate[E]) callerReady() bool {
	return slices.ContainsFunc(g.ready.list[g.ready.head:], func(t turn[E]) bool {
		return t.e.isAnswer() && g.admits(t.e)
	})
}
