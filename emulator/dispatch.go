package emulator

// https://developers.cloudflare.com/durable-objects/api/base/#websocketmessage

import (
	"context"
	"errors"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// begun tells the socket that its event has its turn.
func (e *event) begun() *view {
	e.consumed()
	return e.socket.viewOf(e.in)
}

// consumed tells the transport that the message no longer waits.
func (e *event) consumed() {
	s := e.socket
	if s == nil {
		return
	}
	s.mu.Lock()
	t, cost := s.t, e.cost
	e.cost = 0
	s.mu.Unlock()
	if t != nil && cost > 0 {
		t.Consumed(cost)
	}
}

// dispatched is called when what the handler sent before it first waited has left, or
// when the event cannot run: no automatic response has to wait for it any more.
func (e *event) dispatched() {
	if e.pending.CompareAndSwap(true, false) {
		e.socket.pending.Add(-1)
	}
}

// webSocketMessage dispatches a message. One that came while earlier ones waited is looked at by workerd only now, with the
// automatic response that there is now, which leaves with and behind what was sent before it.
func (e *event) webSocketMessage() {
	v := e.begun()
	if e.behind && !e.message.Binary && e.in.o.sockets.matches(e.message.Data) {
		e.in.o.sockets.answerIn(e.in, e.socket)
		return
	}
	if e.in.handles(driver.HandlesWebSocketMessage) {
		e.handle(func() error { return e.in.obj.WebSocketMessage(e, v, e.message) })
	}
}

// webSocketClose dispatches the end of a connection. The socket is listed until
// the handler first waits or ends.
func (e *event) webSocketClose() {
	v, s := e.begun(), e.socket
	s.mu.Lock()
	if e.closed.WasClean {
		s.peerClosed = true
	} else {
		s.lost = true
	}
	s.mu.Unlock()
	e.onRelease = func() {
		e.in.o.sockets.unlist(s)
		s.touch(e.in)
	}
	if e.in.handles(driver.HandlesWebSocketClose) {
		c := e.closed
		e.handle(func() error { return e.in.obj.WebSocketClose(e, v, c.Code, c.Reason, c.WasClean) })
	}
}

func (e *event) webSocketError() {
	v, s := e.begun(), e.socket
	s.mu.Lock()
	s.failed = true
	s.mu.Unlock()
	e.onRelease = func() { e.in.o.sockets.unlist(s) }
	if e.in.handles(driver.HandlesWebSocketError) {
		e.handle(func() error { return e.in.obj.WebSocketError(e, v, e.protocol) })
	}
}

// handle runs a WebSocket handler within the event timeout; what it throws is
// only logged.
func (e *event) handle(f func() error) {
	o := e.in.o
	if limit := o.sockets.eventTimeout(); limit > 0 {
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
