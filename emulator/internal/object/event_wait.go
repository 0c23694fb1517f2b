package object

// Waits of an event: it gives its turn up, and takes it again when the wait is over.

import (
	"context"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
)

// Wait gives the turn up while f runs. Inside f, and after the event, there is no turn to give up,
// and Wait only runs f. If the instance is gone f does not run: the commit of the writes before the
// wait may have failed, for example.
func (e *event) Wait(_ context.Context, kind driver.PinKind, at driver.Place, f func() error) error {
	return WaitIn(e, kind, at, f)
}

// NewSignal makes a signal for WaitFor.
func (e *event) NewSignal() driver.Signal { return e.in.host.NewSignal() }

// WaitFor gives the turn up until the signal is sent or ctx ends.
func (e *event) WaitFor(ctx context.Context, on driver.Signal) error {
	s := on.(*host.Signal)
	defer s.Done()
	if err := e.mayWait(); err != nil {
		return err
	}
	if !e.holds {
		return s.Wait(ctx)
	}
	t := new(ticket)
	s.OnSend(func() { e.in.arrive(e, t) })
	e.in.mu.Lock()
	e.wakes = s
	e.in.mu.Unlock()
	e.in.release(e)
	e.alarmRun.Waits()
	var err error
	if !e.in.dead.Load() { // a reset before e.wakes was set has not sent the signal
		err = s.Wait(ctx)
	}
	e.alarmRun.Wakes()
	if gone := e.in.acquire(e, t, s.Done); gone {
		return driver.ErrReset
	}
	if late := e.overdue(); late != nil {
		return late
	}
	return err
}

func (e *event) keep(p *pin)  { e.in.pin(p) }
func (e *event) letGo(p *pin) { e.in.unpin(p) }

// mayWait returns an error if the event must not wait.
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
	h.Activity.Begin() // while nobody has the turn: until p.F waits, and once it has returned
	active, waits := true, host.Wait{}
	over := func() { // called before the event waits for its turn: the event that has it may wait for time
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
	// Deferred: also a panic or Goexit in p.F must not go on in user code without the turn.
	defer func() {
		if !active {
			active = waits.End()
		}
		e.alarmRun.Wakes()
		gone := e.in.acquire(e, new(ticket), over)
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

// Begin starts an operation where the event next gives its turn up, behind the output gate. An
// event that waits already starts it at once.
func (e *event) Begin(o Starter) {
	if e.holds {
		e.starts = append(e.starts, o)
	} else {
		o.Start()
	}
}

// PassesOn does nothing: the body that matters to the front door is the Worker's.
func (e *event) PassesOn(bool) {}

// beginAll starts the operations of the turn. If the instance is gone it starts none.
func (e *event) beginAll() {
	if !e.in.dead.Load() {
		for _, o := range e.starts {
			o.Start()
		}
	}
	clear(e.starts)
	e.starts = e.starts[:0]
}

// After is setTimeout().
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

// Adopt makes a response of fetch() the event's: its WebSocket pins the object, and a read of its
// body gives the turn up.
func (e *event) Adopt(resp *driver.Response, at driver.Place) error {
	if err := socket.OpenedBy(e.in, resp.WebSocket, at); err != nil {
		return err
	}
	if resp.Body != nil {
		resp.Body = &turnBody{e: e, r: resp.Body, outside: true}
	}
	return nil
}

func (e *event) Network() *socket.Network { return e.in.o.class.Net }

// Receives returns the sockets that the event has asked for messages, and its instance.
func (e *event) Receives() (*socket.Receives, socket.Instance) { return &e.receives, e.in }

// Ask calls ready when an accepted socket has a message.
func (e *event) Ask(s *socket.Socket, at driver.Place, ready func()) (driver.Operation, error) {
	e.in.waited(e)
	if err := e.mayWait(); err != nil {
		return nil, err
	}
	return StartAsking(e, s, at, ready), nil
}
