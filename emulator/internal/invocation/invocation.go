package invocation

// https://developers.cloudflare.com/workers/runtime-apis/context/

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/arrival"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/object"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
)

// Invocation is one run of the Worker, and the context of its handler. Invocations have no turns: they
// run side by side. One goes on if its client goes away.
type Invocation struct {
	context.Context
	w        *Worker
	passedOn atomic.Bool                    // see PassedOn
	exited   *driver.Error                  // see Exited
	attended func()                         // see Worker.Invoke
	ticket   atomic.Pointer[arrival.Ticket] // the present place in the order; nil while the invocation waits
	returned atomic.Bool                    // the handler has returned
}

// Exited is the exception of a handler that has called runtime.Goexit, else nil.
func (i *Invocation) Exited() *driver.Error { return i.exited }

// PassedOn reports whether the Worker has sent a request with a body. That body may be made of the
// client's, which must stay readable then.
func (i *Invocation) PassedOn() bool { return i.passedOn.Load() }

// PassesOn notes that the Worker sends a request.
func (i *Invocation) PassesOn(body bool) {
	if body {
		i.passedOn.Store(true)
	}
}

// Adopt does nothing: a Worker needs no pin, and has no turn that the read of a body would give up.
func (i *Invocation) Adopt(*driver.Response, driver.Place) error { return nil }

// YieldAfter closes the invocation's ticket when d has passed, unless the timer is stopped. The timer is
// nil without a ticket.
func (i *Invocation) YieldAfter(d time.Duration) *time.Timer {
	if k := i.ticket.Load(); k != nil {
		return time.AfterFunc(d, k.Close)
	}
	return nil
}

// Value returns the invocation itself for [driver.EventKey].
func (i *Invocation) Value(key any) any {
	if key == (driver.EventKey{}) {
		return i
	}
	return i.Context.Value(key)
}

// Wait waits in f.
func (i *Invocation) Wait(_ context.Context, kind driver.PinKind, at driver.Place, f func() error) error {
	return object.WaitIn(i, kind, at, f)
}

// Pause waits in p.F. The invocation counts as active and has a ticket again when it goes on.
func (i *Invocation) Pause(p object.Wait) error {
	if p.Over != nil {
		defer p.Over()
	}
	if p.Instant {
		return p.F()
	}
	i.passed()
	waits := i.w.Host.Waits(p.Outside)
	defer func() {
		if !waits.End() {
			i.w.Host.Activity.Begin()
		}
		i.goesOn(i.w.Order.Take())
	}()
	return p.F()
}

func (i *Invocation) NewSignal() driver.Signal { return i.w.Host.NewSignal() }

// WaitFor waits until the signal is sent or ctx ends. The sender of the signal takes the ticket with
// which the invocation goes on.
func (i *Invocation) WaitFor(ctx context.Context, on driver.Signal) error {
	s := on.(*host.Signal)
	defer s.Done()
	next := new(arrival.Successor)
	s.OnSend(func() { next.Arrives(i.w.Order) })
	i.passed()
	i.w.Host.Activity.End()
	defer func() {
		i.w.Host.Activity.Begin()
		i.goesOn(next.Get(i.w.Order))
	}()
	return s.Wait(ctx)
}

// Begin starts an operation when all tickets before the invocation's are closed. The invocation keeps its
// ticket for operations that follow without a wait.
func (i *Invocation) Begin(o object.Starter) {
	k := i.ticket.Swap(nil)
	if k == nil {
		o.Start()
		return
	}
	k.Await()
	o.Start()
	i.goesOn(k)
}

// After is setTimeout().
func (i *Invocation) After(d time.Duration, at driver.Place, f func()) driver.Operation {
	return object.StartTimer(i.w.Host, i, d, at, f)
}

// passed closes the invocation's ticket, if it has one.
func (i *Invocation) passed() {
	if k := i.ticket.Swap(nil); k != nil {
		k.Close()
	}
}

// goesOn gives the invocation a new ticket. Several goroutines of the Worker may use one invocation: it
// keeps the latest ticket, and none once its handler has returned.
func (i *Invocation) goesOn(k *arrival.Ticket) {
	if before := i.ticket.Swap(k); before != nil {
		before.Close()
	}
	if i.returned.Load() {
		i.passed()
	}
}

func (i *Invocation) Say(level, text string) {
	i.w.Host.Emit(host.Event{Type: host.EventLog, Handler: "worker", Level: level, Message: text})
}

func (i *Invocation) Now() time.Time { return i.w.Host.Now() }

func (i *Invocation) UUID() string { return i.w.Host.Chance.UUID() }

// Claim does nothing: a Worker has no turn.
func (i *Invocation) Claim() {}

func (i *Invocation) InObject() bool { return false }

// StartFetch is the global fetch().
func (i *Invocation) StartFetch(ctx context.Context, r *driver.Request, _ driver.Place, done func(*driver.Response, error)) (driver.Operation, error) {
	i.PassesOn(r.Body != nil)
	return object.StartFetch(ctx, i.w.Host, i.w.Outbound, i, r, driver.Place{}, done), nil
}

// WaitUntil runs f on a goroutine of its own, for which the world's Close waits.
func (i *Invocation) WaitUntil(f func(ctx context.Context) error, _ driver.Place) {
	i.w.Host.GoActive(func() {
		defer i.w.Watch.Works("waitUntil")()
		report := func(err error) {
			if err != nil && !errors.Is(err, context.Canceled) {
				i.w.Fault(driver.Exception(err))
			}
		}
		stacks.Guard(func() { report(f(i)) }, func(_ any, thrown *driver.Error) { report(thrown) })
	})
}

// Fetch runs the Worker's fetch handler. A panic becomes its exception.
func (i *Invocation) Fetch(r *driver.Request) (resp *driver.Response, err error) {
	i.w.Host.Activity.Begin()
	defer i.w.Host.Activity.End()
	defer i.passed()
	defer i.returned.Store(true)
	defer i.w.Watch.Works("fetch")()
	if i.attended != nil {
		i.attended()
	}
	if i.w.Export == nil {
		return nil, driver.PlainError(object.MsgNoFetch)
	}
	stacks.Guard(func() { resp, err = i.w.Export.Fetch(i, r, i.w.Env) }, func(panicked any, thrown *driver.Error) {
		if err = thrown; panicked == nil {
			i.exited = i.w.Fault(thrown)
		}
	})
	return resp, err
}

func (i *Invocation) Network() *socket.Network { return i.w.Network }

// Receives is nil: a function given to waitUntil may receive after the invocation has ended.
func (i *Invocation) Receives() (*socket.Receives, socket.Instance) { return nil, nil }

func (i *Invocation) Ask(s *socket.Socket, at driver.Place, ready func()) (driver.Operation, error) {
	return object.StartAsking(i, s, at, ready), nil
}
