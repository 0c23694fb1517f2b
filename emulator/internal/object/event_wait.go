package object

// How an event waits: it begins operations, and gives its turn up until they have ended.

import (
	"context"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
)

// Wait gives the turn up while f runs. In f itself, and after the event, it only
// runs f. On an instance that is gone, because what was written before could not
// be committed for example, f does not run.
func (e *event) Wait(_ context.Context, kind driver.PinKind, at driver.Place, f func() error) error {
	return WaitIn(e, kind, at, f)
}

// NewSignal makes a signal for WaitFor.
func (e *event) NewSignal() driver.Signal { return e.in.host.NewSignal() }

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
	s.OnSend(func() { e.in.arrive(e, p) })
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

// Pause gives the turn up while p.F runs.
func (e *event) Pause(p Wait) (err error) {
	e.in.waited(e)
	if err := e.mayWait(); err != nil {
		return err
	}
	if !e.holds {
		if p.Over != nil {
			defer p.Over()
		}
		return p.F()
	}
	hold := &pin{kind: p.kind, at: p.at}
	e.in.pin(hold)
	h := e.in.host
	h.Activity.Begin() // until f waits, and from when it has returned: between them nobody has the turn
	active, waits := true, host.Wait{}
	over := func() { // also before it waits for the turn, which may wait for time
		if p.Over != nil {
			p.Over()
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
	if !p.Instant {
		active = false
		waits = h.Waits(p.Outside)
	}
	return p.F()
}

// Begin has an operation begin where the event gives its turn up, and at once if it has none.
func (e *event) Begin(o Starter) {
	if e.holds {
		e.starts = append(e.starts, o)
	} else {
		o.Start()
	}
}

// PassesOn is of no interest in an object, which has read its request's body itself.
func (e *event) PassesOn(bool) {}

// beginAll begins what the event has asked for in its turn. An instance that is gone begins nothing.
func (e *event) beginAll() {
	if !e.in.dead.Load() {
		for _, o := range e.starts {
			o.Start()
		}
	}
	clear(e.starts)
	e.starts = e.starts[:0]
}

// After calls f when d of the world's time has passed.
func (e *event) After(d time.Duration, at driver.Place, f func()) driver.Operation {
	e.in.waited(e)
	return StartTimer(e.in.host, e, d, at, f)
}

// StartFetch is the global fetch().
func (e *event) StartFetch(ctx context.Context, r *driver.Request, at driver.Place, done func(*driver.Response, error)) (driver.Operation, error) {
	e.in.waited(e)
	if err := e.mayWait(); err != nil {
		return nil, err
	}
	r.Body = unbound(r.Body)
	return StartFetch(ctx, e.in.host, e.in.o.class.Outbound, e, r, at, done), nil
}

// Adopt makes a fetched response the event's: its WebSocket pins the object, and its body is
// read off the turn.
func (e *event) Adopt(resp *driver.Response, at driver.Place) error {
	if err := socket.OpenedBy(e.in, resp.WebSocket, at); err != nil {
		return err
	}
	if resp.Body != nil {
		resp.Body = &turnBody{e: e, r: resp.Body, outside: true}
	}
	return nil
}

// Network is what sockets of this world share.
func (e *event) Network() *socket.Network { return e.in.o.class.Net }

// Receives are the sockets that the event has asked for messages, and its instance.
func (e *event) Receives() (*socket.Receives, socket.Instance) { return &e.receives, e.in }

// Ask waits for a message of an accepted socket.
func (e *event) Ask(s *socket.Socket, at driver.Place, ready func()) (driver.Operation, error) {
	e.in.waited(e)
	if err := e.mayWait(); err != nil {
		return nil, err
	}
	return StartAsking(e, s, at, ready), nil
}
