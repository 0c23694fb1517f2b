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

// Fetch sends a request to the object.
func (s *stub) Fetch(ctx context.Context, r *driver.Request, at driver.Place) (*driver.Response, error) {
	body := unbound(r.Body)
	upgrade := isUpgrade(r.Header)
	e := newEvent(s.o.ns.w.newSignal(), "fetch", func(e *event) {
		inner := *r
		inner.Body = boundRequest(e, body)
		e.answer(e.in.fetch(e, &inner, upgrade))
	})
	if err := s.call(ctx, e, at); err != nil {
		return nil, err
	}
	resp, _, err := e.result()
	if err != nil {
		return nil, remote(err, nil)
	}
	resp.Body = bound(driver.EventOf(ctx), resp.Body)
	if resp.WebSocket != nil {
		resp.WebSocket.(*view).s.takeBack()
	}
	return resp, nil
}

// Call calls an RPC method of the object.
func (s *stub) Call(ctx context.Context, method string, args []driver.Value, at driver.Place) (driver.Value, error) {
	if reservedMethods[method] {
		return nil, typeError(msgReserved(method))
	}
	sent, err := transfer(&driver.Array{Elements: args})
	if err != nil {
		return nil, err
	}
	e := newEvent(s.o.ns.w.newSignal(), method, func(e *event) {
		v, err := e.in.obj.Call(e, method, sent.(*driver.Array).Elements)
		if errors.Is(err, driver.ErrNoMethod) {
			err = typeError(msgNoMethod(method))
		}
		if err == nil {
			v, err = transfer(v)
		}
		if err != nil {
			e.throw(exception(err))
			return
		}
		e.value = v
	})
	if err := s.call(ctx, e, at); err != nil {
		return nil, err
	}
	_, v, thrown := e.result()
	if thrown != nil {
		return nil, remote(thrown, s)
	}
	return v, nil
}

// call runs the event in the object and waits for its result.
func (s *stub) call(ctx context.Context, e *event, at driver.Place) error {
	s.life.CompareAndSwap(nil, s.o.connect(s.id))
	if err := s.life.Load().broken.Load(); err != nil {
		again := *err
		return &again
	}
	defer e.done.leave()
	run := func() error {
		s.o.submit(e)
		select {
		case <-e.done.c:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if caller := driver.EventOf(ctx); caller != nil {
		return caller.Wait(ctx, driver.PinStub, at, run)
	}
	return run()
}

// remote is an exception of the object as its caller catches it; over RPC, with s.
func remote(err *driver.Error, s *stub) *driver.Error {
	e := *err
	e.Remote, e.Stack = true, ""
	if s != nil {
		e.DurableObjectID = idString(s.id.Bytes)
		if err.DurableObjectReset {
			e.Remote = false
		}
	}
	return &e
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
		return nil, plainError(msgRPCSize(len(data)))
	}
	return v8.Decode(data)
}

// reservedMethods are the handlers, which are not RPC methods.
var reservedMethods = map[string]bool{
	"alarm": true, "webSocketMessage": true, "webSocketClose": true, "webSocketError": true,
}
