package object

// The turn of an instance, and the output gate.

import (
	"context"
	"errors"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/clock"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
)

// pass gives the turn, which is free, to the next event. The caller runs the event that pass returns; nil says
// that the next event has gone on by itself, or that there is none. in.mu is held.
func (in *instance) pass() *event {
	t, ok := in.next()
	if !ok {
		in.checkIdle() // before setBusy: a manual clock must not move before the idle timer is set
	}
	in.setBusy(ok)
	if t.resume != nil {
		close(t.resume)
		return nil
	}
	return t.e
}

// setBusy notes whether an event has the turn, which counts as activity. in.mu is held.
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

// finish ends the event that has the turn and returns the next one to run.
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
		in.settleEnded() // first: the results of earlier events leave before the requests of this one
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
		in.depart() // before pass: a manual clock must not move before the class knows
		in.mu.Lock()
	}
	return in.pass()
}

// maxEnded is how many ended events may wait with their results.
const maxEnded = 64

// answersWait reports whether the results of ended events wait: as in workerd they leave only when no event with
// a caller is ready to run.
func (in *instance) answersWait() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.callerReady()
}

// settleEnded publishes the results that have waited. If one of the events before which they waited has reset the
// object, the results are lost, as in workerd.
func (in *instance) settleEnded() {
	for i, e := range in.ended {
		in.complete(e)
		in.ended[i] = nil
	}
	in.ended = in.ended[:0]
}

// complete publishes the result of an event. Before that it removes the event's pin: a caller that has
// the result must not find the event among the pins.
func (in *instance) complete(e *event) {
	in.mu.Lock()
	in.removePin(&e.pin)
	gone := in.gone
	in.mu.Unlock()
	e.ws.Ended()
	e.receives.End(in.life.sockets)
	if !gone { // else the event is among those that breakOff fails
		e.settle()
	}
}

// release gives the turn up where an event waits. The operations of the turn start before another event has its
// turn, so that requests leave in the order of the events.
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

// arrive queues an event whose wait is over, and gives it the turn if that is free.
func (in *instance) arrive(e *event, t *ticket) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.reserve(e, t) && !in.busy {
		if next := in.pass(); next != nil {
			in.spawn(next)
		}
	}
}

// acquire takes the turn again when a wait is over. It does so also on an instance that is gone, whose events
// still run one at a time until each has noticed. The caller counts as active until acquire calls inactive,
// which may be twice.
func (in *instance) acquire(e *event, t *ticket, inactive func()) (gone bool) {
	in.mu.Lock()
	if resume := in.enter(e, t); resume != nil {
		in.mu.Unlock()
		inactive() // an event in the queue does not count as active: the turn that it waits for may wait for time
		<-resume
		in.mu.Lock()
	}
	in.setBusy(true)
	e.wakes = nil
	gone = in.gone
	in.mu.Unlock()
	inactive()
	e.holds = true
	in.held(e)
	return gone
}

// flush is the output gate: it commits the writes of the turn, and then lets the frames leave. If the commit
// fails, only the frames leave that were sent before the first write, and the object is reset.
//
// The writes of an open transaction are not committed, and as in workerd frames do not wait for them. Only
// transactionSync, which is a part of the turn's batch, holds frames up.
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

// leave sends the frames of the turn. If the instance is gone it drops them.
func (in *instance) leave() { in.out.Leave(in.dead.Load()) }

// hold blocks every other event of the instance until e, with its turn, calls end. It commits the writes so far
// first. If end is not called in time the object is reset.
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

// limit resets the instance unless the timer is stopped in time.
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

// unheld notes that no event has the turn.
func (in *instance) unheld() {
	in.holder.Store(nil)
	in.current.Store(nil)
}

// touched is called where user code uses the object. It reports a goroutine that does not have the turn.
func (in *instance) touched() {
	if in.watch.Foreign == nil || in.dead.Load() {
		return
	}
	if h := in.holder.Load(); h == nil || h.goroutine != stacks.Goroutine() {
		in.report(h)
	}
}

// errStale refuses a wait that would never end: the event of the context is another one, which waits for the
// turn that the caller would not give up.
var errStale = errors.New("the context belongs to another event than the one that runs here")

// waited is called where user code waits with the context of e. It reports a goroutine that has the turn for
// another event, or waits for e without having its turn.
func (in *instance) waited(e *event) {
	if h := in.runs(); h != nil && (h.e == e) != (h.goroutine == stacks.Goroutine()) {
		in.report(h)
	}
}

// stale reports whether the calling goroutine has the turn for another event than e.
func (in *instance) stale(e *event) bool {
	h := in.runs()
	return h != nil && h.e != e && h.goroutine == stacks.Goroutine()
}

// runs returns the holder of the turn. It is nil without one, and without Options.Foreign.
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

// heldTurn returns the number of the present turn, if an event has it.
func (in *instance) heldTurn() (number uint64, held bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.turn, in.busy && !in.gone
}
