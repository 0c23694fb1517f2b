package emulator

// https://developers.cloudflare.com/durable-objects/api/base/#websocketmessage

import (
	"context"
	"errors"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

func (e *event) webSocketMessage() {
	v, answered := e.ws.Begin(e.in)
	if !answered && e.in.handles(driver.HandlesWebSocketMessage) {
		e.handle(func() error { return e.in.obj.WebSocketMessage(e, v, e.ws.Message) })
	}
}

func (e *event) webSocketClose() {
	v, _ := e.ws.Begin(e.in)
	e.onRelease = func() { e.ws.Released(e.in) }
	if e.in.handles(driver.HandlesWebSocketClose) {
		c := e.ws.Closed
		e.handle(func() error { return e.in.obj.WebSocketClose(e, v, c.Code, c.Reason, c.WasClean) })
	}
}

func (e *event) webSocketError() {
	v, _ := e.ws.Begin(e.in)
	e.onRelease = func() { e.ws.Released(e.in) }
	if e.in.handles(driver.HandlesWebSocketError) {
		e.handle(func() error { return e.in.obj.WebSocketError(e, v, e.ws.Err) })
	}
}

// handle runs a WebSocket handler within the event timeout; what it throws is
// only logged.
func (e *event) handle(f func() error) {
	o := e.in.o
	if limit := e.in.life.sockets.EventTimeout(); limit > 0 {
		d := &deadline{in: e.in, handler: e.handler, running: true}
		d.limited(e)
		d.timer = o.host.Clock.AfterFunc(limit, d.pass)
		defer d.end()
	}
	err := f()
	var over *driver.Error // what a handler says that was cancelled by the timeout is of no interest
	if err != nil && !e.in.over(err) && !errors.As(context.Cause(e), &over) {
		o.fault(e.handler, driver.Exception(err))
	}
}

func (in *instance) handles(h driver.Handlers) bool { return in.o.ns.handlers&h != 0 }
