package emulator

import (
	"sync/atomic"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// socketEvent is what a socket that was accepted for hibernation has received, for its object to handle: a message, the
// end of the connection or a violation of the protocol. The zero value is none.
type socketEvent struct {
	socket  *socket
	message driver.Message
	closed  *driver.Closed
	failed  *driver.Error

	behind  bool   // the message came while others waited or frames were staged
	cost    int    // of the message, as long as it waits; guarded by the socket's mu
	pending uint32 // 1 while it counts among the socket's; atomic, and no atomic.Bool since the event is copied once
}

// strange reports whether the event is of a socket of another list.
func (e *socketEvent) strange(l *sockets) bool { return e.socket != nil && e.socket.list != l }

// begin is called when the event has its turn. It returns the socket as the instance sees it, and whether the event was an
// automatic response, of which the class is told nothing.
func (e *socketEvent) begin(in socketInstance) (v *view, answered bool) {
	s := e.socket
	e.consumed()
	switch {
	case e.closed != nil:
		s.ends(e.closed.WasClean)
	case e.failed != nil:
		s.mu.Lock()
		s.peer = peerFailed
		s.mu.Unlock()
	case e.behind && s.list.auto.inTurn(s, e.message, in.Outbox()):
		return nil, true
	}
	return s.viewOf(in), false
}

// consumed tells the transport that the message waits no longer.
func (e *socketEvent) consumed() {
	s := e.socket
	s.mu.Lock()
	t, cost := s.t, e.cost
	e.cost = 0
	s.mu.Unlock()
	if t != nil && cost > 0 {
		t.Consumed(cost)
	}
}

// released is called when the handler of an end first waits, or ends: until then the socket is listed.
func (e *socketEvent) released(in socketInstance) {
	e.socket.list.unlist(e.socket)
	if e.closed != nil {
		in.Outbox().of(e.socket)
	}
}

// dispatched is called when what the handler sent before it first waited has left, or when the event cannot run: no
// automatic response has to wait for it any more.
func (e *socketEvent) dispatched() {
	if atomic.CompareAndSwapUint32(&e.pending, 1, 0) {
		e.socket.pending.Add(-1)
	}
}

// ended is called when the event has ended and what it sent has left.
func (e *socketEvent) ended() {
	if e.socket != nil {
		e.dispatched()
		e.socket.eventEnded()
	}
}

// refused is called when the event cannot run, or its object was reset.
func (e *socketEvent) refused() {
	if e.socket != nil {
		e.consumed()
		e.dispatched()
	}
}
