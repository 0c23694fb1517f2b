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

// Starter is what begins where the turn is given up: behind the output gate, and before
// another event has the turn.
type Starter interface{ Start() }

// operation is something that user code has begun and has not waited for yet. It pins the
// instance that has begun it.
type operation struct {
	pin
	owner *event // nil in a Worker
	over  atomic.Bool
}

// begins makes the operation one of e's, which may be nil.
func (o *operation) begins(e driver.Event, kind driver.PinKind, at driver.Place) {
	if e, ok := e.(*event); ok {
		o.owner, o.kind, o.at = e, kind, at
		e.in.pin(&o.pin)
	}
}

// ends reports whether the result is still wanted, once.
func (o *operation) ends() bool {
	if o.over.Swap(true) {
		return false
	}
	if o.owner != nil {
		o.owner.in.unpin(&o.pin)
	}
	return true
}

// Stop gives the result up.
func (o *operation) Stop() { o.ends() }

// timer is a wait for time: setTimeout.
type timer struct {
	operation
	sleep *host.Sleep
}

// StartTimer begins a timer of e, at once: nobody outside sees it, so that it needs no output gate.
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

// Stop stops the timer.
func (t *timer) Stop() {
	if t.ends() {
		t.sleep.Stop()
	}
}

// fetching is a fetch() that is under way.
type fetching struct {
	operation
	ctx  context.Context
	host *host.Host
	out  *outbound.Client
	e    Run
	r    *driver.Request
	done func(*driver.Response, error)
}

// StartFetch begins a fetch() of e.
func StartFetch(ctx context.Context, h *host.Host, c *outbound.Client, e Run, r *driver.Request, at driver.Place, done func(*driver.Response, error)) driver.Operation {
	f := &fetching{ctx: ctx, host: h, out: c, e: e, r: r, done: done}
	f.begins(e, driver.PinFetch, at)
	e.Begin(f)
	return f
}

// Start sends the request on a goroutine of its own.
func (f *fetching) Start() {
	h := f.host
	h.Activity.Begin()
	waits := h.Waits(true)
	started := h.Go(func() {
		resp, err := f.out.Fetch(f.ctx, f.r)
		if !waits.End() {
			h.Activity.Begin()
		}
		defer h.Activity.End() // the signal that done sends counts by then
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

// release gives a response back that nobody wants any more.
func release(resp *driver.Response) {
	socket.Discard(resp.WebSocket)
	message.Close(resp.Body)
}

// asking is a wait for what an accepted socket receives.
type asking struct {
	operation
	s     *socket.Socket
	ready func()
}

// StartAsking begins a wait of e for a message.
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

// Stop ends the wait.
func (a *asking) Stop() {
	if a.ends() {
		a.s.Forget(a)
	}
}
