package emulator

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
)

// waitIn waits for f. Who hands over a piece of a body waits for the world itself,
// which is active meanwhile.
func waitIn(e pauser, kind driver.PinKind, at driver.Place, f func() error) (err error) {
	if kind != driver.PinFlush {
		outside := kind == driver.PinAwait || kind == driver.PinFetch
		return e.pause(pause{kind: kind, at: at, wait: f, outside: outside})
	}
	if perr := e.pause(pause{kind: kind, at: at, begin: func() { err = f() }}); perr != nil {
		return perr
	}
	return err
}

// pause is one wait of user code.
type pause struct {
	kind driver.PinKind
	at   driver.Place
	// begin starts what is waited for; up to its end the world counts as active.
	begin func()
	// wait waits; without it the wait is over at once.
	wait func() error
	// outside is set if it waits for something outside the world: see Options.Patience.
	outside bool
	// signal is what it waits for, if that is one. A reset sends it.
	signal *host.Signal
	// over is called when who waited has the turn again, or its place among those
	// who want it. It may be called twice.
	over func()
}

func (p *pause) start() {
	if p.begin != nil {
		p.begin()
	}
}

func (p *pause) end() {
	if p.signal != nil {
		p.signal.Done()
	}
	if p.over != nil {
		p.over()
	}
}

// pause gives the turn up, as Wait does.
func (e *event) pause(p pause) (err error) {
	defer p.end()
	if err := e.in.waited(e); err != nil {
		return err
	}
	if err := e.overdue(); err != nil {
		return err
	}
	if !e.holds {
		p.start()
		if p.wait == nil {
			return nil
		}
		return p.wait()
	}
	if e.in.storage.syncDepth > 0 {
		return errSyncWaits
	}
	var next place
	if p.signal != nil {
		p.signal.OnSend(func() { e.in.reserve(e, &next) })
	}
	hold := &pin{kind: p.kind, at: p.at, signal: p.signal}
	e.in.pin(hold)
	h := e.in.host
	h.Activity.Begin()
	active, over, waits := true, p.over, host.Wait{}
	p.over = func() { // also before it waits for the turn, which may wait for time
		if over != nil {
			over()
		}
		if active {
			active = false
			h.Activity.End()
		}
	}
	begun := p.signal != nil
	if begun {
		e.in.release(e, p.start)
	} else {
		e.in.release(e, nil)
	}
	e.alarmRun.Waits()
	// Deferred, so that the turn is taken also before a panic or Goexit of wait unwinds.
	defer func() {
		if !active {
			active = waits.End()
		}
		e.alarmRun.Wakes()
		gone := e.in.acquire(e, &next, &p)
		e.in.unpin(hold)
		if gone {
			err = driver.ErrReset
		} else if late := e.overdue(); late != nil {
			err = late
		}
	}()
	if e.in.dead.Load() {
		return driver.ErrReset
	}
	if !begun {
		p.start()
	}
	if p.wait == nil {
		return nil
	}
	active = false
	waits = h.Waits(p.outside)
	return p.wait()
}
