package object

// How an object leaves memory.
// https://developers.cloudflare.com/durable-objects/concepts/durable-object-lifecycle/

import (
	"cmp"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
)

// letGo takes an idle instance out of memory. An object with sockets hibernates, one without is
// evicted.
func (o *Object) letGo(in *instance) {
	o.mu.Lock()
	in.mu.Lock()
	if o.inst != in || in.gone || in.busy || len(in.pins) > 0 || o.stopped {
		in.mu.Unlock()
		o.mu.Unlock()
		return
	}
	in.gone = true
	in.dead.Store(true)
	in.mu.Unlock()
	o.inst, o.leaving = nil, true
	o.mu.Unlock()

	in.storage.Close()
	n := in.life.sockets.Hibernate()
	in.cancel(driver.ErrReset)
	end := host.Event{Type: host.EventEvict, Cause: in.began.Load()}
	if n > 0 {
		end.Type, end.Sockets = host.EventHibernate, n
	}
	o.ended.Store(o.emit(end))
	in.depart()
	o.left()
}

// reset breaks the instance for a reason that the class gave: an exception or abort().
func (o *Object) reset(in *instance, err *driver.Error) {
	e := *err
	e.DurableObjectReset = true
	o.breakOff(in, &e)
}

// breakOff ends the instance and the object's life with it. The events fail with err, the sockets are
// dropped with a bare FIN, uncommitted writes are lost, and stubs of that life stay broken.
func (o *Object) breakOff(in *instance, err *driver.Error) {
	e := *err
	e.Remote, e.Stack, e.Cause = false, "", nil
	o.mu.Lock()
	if o.inst != in {
		o.mu.Unlock()
		return
	}
	o.inst, o.leaving = nil, true
	o.life.broken.Store(&e)
	o.life = o.newLife()
	flight := in.refuse()
	o.mu.Unlock()

	in.storage.Discard()
	in.life.sockets.Reset()
	number := o.emit(host.Event{Type: host.EventReset, Cause: cmp.Or(err.Event, in.because()), Message: e.Uncaught(), Stack: err.Stack})
	o.ended.Store(number)
	reported := e
	reported.Event = number
	in.life.broken.Store(&reported)
	remote := reported
	remote.Remote = true
	failAll(flight, &remote)
	in.end()
	o.left()
}

// Shutdown ends the object with its world.
func (o *Object) Shutdown() {
	o.mu.Lock()
	o.stopped = true
	in, flight := o.inst, o.waiting
	o.waiting = nil
	if in != nil {
		flight = append(flight, in.refuse()...)
	}
	sockets := o.life.sockets
	o.mu.Unlock()
	sockets.Shut()
	failAll(flight, driver.PlainError(driver.ConnectionLost))
	if in != nil {
		in.storage.Interrupt()
		in.end()
	}
}

// left is called when an instance has left memory. The events that have waited for that are queued
// before any later one.
func (o *Object) left() {
	o.mu.Lock()
	o.leaving, o.absent = false, o.host.Now()
	waiting := o.waiting
	o.waiting = nil
	refused := waiting[:0]
	for _, e := range waiting {
		if !o.admit(e) {
			refused = append(refused, e)
		}
	}
	o.mu.Unlock()
	failAll(refused, driver.PlainError(driver.ConnectionLost))
}

func failAll(events []*event, err *driver.Error) {
	for _, e := range events {
		e.fail(err)
	}
}

// evict takes the object out of memory although something may pin it.
func (o *Object) evict() {
	o.mu.Lock()
	in := o.inst
	if in == nil || o.stopped {
		o.mu.Unlock()
		return
	}
	o.inst, o.leaving = nil, true
	flight := in.refuse()
	o.mu.Unlock()
	in.storage.Discard()
	n := in.life.sockets.Evict()
	number := o.emit(host.Event{Type: host.EventEvict, Cause: in.began.Load(), Sockets: n})
	o.ended.Store(number)
	failAll(flight, &driver.Error{Name: "Error", Message: driver.ConnectionLost, Remote: true, Retryable: true, Event: number})
	in.end()
	o.left()
}
