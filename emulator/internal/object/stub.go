package object

// https://developers.cloudflare.com/durable-objects/api/stub/

import (
	"context"
	"sync/atomic"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/outbound"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// stub is a client of an object. From its first call on it belongs to one life of the object. A reset
// ends that life, and the stub stays broken.
type stub struct {
	o    *Object
	id   driver.ID
	life atomic.Pointer[life]
}

func (s *stub) ID() driver.ID { return s.id }

// connected connects the stub at its first use. It returns an error if the stub is broken.
func (s *stub) connected() error {
	s.life.CompareAndSwap(nil, s.o.connect(s.id))
	if err := s.life.Load().broken.Load(); err != nil {
		again := *err
		return &again
	}
	return nil
}

// mayStart returns an error if a call must not start.
func (s *stub) mayStart(ctx context.Context) error {
	if e, ok := driver.EventOf(ctx).(*event); ok {
		e.in.waited(e)
		if err := e.mayWait(); err != nil {
			return err
		}
	}
	if err := s.connected(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// beginIn starts an operation where e next gives its turn up. If e is no run of user code it starts
// the operation at once.
func beginIn(e driver.Event, o Starter) {
	if e, ok := e.(Run); ok {
		e.Begin(o)
	} else {
		o.Start()
	}
}

// stubFetch is a request to an object, with the redirects that follow.
type stubFetch struct {
	operation
	outbound.Redirects
	s      *stub
	first  event // the object's event for the request; a redirect needs another one
	caller driver.Event
	done   func(*driver.Response, error)
}

// StartFetch sends a request to the object. Its redirects go to the object too, whatever host they
// name, as in workerd.
func (s *stub) StartFetch(ctx context.Context, r *driver.Request, at driver.Place, done func(*driver.Response, error)) (driver.Operation, error) {
	f := &stubFetch{s: s, caller: driver.EventOf(ctx), done: done}
	if err := f.Redirects.Begin(s.o.host, r); err != nil {
		return nil, err
	}
	if err := s.mayStart(ctx); err != nil {
		return nil, err
	}
	if caller, ok := f.caller.(Run); ok {
		caller.PassesOn(r.Body != nil)
	}
	f.begins(f.caller, driver.PinStub, at)
	beginIn(f.caller, f)
	return f, nil
}

// Start sends the request once.
func (f *stubFetch) Start() {
	inner := *f.Request // a copy: a redirect changes the caller's request
	body, upgrade := unbound(inner.Body), wire.IsUpgrade(inner.Header)
	e := &f.first
	if f.Any() {
		e = new(event)
	}
	e.calledBy(f.caller)
	e.init(f, "fetch", func(e *event) {
		inner.Body = boundRequest(e, body)
		e.fetch(&inner, upgrade)
	})
	f.s.o.submit(e)
}

// completed hands the response to the caller, or follows its redirect.
func (f *stubFetch) completed(e *event) {
	resp, again, err := f.response(e)
	if again {
		if err = f.s.connected(); err == nil {
			f.Start()
			return
		}
	}
	if f.ends() {
		f.done(resp, err)
	} else if err == nil {
		release(resp)
	}
}

func (f *stubFetch) response(e *event) (resp *driver.Response, again bool, err error) {
	if err := e.result(); err != nil {
		return nil, false, f.s.caught(e, false)
	}
	resp = e.response
	socket.TakeBack(resp.WebSocket)
	if again, err = f.Follow(resp); again || err != nil {
		return nil, again, err
	}
	resp.Body = bound(f.caller, resp.Body)
	return resp, false, nil
}

// stubCall is a call of an RPC method.
type stubCall struct {
	operation
	s      *stub
	called event // the object's event for the call
	caller driver.Event
	done   func(driver.Value, error)
}

func (s *stub) StartCall(ctx context.Context, method string, args []driver.Value, at driver.Place, done func(driver.Value, error)) (driver.Operation, error) {
	sent, err := transfer(&driver.Array{Elements: args})
	if err != nil {
		return nil, err
	}
	if err := s.mayStart(ctx); err != nil {
		return nil, err
	}
	c := &stubCall{s: s, caller: driver.EventOf(ctx), done: done}
	c.called.init(c, method, func(e *event) { e.call(method, sent.(*driver.Array).Elements) })
	c.called.calledBy(c.caller)
	c.begins(c.caller, driver.PinStub, at)
	beginIn(c.caller, c)
	return c, nil
}

func (c *stubCall) Start() { c.s.o.submit(&c.called) }

func (c *stubCall) completed(e *event) {
	if !c.ends() {
		return
	}
	if e.result() == nil {
		c.done(e.value, nil)
		return
	}
	err := c.s.caught(e, true)
	if caller, ok := c.caller.(*event); ok && e.failure == nil {
		err.DurableObjectID = idString(caller.in.id.Bytes) // as in workerd it is the id of the catching object
	}
	c.done(nil, err)
}

// caught is the exception of a failed event as its caller catches it. Over RPC the exception of an
// object that was reset during the call is not remote, as in workerd.
func (s *stub) caught(e *event, rpc bool) *driver.Error {
	if e.failure != nil {
		err := *e.failure
		err.Remote = err.Remote && !rpc
		return &err
	}
	err := *e.err
	err.Remote, err.Stack, err.Cause = true, "", nil
	if rpc && !e.refused {
		err.DurableObjectID = idString(s.id.Bytes)
	}
	return &err
}
