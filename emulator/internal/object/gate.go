package object

// Turns: one event at a time of an instance runs user code. It gives its turn up
// where it waits, which is where what it has written is committed and what it
// has sent leaves; it takes the turn again in the order of readiness.
// https://blog.cloudflare.com/durable-objects-easy-fast-correct-choose-three/

import (
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// turn is one who wants the turn: an event that has not begun, or one that goes
// on when resume is closed.
type turn struct {
	e      *event
	resume chan struct{}
}

// turns are those who want the turn, in the order in which they became ready.
type turns struct {
	list []turn
	head int // those before it have had their turn
}

func (q *turns) add(t turn) {
	if q.head > len(q.list)/2 {
		q.list, q.head = slices.Delete(q.list, 0, q.head), 0
	}
	q.list = append(q.list, t)
}

// next removes the first; with of, the first of that event.
func (q *turns) next(of *event) (turn, bool) {
	for i := q.head; i < len(q.list); i++ {
		t := q.list[i]
		if of != nil && t.e != of {
			continue
		}
		if i == q.head {
			q.list[i] = turn{}
			q.head++
		} else {
			q.list = slices.Delete(q.list, i, i+1)
		}
		return t, true
	}
	return turn{}, false
}

// keepResumed drops the events that have not begun.
func (q *turns) keepResumed() {
	q.list = slices.DeleteFunc(q.list[q.head:], func(t turn) bool { return t.resume == nil })
	q.head = 0
}

// place is where an event that waits stands among those who want the turn. It is taken
// by who ends the wait, so that the order is that in which waits end; guarded by the
// instance's mu.
type place struct {
	taken  bool
	resume chan struct{} // of its turn; nil if it need not wait for that
}

// gate gives the turn of an instance. Its instance's mu guards it.
type gate struct {
	busy    bool   // somebody has the turn
	turn    uint64 // its number
	ready   turns
	blocker *event // while it is set only this event may have the turn
	begun   int    // events that have had a turn and have not ended
}

// next gives the free turn away, if somebody is ready who may have it.
func (g *gate) next() (t turn, ok bool) {
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
func (g *gate) reserve(e *event, p *place) bool {
	if p.taken {
		return false
	}
	p.taken, p.resume = true, make(chan struct{})
	g.ready.add(turn{e, p.resume})
	return true
}

// enter takes the turn for an event that goes on if it is free, and else a place. resume
// is closed when the turn has come; it is nil if it has been taken.
func (g *gate) enter(e *event, p *place) (resume chan struct{}) {
	if !p.taken && (g.busy || g.blocker != nil && g.blocker != e) {
		g.reserve(e, p)
	}
	if p.taken = true; p.resume == nil {
		g.turn++
	}
	return p.resume
}

// block lets only e have the turn until unblock is called, also in e's own blocks within.
func (g *gate) block(e *event) (unblock func()) {
	before := g.blocker
	g.blocker = e
	e.depth++
	return func() {
		e.depth--
		if g.blocker == e { // a reset has let everybody in
			g.blocker = before
		}
	}
}

// callerReady reports whether an event waits for the turn that may have it and that is
// not a function given to waitUntil, for which no answer waits.
func (g *gate) callerReady() bool {
	return slices.ContainsFunc(g.ready.list[g.ready.head:], func(t turn) bool {
		return t.e.pin.kind == driver.PinEvent && (g.blocker == nil || t.e == g.blocker)
	})
}
