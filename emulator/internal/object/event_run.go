package object

// The handlers that events run.
// https://developers.cloudflare.com/durable-objects/api/base/

import (
	"context"
	"errors"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/alarms"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/message"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
)

// fetch runs the class's fetch handler.
func (e *event) fetch(r *driver.Request, upgrade bool) {
	resp, err := e.respond(r, upgrade)
	if err != nil {
		e.failed(err)
		return
	}
	e.response = resp
}

// respond returns the response of the class's fetch handler, ready for its caller.
func (e *event) respond(r *driver.Request, upgrade bool) (*driver.Response, error) {
	in := e.in
	if !in.handles(driver.HandlesFetch) {
		return nil, driver.PlainError(MsgNoFetch)
	}
	resp, err := in.obj.Fetch(e, r)
	if err != nil {
		return nil, err
	}
	if err := message.CheckResponse(resp, upgrade); err != nil {
		return nil, err
	}
	out := *resp
	if resp.WebSocket != nil {
		s, err := socket.GiveAway(resp.WebSocket)
		if err != nil {
			e.fault(err)
			out.WebSocket = s.View()
		} else if err := s.Other().ReturnedBy(in); err != nil {
			return nil, err
		}
	}
	out.Body = message.Unbound(resp.Body)
	if out.Body != nil {
		out.Body = &Body{in: in, Reader: out.Body}
	}
	return &out, nil
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

// refuse makes an exception the result of a call that does not reach the class. It is not logged.
func (e *event) refuse(err *driver.Error) {
	e.refused = true
	e.throw(err)
}

func (e *event) webSocketMessage() {
	v, answered := e.ws.Begin(e.in)
	if !answered && e.in.handles(driver.HandlesWebSocketMessage) {
		e.handle(func() error { return e.in.obj.WebSocketMessage(e, v, e.ws.Message) })
	}
}

// webSocketEnd runs webSocketClose or webSocketError.
func (e *event) webSocketEnd() {
	v, _ := e.ws.Begin(e.in)
	e.onRelease = func() { e.ws.Released(e.in) }
	switch c := e.ws.Closed; {
	case c != nil && e.in.handles(driver.HandlesWebSocketClose):
		e.handle(func() error { return e.in.obj.WebSocketClose(e, v, c.Code, c.Reason, c.WasClean) })
	case c == nil && e.in.handles(driver.HandlesWebSocketError):
		e.handle(func() error { return e.in.obj.WebSocketError(e, v, e.ws.Err) })
	}
}

// handle runs a WebSocket handler within the event timeout. Its exception is only logged: nobody
// waits for the result.
func (e *event) handle(f func() error) {
	o := e.in.o
	if limit := e.in.life.sockets.EventTimeout(); limit > 0 {
		d := &deadline{running: true, late: func() {
			e.fault(driver.PlainError(msgEventTimeout))
			e.in.storage.Expire(errOverdue())
		}}
		e.limit(d)
		d.timer = o.host.Clock.At(o.host.Now().Add(limit), d.pass)
		defer d.end()
	}
	err := f()
	var over *driver.Error // the handler's error after the timeout only says that its context ended
	if err != nil && !e.in.over(err) && !errors.As(context.Cause(e), &over) {
		e.fault(driver.Exception(err))
	}
}

// alarm runs the class's alarm handler.
func (e *event) alarm(run *alarms.Run) {
	run.Begin()
	in := e.in
	due, err := in.storage.AlarmDue(run)
	if err != nil {
		e.failed(err)
		return
	}
	if !due {
		return
	}
	e.cause.Store(in.o.emit(host.Event{Type: host.EventAlarm, Cause: e.because(), Retry: run.Retries}))
	in.storage.BeginAlarm()
	defer in.storage.EndAlarm() // deferred: the handler may panic or call runtime.Goexit
	if in.handles(driver.HandlesAlarm) {
		info := driver.AlarmInfo{ScheduledTime: time.UnixMilli(run.Scheduled / 1e6), IsRetry: run.Retries > 0, RetryCount: run.Retries}
		if err := in.obj.Alarm(e, info); err != nil {
			e.failed(err)
			return
		}
	}
	in.storage.FinishAlarm()
}
