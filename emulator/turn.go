package emulator

// Turns: one event at a time of an instance runs user code. It gives its turn up
// where it waits, which is where what it has written is committed and what it
// has sent leaves; it takes the turn again in the order of readiness.
// https://blog.cloudflare.com/durable-objects-easy-fast-correct-choose-three/

import (
	"context"
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/clock"
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

// pass gives the free turn to who is next. It returns an event that has to be
// run by the caller, nil if somebody was resumed or nobody is next. in.mu is held.
func (in *instance) pass() *event {
	t, ok := in.ready.next(in.blocker)
	if !ok {
		in.checkIdle() // while the world still counts as active
	}
	in.setBusy(ok)
	if ok {
		in.turn++
	}
	if t.resume != nil {
		close(t.resume)
		return nil
	}
	if ok {
		in.begun++
	}
	return t.e
}

// setBusy says whether somebody has the turn. in.mu is held.
func (in *instance) setBusy(busy bool) {
	if busy != in.busy {
		in.busy = busy
		if busy {
			in.host.Activity.Begin()
		} else {
			in.host.Activity.End()
		}
	}
}

// finish ends an event that has the turn and returns the next one to run.
func (in *instance) finish(e *event) *event {
	e.released()
	e.holds = false
	in.unheld()
	e.deadline.run(false)
	if e.cancel != nil {
		e.cancel(nil)
	}
	in.flush()
	if len(e.starts) > 0 {
		in.settleEnded() // whose results others may have been told before
		e.beginAll()
	}
	if e.done != nil && len(in.ended) < maxEnded && in.callerReady() {
		in.ended = append(in.ended, e)
	} else {
		in.settleEnded()
		in.complete(e)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.begun--
	if in.gone {
		in.mu.Unlock()
		in.depart() // while the world still counts as active
		in.mu.Lock()
	}
	return in.pass()
}

// maxEnded bounds how many events that have ended wait for those that were ready.
const maxEnded = 64

// callerReady reports whether an event waits for the turn that may have it and that is
// not a function given to waitUntil, for which no answer waits.
func (in *instance) callerReady() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.ContainsFunc(in.ready.list[in.ready.head:], func(t turn) bool {
		return t.e.pin.kind == driver.PinEvent && (in.blocker == nil || t.e == in.blocker)
	})
}

// settleEnded lets the results leave that were kept back behind those who waited for the
// turn. As in workerd, one of these that resets the object takes the results with it.
func (in *instance) settleEnded() {
	for i, e := range in.ended {
		in.complete(e)
		in.ended[i] = nil
	}
	in.ended = in.ended[:0]
}

// complete publishes what an event came to, when it may leave. It is in flight no
// longer when anybody hears of that.
func (in *instance) complete(e *event) {
	in.mu.Lock()
	in.removePin(&e.pin)
	gone := in.gone
	in.mu.Unlock()
	e.ws.Ended()
	e.receives.End(in.life.sockets)
	if !gone { // else who broke it off fails the event
		e.settle()
	}
}

// release gives the turn up in the middle of an event. What the event has asked for is begun
// before another event has the turn, so that it is begun in the order of the events.
func (in *instance) release(e *event) {
	e.released()
	e.holds = false
	in.unheld()
	in.flush()
	e.deadline.run(false)
	e.ws.Dispatched()
	if len(in.ended) > 0 && !in.callerReady() {
		in.settleEnded()
	}
	e.beginAll()
	in.mu.Lock()
	defer in.mu.Unlock()
	if next := in.pass(); next != nil {
		in.spawn(next)
	}
}

// place is where an event that waits stands among those who want the turn. It is taken
// by who ends the wait, so that the order is that in which waits end; guarded by the
// instance's mu.
type place struct {
	taken  bool
	resume chan struct{} // of its turn; nil if it need not wait for that
}

// reserve takes the place of an event whose wait is over.
func (in *instance) reserve(e *event, p *place) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if p.taken { // the wait has ended in another way
		return
	}
	p.taken, p.resume = true, make(chan struct{})
	in.ready.add(turn{e, p.resume})
	if !in.busy {
		if next := in.pass(); next != nil {
			in.spawn(next)
		}
	}
}

// acquire takes the turn again, also on an instance that is gone: its events
// still run one at a time until they have noticed. counted ends what keeps the world
// active until then; it may be called twice.
func (in *instance) acquire(e *event, p *place, counted func()) (gone bool) {
	in.mu.Lock()
	if !p.taken && (in.busy || in.blocker != nil && in.blocker != e) {
		p.resume = make(chan struct{})
		in.ready.add(turn{e, p.resume})
	}
	p.taken = true
	if p.resume != nil {
		in.mu.Unlock()
		counted() // who has the turn counts as active, who waits for it does not
		<-p.resume
		in.mu.Lock()
	} else {
		in.turn++
	}
	in.setBusy(true)
	e.wakes = nil
	gone = in.gone
	in.mu.Unlock()
	counted()
	e.holds = true
	in.held(e)
	return gone
}

// flush is the output gate: what was written in this turn is committed, and only
// then do frames leave. A failed commit resets the object, and only the frames
// that were sent before the first write leave.
//
// What a transaction has written waits for its end; as in workerd, what is sent
// meanwhile does not, except in transactionSync, which is a part of the batch.
func (in *instance) flush() {
	if in.storage.Waitable() != nil {
		return
	}
	err := in.storage.Commit()
	if err != nil {
		in.out.DropUnsafe()
	}
	in.leave()
	if err != nil {
		in.settleEnded() // events that ended before: what they wrote is durable
		in.o.breakOff(in, err)
		in.storage.AfterReset()
	}
}

// leave lets the frames of this turn go. Those of an instance that is gone are dropped.
func (in *instance) leave() { in.out.Leave(in.dead.Load()) }

// block lets no other event of the instance have a turn until end is called, by e with
// its turn. What was written before is committed first. If it takes too long the object
// is reset.
func (in *instance) block(e *event) (end func(), err error) {
	in.flush()
	if in.dead.Load() {
		return nil, driver.ErrReset
	}
	in.mu.Lock()
	before := in.blocker
	in.blocker = e
	e.depth++
	in.mu.Unlock()
	limit := in.limit()
	return func() {
		limit.Stop()
		in.mu.Lock()
		defer in.mu.Unlock()
		e.depth--
		if in.blocker == e { // a reset has let everybody in
			in.blocker = before
		}
	}, nil
}

// limit resets the instance if what blocks it is not over in time.
func (in *instance) limit() clock.Timer {
	return in.host.After(blockTimeout, func() {
		late := driver.PlainError(msgBlockTimeout)
		late.Overloaded = true
		in.o.reset(in, late)
	})
}

// eventIn returns the event of ctx if it belongs to the instance.
func (in *instance) eventIn(ctx context.Context) (*event, error) {
	e, ok := driver.EventOf(ctx).(*event)
	if !ok || e.in != in {
		return nil, driver.ErrNoEvent
	}
	in.waited(e)
	if in.stale(e) {
		return nil, errStale
	}
	return e, nil
}
