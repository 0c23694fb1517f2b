package object

// Pins keep an instance in memory. Without one it leaves memory after the idle time.
// https://developers.cloudflare.com/durable-objects/concepts/durable-object-lifecycle/

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// addPin adds a pin. in.mu is held.
func (in *instance) addPin(p *pin) {
	p.since = in.host.Now()
	p.index = len(in.pins)
	in.pins = append(in.pins, p)
}

// removePin removes a pin. in.mu is held.
func (in *instance) removePin(p *pin) {
	all := in.pins
	last := len(all) - 1
	all[p.index] = all[last]
	all[p.index].index = p.index
	all[last] = nil
	in.pins = all[:last]
}

func (in *instance) pin(p *pin) {
	in.mu.Lock()
	in.addPin(p)
	in.mu.Unlock()
}

// unpin removes a pin. If it was the last, the idle time begins.
func (in *instance) unpin(p *pin) {
	in.mu.Lock()
	in.removePin(p)
	if !in.busy {
		in.checkIdle()
	}
	in.mu.Unlock()
}

// checkIdle begins the idle time if nothing pins the instance. in.mu is held, and no event has the turn.
func (in *instance) checkIdle() {
	if len(in.pins) > 0 || in.gone {
		return
	}
	in.quiet, in.sampled = in.host.Now(), in.watch.Samples()
	if in.idle == nil {
		in.idle = in.host.At(in.quiet.Add(idleTime), in.idleOver)
	}
}

// idleOver is called by the idle timer. Events do not stop that timer, which would cost each of them a
// system call: an event may have run meanwhile, so that idleOver may have to wait for the rest.
func (in *instance) idleOver() {
	since, over := in.rest()
	if !over {
		return
	}
	if at, left := in.watch.LeftBehind(in.label, since); left {
		p := &pin{kind: driver.PinGoroutine, at: at}
		in.pin(p)
		in.unpinWhenEnded(p)
		return
	}
	in.o.letGo(in)
}

// rest reports whether the idle time is over, and the number of the latest sample when it began. If only a
// part of the time is over rest sets the timer for the rest.
func (in *instance) rest() (since uint64, over bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.idle = nil
	if in.busy || len(in.pins) > 0 || in.gone {
		return 0, false
	}
	if over := in.quiet.Add(idleTime); in.host.Now().Before(over) {
		in.idle = in.host.At(over, in.idleOver)
		return 0, false
	}
	return in.sampled, true
}

// unpinWhenEnded removes the pin of a goroutine once that has ended. It looks after each idle time.
func (in *instance) unpinWhenEnded(p *pin) {
	in.host.After(idleTime, func() {
		if in.dead.Load() {
			return
		}
		at, left := in.watch.LeftBehind(in.label, in.watch.Samples())
		if !left {
			in.unpin(p)
			return
		}
		in.mu.Lock()
		p.at = at
		in.mu.Unlock()
		in.unpinWhenEnded(p)
	})
}

// stopIdle stops the idle timer. It reports whether the instance may leave memory.
func (in *instance) stopIdle() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.idle != nil {
		in.idle.Stop()
		in.idle = nil
	}
	return !in.gone && !in.busy
}
