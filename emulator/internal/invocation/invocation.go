package invocation

// https://developers.cloudflare.com/workers/runtime-apis/context/

import (
	"context"
	"errors"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/arrival"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/object"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
)

// Invocation is one run of the Worker: the context that its handler gets. It
// has no turn; a Worker's invocations run side by side. A client that goes away
// does not end it.
type Invocation struct {
	context.Context
	w *Worker
	// passedOn is set once the Worker has sent a body to somebody: it may be made of the request's.
	passedOn atomic.Bool
	exited   *driver.Error                  // set when the handler has ended its goroutine
	attended func()                         // called when the request counts as activity; may be nil
	ticket   atomic.Pointer[arrival.Ticket] // its place in the order until it waits
	returned atomic.Bool                    // its handler
}

// Exited is the exception of a handler that has ended its goroutine, nil of any other.
func (i *Invocation) Exited() *driver.Error { return i.exited }

// PassedOn reports whether the Worker has sent a body to somebody.
func (i *Invocation) PassedOn() bool { return i.passedOn.Load() }

// PassesOn notes that the Worker sends something, with a body or not.
func (i *Invocation) PassesOn(body bool) {
	if body {
		i.passedOn.Store(true)
	}
}

// Adopt does nothing: nothing keeps an invocation that a response could, and it has no turn
// off which to read a body.
func (i *Invocation) Adopt(*driver.Response, driver.Place) error { return nil }

// YieldAfter gives the invocation's place in the order back when d has passed. The timer
// is nil if there is no place.
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

// Wait runs f.
func (i *Invocation) Wait(_ context.Context, kind driver.PinKind, at driver.Place, f func() error) error {
	return object.WaitIn(i, kind, at, f)
}

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

// NewSignal makes a signal for WaitFor.
func (i *Invocation) NewSignal() driver.Signal { return i.w.Host.NewSignal() }

// WaitFor waits until the signal is sent or ctx ends.
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

// Begin begins an operation in the order of the invocation's ticket, which is kept for
// those that follow without a wait.
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

// After calls f when d of the world's time has passed.
func (i *Invocation) After(d time.Duration, at driver.Place, f func()) driver.Operation {
	return object.StartTimer(i.w.Host, i, d, at, f)
}

// passed closes the invocation's ticket.
func (i *Invocation) passed() {
	if k := i.ticket.Swap(nil); k != nil {
		k.Close()
	}
}

// goesOn gives the invocation a new ticket. Several goroutines of the Worker may use the
// invocation: it keeps one, and none when its handler has returned.
func (i *Invocation) goesOn(k *arrival.Ticket) {
	if before := i.ticket.Swap(k); before != nil {
		before.Close()
	}
	if i.returned.Load() {
		i.passed()
	}
}

// Say adds a line to the log.
func (i *Invocation) Say(level, text string) {
	i.w.Host.Emit(host.Event{Type: host.EventLog, Handler: "worker", Level: level, Message: text})
}

// Now is the world's time.
func (i *Invocation) Now() time.Time { return i.w.Host.Now() }

// UUID is the world's crypto.randomUUID().
func (i *Invocation) UUID() string { return i.w.Host.Chance.UUID() }

// Claim does nothing: there is no turn.
func (i *Invocation) Claim() {}

// InObject is false.
func (i *Invocation) InObject() bool { return false }

// StartFetch is the global fetch().
func (i *Invocation) StartFetch(ctx context.Context, r *driver.Request, _ driver.Place, done func(*driver.Response, error)) (driver.Operation, error) {
	i.PassesOn(r.Body != nil)
	return object.StartFetch(ctx, i.w.Host, i.w.Outbound, i, r, driver.Place{}, done), nil
}

// WaitUntil runs f beside the invocation; the world's Close waits for it.
func (i *Invocation) WaitUntil(f func(ctx context.Context) error, _ driver.Place) {
	i.w.Host.GoActive(func() {
		defer i.w.Watch.Works("waitUntil")()
		err := error(stacks.Exited())
		defer func() { // also if f ends the goroutine
			if p := recover(); p != nil {
				err = stacks.Panicked(p, debug.Stack())
			}
			if err != nil && !errors.Is(err, context.Canceled) {
				i.w.Fault(driver.Exception(err))
			}
		}()
		err = f(i)
	})
}

// Fetch runs the Worker's fetch handler; a panic is its exception.
func (i *Invocation) Fetch(r *driver.Request) (resp *driver.Response, err error) {
	i.w.Host.Activity.Begin()
	defer i.w.Host.Activity.End()
	defer i.passed()
	defer i.returned.Store(true)
	defer i.w.Watch.Works("fetch")()
	if i.attended != nil {
		i.attended()
	}
	returned := false
	defer func() {
		if p := recover(); p != nil {
			resp, err = nil, stacks.Panicked(p, debug.Stack())
		} else if !returned {
			i.exited = i.w.Fault(stacks.Exited())
		}
	}()
	if i.w.Export == nil {
		err = driver.PlainError(object.MsgNoFetch)
	} else {
		resp, err = i.w.Export.Fetch(i, r, i.w.Env)
	}
	returned = true
	return resp, err
}

// Network is what sockets of this world share.
func (i *Invocation) Network() *socket.Network { return i.w.Network }

// Receives is nil: functions for waitUntil may go on receiving when the invocation has ended.
func (i *Invocation) Receives() (*socket.Receives, socket.Instance) { return nil, nil }

// Ask waits for a message of an accepted socket.
func (i *Invocation) Ask(s *socket.Socket, at driver.Place, ready func()) (driver.Operation, error) {
	return object.StartAsking(i, s, at, ready), nil
}
