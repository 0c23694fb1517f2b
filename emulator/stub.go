package emulator

// https://developers.cloudflare.com/durable-objects/api/stub/

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/v8"
)

// stub is a client of an object. From its first call on it belongs to a life of
// the object, and stays broken when that ends in a reset.
type stub struct {
	o    *object
	id   driver.ID
	life atomic.Pointer[life]
}

func (s *stub) ID() driver.ID { return s.id }

// Fetch sends a request to the object, which gets also what its redirects lead to,
// whatever host they name.
func (s *stub) Fetch(ctx context.Context, r *driver.Request, at driver.Place) (*driver.Response, error) {
	return s.o.ns.w.follow(r, func(r *driver.Request) (*driver.Response, error) { return s.fetch(ctx, r, at) })
}

// fetch sends a request once.
func (s *stub) fetch(ctx context.Context, r *driver.Request, at driver.Place) (*driver.Response, error) {
	body := unbound(r.Body)
	if i, ok := driver.EventOf(ctx).(*invocation); ok && body != nil {
		i.passedOn.Store(true)
	}
	upgrade := isUpgrade(r.Header)
	e := newEvent(s.o.host.NewSignal(), "fetch", func(e *event) {
		inner := *r // the caller's own is changed if it is redirected
		inner.Body = boundRequest(e, body)
		e.answer(e.in.fetch(e, &inner, upgrade))
	})
	if err := s.call(ctx, e, at); err != nil {
		return nil, err
	}
	if err := e.result(); err != nil {
		return nil, s.caught(e, false)
	}
	resp := e.response
	resp.Body = bound(driver.EventOf(ctx), resp.Body)
	if s, ok := socketOf(resp.WebSocket); ok {
		s.takeBack()
	}
	return resp, nil
}

// Call calls an RPC method of the object.
func (s *stub) Call(ctx context.Context, method string, args []driver.Value, at driver.Place) (driver.Value, error) {
	sent, err := transfer(&driver.Array{Elements: args})
	if err != nil {
		return nil, err
	}
	e := newEvent(s.o.host.NewSignal(), method, func(e *event) { e.call(method, sent.(*driver.Array).Elements) })
	if err := s.call(ctx, e, at); err != nil {
		return nil, err
	}
	if err := e.result(); err != nil {
		err := s.caught(e, true)
		if caller, ok := driver.EventOf(ctx).(*event); ok && e.failure == nil {
			err.DurableObjectID = idString(caller.in.id.Bytes) // workerd names who catches it
		}
		return nil, err
	}
	return e.value, nil
}

// call runs an RPC method.
func (e *event) call(method string, args []driver.Value) {
	if reservedMethods[method] {
		e.refuse(driver.TypeError(msgReserved(method)))
		return
	}
	v, err := e.in.obj.Call(e, method, args)
	if errors.Is(err, driver.ErrNoMethod) {
		e.refuse(driver.TypeError(msgNoMethod(method)))
		return
	}
	if err == nil {
		v, err = transfer(v)
	}
	if err != nil {
		e.failed(err)
		return
	}
	e.value = v
}

// refuse is the result of a call that did not reach the class.
func (e *event) refuse(err *driver.Error) {
	e.refused = true
	e.throw(err)
}

// call runs the event in the object and waits for its result.
func (s *stub) call(ctx context.Context, e *event, at driver.Place) error {
	s.life.CompareAndSwap(nil, s.o.connect(s.id))
	if err := s.life.Load().broken.Load(); err != nil {
		again := *err
		return &again
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	p := pause{
		kind: driver.PinStub, at: at, signal: e.done,
		begin: func() { s.o.submit(e) },
		wait: func() error {
			select {
			case <-e.done.Sent():
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		},
	}
	if caller, ok := driver.EventOf(ctx).(pauser); ok {
		return caller.pause(p)
	}
	defer p.end()
	p.start()
	return p.wait()
}

// pauser is an event or an invocation.
type pauser interface{ pause(p pause) error }

// caught is the exception of a failed event as its caller catches it. Over RPC an
// object that broke under the call does not count as remote.
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

// transfer copies a value as RPC does: serialized, and within the limit.
func transfer(v driver.Value) (driver.Value, error) {
	if v == nil {
		v = driver.Undefined{}
	}
	data, err := v8.Encode(v)
	if err != nil {
		return nil, err
	}
	if len(data) > maxRPC {
		return nil, driver.PlainError(msgRPCSize(len(data)))
	}
	return v8.Decode(data)
}

// reservedMethods are the handlers, and a stub's own method.
var reservedMethods = map[string]bool{
	"alarm": true, "webSocketMessage": true, "webSocketClose": true, "webSocketError": true, "dup": true,
}
