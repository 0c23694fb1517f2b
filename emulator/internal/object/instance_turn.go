package object

// The turn of an instance, and the output gate.

import (
	"context"
	"errors"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/clock"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
)

// pass gives the free turn to the next event. It returns an event that has to be
// run by the caller, nil if somebody was resumed or nobody is next. in.mu is held.
func (in *instance) pass() *event {
	t, ok := in.next()
	if !ok {
		in.checkIdle() // while the world still counts as active
	}
	in.setBusy(ok)
	if t.resume != nil {
		close(t.resume)
		return nil
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
		in.settleEnded() // their results leave before what this event begins
		e.beginAll()
	}
	if e.done != nil && len(in.ended) < maxEnded && in.answersWait() {
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

// answersWait reports whether an event is ready behind whose results others may leave.
func (in *instance) answersWait() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.callerReady()
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
// longer when its result is published.
func (in *instance) complete(e *event) {
	in.mu.Lock()
	in.removePin(&e.pin)
	gone := in.gone
	in.mu.Unlock()
	e.ws.Ended()
	e.receives.End(in.life.sockets)
	if !gone { // else breakOff fails the event
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
	if len(in.ended) > 0 && !in.answersWait() {
		in.settleEnded()
	}
	e.beginAll()
	in.mu.Lock()
	defer in.mu.Unlock()
	if next := in.pass(); next != nil {
		in.spawn(next)
	}
}

// arrive takes the place of an event whose wait is over in the queue for the turn.
func (in *instance) arrive(e *event, p *place) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.reserve(e, p) && !in.busy {
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
	if resume := in.enter(e, p); resume != nil {
		in.mu.Unlock()
		counted() // an event in the queue does not count as active: the turn it waits for may wait for time
		<-resume
		in.mu.Lock()
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
		in.o.breakOff(in, err)
		in.storage.AfterReset()
	}
}

// leave lets the frames of this turn go. Those of an instance that is gone are dropped.
func (in *instance) leave() { in.out.Leave(in.dead.Load()) }

// hold lets no other event of the instance have a turn until end is called, by e with
// its turn. What was written before is committed first. If it takes too long the object
// is reset.
func (in *instance) hold(e *event) (end func(), err error) {
	in.flush()
	if in.dead.Load() {
		return nil, driver.ErrReset
	}
	in.mu.Lock()
	unblock := in.block(e)
	in.mu.Unlock()
	e.depth++
	limit := in.limit()
	return func() {
		limit.Stop()
		in.mu.Lock()
		defer in.mu.Unlock()
		e.depth--
		unblock()
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

// holder is the event that has the turn of an instance, and its goroutine.
type holder struct {
	goroutine uint64
	e         *event
}

// held notes that the calling goroutine has the turn for e.
func (in *instance) held(e *event) {
	if e != nil { // nil: a test looks at the storage of an object that sleeps
		in.current.Store(e)
		e.deadline.run(true)
	}
	if in.watch.Foreign != nil {
		in.holder.Store(&holder{stacks.Goroutine(), e})
	}
}

// unheld notes that nobody has it.
func (in *instance) unheld() {
	in.holder.Store(nil)
	in.current.Store(nil)
}

// touched is called where user code touches the object.
func (in *instance) touched() {
	if in.watch.Foreign == nil || in.dead.Load() {
		return
	}
	if h := in.holder.Load(); h == nil || h.goroutine != stacks.Goroutine() {
		in.report(h)
	}
}

// errStale is returned instead of a wait that would hold the whole object up.
var errStale = errors.New("the context belongs to another event than the one that runs here")

// waited is called where user code waits in an event. In a function given to Await
// that only waits.
func (in *instance) waited(e *event) {
	if h := in.runs(); h != nil && (h.e == e) != (h.goroutine == stacks.Goroutine()) {
		in.report(h)
	}
}

// stale reports whether user code waits with the context of another event than the one
// that runs: the turn would not be given up.
func (in *instance) stale(e *event) bool {
	h := in.runs()
	return h != nil && h.e != e && h.goroutine == stacks.Goroutine()
}

// runs is the holder of the turn, nil if there is none or Options.Foreign is not set.
func (in *instance) runs() *holder {
	if in.watch.Foreign == nil || in.dead.Load() {
		return nil
	}
	if h := in.holder.Load(); h != nil && h.e != nil {
		return h
	}
	return nil
}

func (in *instance) report(h *holder) {
	f, ok := stacks.Foreign()
	if !ok {
		return
	}
	o := in.o
	f.Class, f.ID, f.Name = o.class.Class.Name(), idString(o.id), in.id.Name
	f.Stale = h != nil && h.goroutine == stacks.Goroutine()
	if f.Stale {
		f.Handler, f.Away = h.e.handler, false
	} else if h != nil && h.e != nil {
		f.Handler, f.At = h.e.handler, stacks.Where(h.goroutine)
	}
	in.watch.Foreign(f)
}

// heldTurn is the number of the turn that an event has.
func (in *instance) heldTurn() (number uint64, held bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.turn, in.busy && !in.gone
}
