package emulator

// Pauses: an event gives its turn up where user code waits, and takes it again.

import (
	"context"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
)

// runner is the run of user code that a context belongs to: an event of an object, or an
// invocation of the Worker.
type runner interface {
	driver.Event
	pause(p pause) error
	begin(o starter)
}

// pause is a wait in a function.
type pause struct {
	kind driver.PinKind
	at   driver.Place
	// f waits, off the turn.
	f func() error
	// instant is set if f takes no time: the world counts as active meanwhile.
	instant bool
	// outside is set if f waits for something outside the world: see Options.Patience.
	outside bool
	// over, if set, is called when the turn, or a place in its queue, has been taken
	// again. It may be called twice.
	over func()
}

// waitIn runs f off the turn of e. Who hands over a piece of a body waits for the world
// itself, which is active meanwhile.
func waitIn(e runner, kind driver.PinKind, at driver.Place, f func() error) error {
	return e.pause(pause{
		kind: kind, at: at, f: f,
		instant: kind == driver.PinFlush, outside: kind == driver.PinAwait || kind == driver.PinFetch,
	})
}

// Wait gives the turn up while f runs. In f itself, and after the event, it only
// runs f. On an instance that is gone, because what was written before could not
// be committed for example, f does not run.
func (e *event) Wait(_ context.Context, kind driver.PinKind, at driver.Place, f func() error) error {
	return waitIn(e, kind, at, f)
}

// NewSignal makes a signal for WaitFor.
func (e *event) NewSignal() driver.Signal { return e.in.host.NewSignal() }

// mayWait is the error of a wait that must not begin.
func (e *event) mayWait() error {
	if e.in.stale(e) {
		return errStale
	}
	if err := e.overdue(); err != nil {
		return err
	}
	if e.holds {
		return e.in.storage.Waitable()
	}
	return nil
}

// WaitFor gives the turn up until the signal is sent, or ctx ends. Off the turn it only waits.
func (e *event) WaitFor(ctx context.Context, on driver.Signal) error {
	s := on.(*host.Signal)
	defer s.Done()
	if err := e.mayWait(); err != nil {
		return err
	}
	if !e.holds {
		return s.Wait(ctx)
	}
	p := new(place)
	s.OnSend(func() { e.in.reserve(e, p) })
	e.in.mu.Lock()
	e.wakes = s
	e.in.mu.Unlock()
	e.in.release(e)
	e.alarmRun.Waits()
	var err error
	if !e.in.dead.Load() { // else a reset may have come before it could see e.wakes
		err = s.Wait(ctx)
	}
	e.alarmRun.Wakes()
	if gone := e.in.acquire(e, p, s.Done); gone {
		return driver.ErrReset
	}
	if late := e.overdue(); late != nil {
		return late
	}
	return err
}

// pause gives the turn up while p.f runs.
func (e *event) pause(p pause) (err error) {
	e.in.waited(e)
	if err := e.mayWait(); err != nil {
		return err
	}
	if !e.holds {
		if p.over != nil {
			defer p.over()
		}
		return p.f()
	}
	hold := &pin{kind: p.kind, at: p.at}
	e.in.pin(hold)
	h := e.in.host
	h.Activity.Begin() // until f waits, and from when it has returned: between them nobody has the turn
	active, waits := true, host.Wait{}
	over := func() { // also before it waits for the turn, which may wait for time
		if p.over != nil {
			p.over()
		}
		if active {
			active = false
			h.Activity.End()
		}
	}
	e.in.release(e)
	e.alarmRun.Waits()
	// Deferred, so that the turn is taken also before a panic or Goexit of f unwinds.
	defer func() {
		if !active {
			active = waits.End()
		}
		e.alarmRun.Wakes()
		gone := e.in.acquire(e, new(place), over)
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
	if !p.instant {
		active = false
		waits = h.Waits(p.outside)
	}
	return p.f()
}
