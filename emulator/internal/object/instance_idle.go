package object

// What keeps an instance in memory, and how long it stays without that.
// https://developers.cloudflare.com/durable-objects/concepts/durable-object-lifecycle/

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// addPin and removePin: in.mu is held.
func (in *instance) addPin(p *pin) {
	p.since = in.host.Now()
	p.index = len(in.pins)
	in.pins = append(in.pins, p)
}

func (in *instance) removePin(p *pin) {
	all := in.pins
	last := len(all) - 1
	all[p.index] = all[last]
	all[p.index].index = p.index
	all[last] = nil
	in.pins = all[:last]
}

// pin adds a pin to the instance.
func (in *instance) pin(p *pin) {
	in.mu.Lock()
	in.addPin(p)
	in.mu.Unlock()
}

// unpin removes it, from where the idle time counts if it was the last.
func (in *instance) unpin(p *pin) {
	in.mu.Lock()
	in.removePin(p)
	if !in.busy {
		in.checkIdle()
	}
	in.mu.Unlock()
}

// checkIdle starts the idle time if nothing pins the instance. in.mu is held and
// nobody has the turn.
func (in *instance) checkIdle() {
	if len(in.pins) > 0 || in.gone {
		return
	}
	in.quiet, in.sampled = in.host.Now(), in.watch.Samples()
	if in.idle == nil {
		in.idle = in.host.At(in.quiet.Add(idleTime), in.idleOver)
	}
}

// idleOver is called by the idle timer, which is not stopped by events: it
// looks whether the time since the last one is over, and else waits for the rest.
func (in *instance) idleOver() {
	since, over := in.rest()
	if !over {
		return
	}
	if at, left := in.watch.LeftBehind(in.label, since); left {
		in.pinGoroutine(&pin{kind: driver.PinGoroutine, at: at})
		return
	}
	in.o.letGo(in)
}

// rest reports whether the idle time is over, and which sample was the latest when
// it began; if it is not and nothing pins the
// instance, the timer is set for what is left.
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

// pinGoroutine pins the instance with a goroutine that its class left running, for as
// long as it runs.
func (in *instance) pinGoroutine(p *pin) {
	in.pin(p)
	in.unpinWhenEnded(p)
}

// unpinWhenEnded looks after each idle time whether the goroutine has ended.
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

// stopIdle stops the idle timer; false if nothing may be let go.
func (in *instance) stopIdle() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.idle != nil {
		in.idle.Stop()
		in.idle = nil
	}
	return !in.gone && !in.busy
}
