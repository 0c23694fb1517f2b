package object

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/message"
	"github.com/seed-36a2c969/emu/emulator/internal/outbound"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
)

// Starter is an operation that user code has called for. Start is called where the event gives its
// turn up: after the output gate, and before another event has the turn.
type Starter interface{ Start() }

// pinned is the event of an operation, which pins its instance. Without this interface an operation would
// name the event, and the event names its operations.
type pinned interface {
	keep(p *pin)
	letGo(p *pin)
}

// operation is an asynchronous call of user code that has no result yet: a request, a timer, a
// wait for a message. It pins the instance.
type operation struct {
	pin
	owner pinned // nil in a Worker
	over  atomic.Bool
}

// begins makes the operation one of e, which may be nil, and pins its instance.
func (o *operation) begins(e driver.Event, kind driver.PinKind, at driver.Place) {
	if e, ok := e.(pinned); ok {
		o.owner, o.kind, o.at = e, kind, at
		e.keep(&o.pin)
	}
}

// ends reports whether the operation ends now: it has neither ended before nor been stopped.
func (o *operation) ends() bool {
	if o.over.Swap(true) {
		return false
	}
	if o.owner != nil {
		o.owner.letGo(&o.pin)
	}
	return true
}

// Stop ends the operation without a result.
func (o *operation) Stop() { o.ends() }

// timer is a setTimeout().
type timer struct {
	operation
	sleep *host.Sleep
}

// StartTimer starts a timer of e. It does not wait for the output gate, since nobody outside sees a timer.
func StartTimer(h *host.Host, e Run, d time.Duration, at driver.Place, f func()) driver.Operation {
	t := new(timer)
	t.begins(e, driver.PinSleep, at)
	t.sleep = h.Sleep(d, func() {
		if t.ends() {
			f()
		}
	})
	return t
}

func (t *timer) Stop() {
	if t.ends() {
		t.sleep.Stop()
	}
}

// fetching is a call of the global fetch().
type fetching struct {
	operation
	ctx  context.Context
	host *host.Host
	out  *outbound.Client
	e    Run
	r    *driver.Request
	done func(*driver.Response, error)
}

func StartFetch(ctx context.Context, h *host.Host, c *outbound.Client, e Run, r *driver.Request, at driver.Place, done func(*driver.Response, error)) driver.Operation {
	f := &fetching{ctx: ctx, host: h, out: c, e: e, r: r, done: done}
	f.begins(e, driver.PinFetch, at)
	e.Begin(f)
	return f
}

func (f *fetching) Start() {
	h := f.host
	h.Activity.Begin()
	waits := h.Waits(true)
	started := h.Go(func() {
		resp, err := f.out.Fetch(f.ctx, f.r)
		if !waits.End() {
			h.Activity.Begin()
		}
		defer h.Activity.End() // after f.done: the signal that it sends counts as activity itself
		wanted := f.ends()
		if err == nil && wanted {
			err = f.e.Adopt(resp, f.at)
		}
		switch {
		case wanted:
			f.done(resp, err)
		case err == nil:
			release(resp)
		}
	})
	if !started && waits.End() {
		h.Activity.End()
	}
}

// release closes a response that nobody waits for any more.
func release(resp *driver.Response) {
	socket.Discard(resp.WebSocket)
	message.Close(resp.Body)
}

// asking is a wait for a message of an accepted socket.
type asking struct {
	operation
	s     *socket.Socket
	ready func()
}

func StartAsking(e Run, s *socket.Socket, at driver.Place, ready func()) driver.Operation {
	a := &asking{s: s, ready: ready}
	a.begins(e, driver.PinReceive, at)
	e.Begin(a)
	return a
}

func (a *asking) Start() { a.s.Ask(a) }

// Ready is called by the socket.
func (a *asking) Ready() {
	if a.ends() {
		a.ready()
	}
}

func (a *asking) Stop() {
	if a.ends() {
		a.s.Forget(a)
	}
}
