package emulator

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

// invocation is one run of the Worker: the context that its handler gets. It
// has no turn; a Worker's invocations run side by side. A client that goes away
// does not end it.
type invocation struct {
	context.Context
	w *worker
	// passedOn is set once the Worker has sent a body to somebody: it may be the request's, in whatever the class
	// has wrapped it.
	passedOn atomic.Bool
	exited   *driver.Error                  // set when the handler has ended its goroutine
	attended func()                         // see Options.Attended; may be nil
	ticket   atomic.Pointer[arrival.Ticket] // its place in the order until it waits
	returned atomic.Bool                    // its handler
}

// Exited is the exception of a handler that has ended its goroutine, nil of any other.
func (i *invocation) Exited() *driver.Error { return i.exited }

// PassedOn reports whether the Worker has sent a body to somebody.
func (i *invocation) PassedOn() bool { return i.passedOn.Load() }

// PassesOn notes that the Worker sends something, with a body or not.
func (i *invocation) PassesOn(body bool) {
	if body {
		i.passedOn.Store(true)
	}
}

// Owns does nothing: nothing keeps an invocation that a response could, and it has no turn
// off which to read a body.
func (i *invocation) Owns(*driver.Response, driver.Place) error { return nil }

// YieldAfter gives the invocation's place in the order back when d has passed. The timer
// is nil if there is no place.
func (i *invocation) YieldAfter(d time.Duration) *time.Timer {
	if k := i.ticket.Load(); k != nil {
		return time.AfterFunc(d, k.Close)
	}
	return nil
}

// Value returns the invocation itself for [driver.EventKey].
func (i *invocation) Value(key any) any {
	if key == (driver.EventKey{}) {
		return i
	}
	return i.Context.Value(key)
}

// Wait runs f.
func (i *invocation) Wait(_ context.Context, kind driver.PinKind, at driver.Place, f func() error) error {
	return object.WaitIn(i, kind, at, f)
}

func (i *invocation) Pause(p object.Wait) error {
	if p.Over != nil {
		defer p.Over()
	}
	if p.Instant {
		return p.F()
	}
	i.passed()
	waits := i.w.host.Waits(p.Outside)
	defer func() {
		if !waits.End() {
			i.w.host.Activity.Begin()
		}
		i.goesOn(i.w.order.Take())
	}()
	return p.F()
}

// NewSignal makes a signal for WaitFor.
func (i *invocation) NewSignal() driver.Signal { return i.w.host.NewSignal() }

// WaitFor waits until the signal is sent or ctx ends.
func (i *invocation) WaitFor(ctx context.Context, on driver.Signal) error {
	s := on.(*host.Signal)
	defer s.Done()
	next := new(arrival.Successor)
	s.OnSend(func() { next.Arrives(i.w.order) })
	i.passed()
	i.w.host.Activity.End()
	defer func() {
		i.w.host.Activity.Begin()
		i.goesOn(next.Get(i.w.order))
	}()
	return s.Wait(ctx)
}

// Begin begins an operation in the order of the invocation's ticket, which is kept for
// those that follow without a wait.
func (i *invocation) Begin(o object.Starter) {
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
func (i *invocation) After(d time.Duration, at driver.Place, f func()) driver.Operation {
	return object.StartTimer(i.w.host, i, d, at, f)
}

// passed closes the invocation's ticket.
func (i *invocation) passed() {
	if k := i.ticket.Swap(nil); k != nil {
		k.Close()
	}
}

// goesOn gives the invocation a new ticket. Several goroutines of the Worker may use the
// invocation: it keeps one, and none when its handler has returned.
func (i *invocation) goesOn(k *arrival.Ticket) {
	if before := i.ticket.Swap(k); before != nil {
		before.Close()
	}
	if i.returned.Load() {
		i.passed()
	}
}

// Say adds a line to the log.
func (i *invocation) Say(level, text string) {
	i.w.host.Emit(host.Event{Type: host.EventLog, Handler: "worker", Level: level, Message: text})
}

// Now is the world's time.
func (i *invocation) Now() time.Time { return i.w.host.Now() }

// UUID is the world's crypto.randomUUID().
func (i *invocation) UUID() string { return i.w.host.Chance.UUID() }

// Claim does nothing: there is no turn.
func (i *invocation) Claim() {}

// InObject is false.
func (i *invocation) InObject() bool { return false }

// StartFetch is the global fetch().
func (i *invocation) StartFetch(ctx context.Context, r *driver.Request, _ driver.Place, done func(*driver.Response, error)) (driver.Operation, error) {
	i.PassesOn(r.Body != nil)
	return object.StartFetch(ctx, i.w.host, i.w.outbound, i, r, driver.Place{}, done), nil
}

// WaitUntil runs f beside the invocation; the world's Close waits for it.
func (i *invocation) WaitUntil(f func(ctx context.Context) error, _ driver.Place) {
	i.w.host.Activity.Begin()
	started := i.w.host.Go(func() {
		defer i.w.host.Activity.End()
		defer i.w.watch.Works("waitUntil")()
		err := error(stacks.Exited())
		defer func() { // also if f ends the goroutine
			if err != nil && !errors.Is(err, context.Canceled) {
				i.w.fault(driver.Exception(err))
			}
		}()
		err = stacks.Caught(func() error { return f(i) })
	})
	if !started {
		i.w.host.Activity.End()
	}
}

// Fetch runs the Worker's fetch handler; a panic is its exception.
func (i *invocation) Fetch(r *driver.Request) (resp *driver.Response, err error) {
	i.w.host.Activity.Begin()
	defer i.w.host.Activity.End()
	defer i.passed()
	defer i.returned.Store(true)
	defer i.w.watch.Works("fetch")()
	if i.attended != nil {
		i.attended()
	}
	returned := false
	defer func() {
		if p := recover(); p != nil {
			resp, err = nil, stacks.Panicked(p, debug.Stack())
		} else if !returned {
			i.exited = stacks.Exited()
			i.w.fault(i.exited)
		}
	}()
	if i.w.export == nil {
		err = driver.PlainError(object.MsgNoFetch)
	} else {
		resp, err = i.w.export.Fetch(i, r, i.w.env)
	}
	returned = true
	return resp, err
}

// Network is what sockets of this world share.
func (i *invocation) Network() *socket.Network { return i.w.net }

// Receives is nil: functions for waitUntil may go on receiving when the invocation has ended.
func (i *invocation) Receives() (*socket.Receives, socket.Instance) { return nil, nil }

// Ask waits for a message of an accepted socket.
func (i *invocation) Ask(s *socket.Socket, at driver.Place, ready func()) (driver.Operation, error) {
	return object.StartAsking(i, s, at, ready), nil
}
