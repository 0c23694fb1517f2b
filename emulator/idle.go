package emulator

// https://developers.cloudflare.com/durable-objects/concepts/durable-object-lifecycle/

import "github.com/seed-36a2c969/emu/emulator/durable/driver"

// checkIdle starts the idle time if nothing pins the instance. in.mu is held and
// nobody has the turn.
func (in *instance) checkIdle() {
	if len(in.pins.all) > 0 || in.gone {
		return
	}
	in.quiet = in.o.ns.w.clock.Now()
	if in.idle == nil {
		in.idle = in.o.ns.w.clock.AfterFunc(idleTime, in.idleOver)
	}
}

// idleOver is called by the idle timer, which is not stopped by events: it
// looks whether the time since the last one is over, and else waits for the rest.
func (in *instance) idleOver() {
	w := in.o.ns.w
	if !w.enter() {
		return
	}
	defer w.running.Done()
	if !in.rest() {
		return
	}
	if left := w.samples.leftBehind(in); left != nil {
		in.pinGoroutine(left)
		return
	}
	in.o.letGo(in)
}

// rest reports whether the idle time is over; if it is not and nothing pins the
// instance, the timer is set for what is left.
func (in *instance) rest() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.idle = nil
	if in.busy || len(in.pins.all) > 0 || in.gone {
		return false
	}
	clock := in.o.ns.w.clock
	if left := idleTime - clock.Now().Sub(in.quiet); left > 0 {
		in.idle = clock.AfterFunc(left, in.idleOver)
		return false
	}
	return true
}

// pinGoroutine pins the instance with a goroutine that its class left running,
// and looks again after the idle time.
func (in *instance) pinGoroutine(p *pin) {
	in.pin(p)
	clock := in.o.ns.w.clock
	clock.AfterFunc(idleTime, func() {
		if !in.o.ns.w.enter() {
			return
		}
		defer in.o.ns.w.running.Done()
		if left := in.o.ns.w.samples.leftBehind(in); left != nil {
			left.since = p.since
			in.mu.Lock()
			in.removePin(p)
			in.mu.Unlock()
			in.pinGoroutine(left)
			return
		}
		in.unpin(p)
	})
}

// letGo takes an idle instance out of memory: with sockets the object
// hibernates, without it is evicted.
func (o *object) letGo(in *instance) {
	o.mu.Lock()
	in.mu.Lock()
	if o.inst != in || in.gone || in.busy || len(in.pins.all) > 0 || o.stopped {
		in.mu.Unlock()
		o.mu.Unlock()
		return
	}
	in.gone = true
	in.dead.Store(true)
	in.mu.Unlock()
	o.inst, o.leaving = nil, true
	o.mu.Unlock()

	in.storage.close()
	n := o.sockets.hibernate()
	in.cancel(driver.ErrReset)
	if n > 0 {
		o.emit(Event{Type: EventHibernate, Sockets: n})
	} else {
		o.emit(Event{Type: EventEvict})
	}
	o.left()
}
