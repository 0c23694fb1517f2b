package emulator

// Turns: one event at a time of an instance runs user code. It gives its turn up
// where it waits, which is where what it has written is committed and what it
// has sent leaves; it takes the turn again in the order of readiness.
// https://blog.cloudflare.com/durable-objects-easy-fast-correct-choose-three/

import (
	"context"
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// turn is one who wants the turn: an event that has not begun, or one that goes
// on when resume is closed.
type turn struct {
	e      *event
	resume chan struct{}
}

// pass gives the free turn to who is next. It returns an event that has to be
// run by the caller, nil if somebody was resumed or nobody is next. in.mu is held.
func (in *instance) pass() *event {
	for i, t := range in.ready {
		if in.blocker != nil && t.e != in.blocker {
			continue
		}
		in.setBusy(true)
		in.ready = slices.Delete(in.ready, i, i+1)
		if t.resume != nil {
			close(t.resume)
			return nil
		}
		return t.e
	}
	in.checkIdle() // while the world still counts as active
	in.setBusy(false)
	return nil
}

// setBusy says whether somebody has the turn. in.mu is held.
func (in *instance) setBusy(busy bool) {
	if busy != in.busy {
		in.busy = busy
		in.o.ns.w.activity.change(busy)
	}
}

// finish ends an event that has the turn and returns the next one to run.
func (in *instance) finish(e *event) *event {
	e.released()
	e.holds = false
	in.flush()
	e.dispatched()
	e.stopReceiving()
	e.settle()
	in.mu.Lock()
	defer in.mu.Unlock()
	in.removePin(&e.pin)
	return in.pass()
}

// release gives the turn up in the middle of an event.
func (in *instance) release(e *event) {
	e.released()
	e.holds = false
	in.flush()
	e.dispatched()
	in.mu.Lock()
	defer in.mu.Unlock()
	if next := in.pass(); next != nil {
		in.spawn(next)
	}
}

// acquire takes the turn again, also on an instance that is gone: its events
// still run one at a time until they have noticed.
func (in *instance) acquire(e *event) error {
	in.mu.Lock()
	if in.busy || (in.blocker != nil && in.blocker != e) {
		t := turn{e, make(chan struct{})}
		in.ready = append(in.ready, t)
		in.mu.Unlock()
		<-t.resume
		in.mu.Lock()
	}
	in.setBusy(true)
	gone := in.gone
	in.mu.Unlock()
	e.holds = true
	if gone {
		return driver.ErrReset
	}
	return nil
}

// flush is the output gate: what was written in this turn is committed, and only
// then do frames leave, one write for each socket. A failed commit resets the object.
func (in *instance) flush() {
	if in.storage.held() && !in.dead.Load() {
		return // what a transaction wrote is not sure yet
	}
	err := in.storage.commit()
	if in.dead.Load() {
		for _, s := range in.dirty {
			s.dropAll()
		}
	} else if err != nil {
		for _, s := range in.dirty {
			s.dropUnsafe()
		}
	}
	for i, s := range in.dirty {
		s.flush()
		in.dirty[i] = nil
	}
	in.dirty = in.dirty[:0]
	if err != nil {
		in.o.reset(in, err)
	}
}

// block runs f while no other event has a turn.
func (in *instance) block(e *event, f func() error) error {
	in.mu.Lock()
	before := in.blocker
	in.blocker = e
	e.depth++
	in.mu.Unlock()
	defer func() {
		in.mu.Lock()
		e.depth--
		if in.blocker == e {
			in.blocker = before
		}
		in.mu.Unlock()
	}()
	return f()
}

// eventIn returns the event of ctx if it belongs to the instance.
func (in *instance) eventIn(ctx context.Context) (*event, error) {
	e, ok := driver.EventOf(ctx).(*event)
	if !ok || e.in != in {
		return nil, driver.ErrNoEvent
	}
	return e, nil
}
