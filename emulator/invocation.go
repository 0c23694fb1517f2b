package emulator

// https://developers.cloudflare.com/workers/runtime-apis/context/

import (
	"context"
	"errors"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// invocation is one run of the Worker: the context that its handler gets. It
// has no turn; a Worker's invocations run side by side. A client that goes away
// does not end it.
type invocation struct {
	context.Context
	w *World
	// passedOn is set once the Worker has sent a body to somebody: it may be the request's, in whatever the class
	// has wrapped it.
	passedOn atomic.Bool
	gone     *driver.Error          // set when the handler has ended its goroutine, which is run's caller's
	attended func()                 // see Options.Attended; may be nil
	ticket   atomic.Pointer[ticket] // its place in the order until it waits
	returned atomic.Bool            // its handler
}

func (w *World) invoke() *invocation { return &invocation{Context: w.ctx, w: w} }

// Value returns the invocation itself for [driver.EventKey].
func (i *invocation) Value(key any) any {
	if key == (driver.EventKey{}) {
		return i
	}
	return i.Context.Value(key)
}

// Wait runs f.
func (i *invocation) Wait(_ context.Context, kind driver.PinKind, at driver.Place, f func() error) error {
	return waitIn(i, kind, at, f)
}

func (i *invocation) pause(p pause) error {
	defer p.end()
	if p.wait == nil {
		p.start()
		return nil
	}
	var next successor
	if p.signal != nil {
		p.signal.ready = func() { next.arrives(&i.w.order) }
	}
	i.passing(p.start)
	waits := i.w.waits(p.outside)
	defer func() {
		if !waits.end() {
			i.w.activity.change(true)
		}
		i.goesOn(next.get(&i.w.order))
	}()
	return p.wait()
}

// Sleep waits for d of the world's time.
func (i *invocation) Sleep(ctx context.Context, d time.Duration, _ driver.Place) error {
	return i.pause(i.w.sleep(ctx, d, driver.Place{}))
}

// Now is the world's time.
func (i *invocation) Now() time.Time { return i.w.clock.Now() }

// UUID is the world's crypto.randomUUID().
func (i *invocation) UUID() string { return i.w.chance.uuid() }

// Claim does nothing: there is no turn.
func (i *invocation) Claim() {}

// InObject is false.
func (i *invocation) InObject() bool { return false }

// Fetch is the global fetch().
func (i *invocation) Fetch(ctx context.Context, r *driver.Request, _ driver.Place) (*driver.Response, error) {
	if r.Body != nil {
		i.passedOn.Store(true)
	}
	var resp *driver.Response
	err := i.Wait(ctx, driver.PinFetch, driver.Place{}, func() (err error) {
		resp, err = i.w.fetch(ctx, r)
		return err
	})
	return resp, err
}

// WaitUntil runs f beside the invocation; the world's Close waits for it.
func (i *invocation) WaitUntil(f func(ctx context.Context) error, _ driver.Place) {
	i.w.activity.change(true)
	started := i.w.start(func() {
		defer i.w.activity.change(false)
		defer i.w.working("waitUntil")()
		err := error(plainError(msgGoexit))
		defer func() { // also if f ends the goroutine
			if err != nil && !errors.Is(err, context.Canceled) {
				i.w.fault(exception(err))
			}
		}()
		err = caughtPanic(func() error { return f(i) })
	})
	if !started {
		i.w.activity.change(false)
	}
}

// run runs the Worker's fetch handler; a panic is its exception.
func (i *invocation) run(r *driver.Request) (resp *driver.Response, err error) {
	i.w.activity.change(true)
	defer i.w.activity.change(false)
	defer i.passed()
	defer i.returned.Store(true)
	defer i.w.working("fetch")()
	if i.attended != nil {
		i.attended()
	}
	returned := false
	defer func() {
		if p := recover(); p != nil {
			resp, err = nil, panicked(p, debug.Stack())
		} else if !returned {
			i.gone = plainError(msgGoexit)
			i.w.fault(i.gone)
		}
	}()
	if i.w.opts.Worker == nil {
		err = plainError(msgNoFetch)
	} else {
		resp, err = i.w.opts.Worker.Fetch(i, r, i.w.env)
	}
	returned = true
	return resp, err
}

// fault tells the observer of an exception in the Worker.
func (w *World) fault(err *driver.Error) {
	w.emit(Event{Type: EventError, Handler: "worker", Message: uncaught(err), Stack: err.Stack})
}
