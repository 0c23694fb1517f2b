package socket

import (
	"sync/atomic"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Event is what a socket that was accepted for hibernation has received, for its object to handle: a message, the
// end of the connection or a violation of the protocol. The zero value is none.
type Event struct {
	socket  *Socket
	Message driver.Message
	Closed  *driver.Closed
	Err     *driver.Error

	behind  bool   // the message came while others waited or frames were staged
	cost    int    // of the message, as long as it waits; guarded by the socket's mu
	pending uint32 // 1 while it counts among the socket's; atomic, and no atomic.Bool since the event is copied once
}

// Strange reports whether the event is of a socket of another list.
func (e *Event) Strange(l *List) bool { return e.socket != nil && e.socket.list != l }

// Begin is called when the event has its turn. It returns the socket as the instance sees it, and whether the event was an
// automatic response, of which the class is told nothing.
func (e *Event) Begin(in Instance) (v *View, answered bool) {
	s := e.socket
	e.consumed()
	switch {
	case e.Closed != nil:
		s.ends(e.Closed.WasClean)
	case e.Err != nil:
		s.mu.Lock()
		s.peer = peerFailed
		s.mu.Unlock()
	case e.behind && s.list.Auto.inTurn(s, e.Message, in.Outbox()):
		return nil, true
	}
	return s.viewOf(in), false
}

// consumed tells the transport that the message waits no longer.
func (e *Event) consumed() {
	s := e.socket
	s.mu.Lock()
	t, cost := s.t, e.cost
	e.cost = 0
	s.mu.Unlock()
	if t != nil && cost > 0 {
		t.Consumed(cost)
	}
}

// Released is called when the handler of an end first waits, or ends: until then the socket is listed.
func (e *Event) Released(in Instance) {
	e.socket.list.unlist(e.socket)
	if e.Closed != nil {
		in.Outbox().of(e.socket)
	}
}

// Dispatched is called when what the handler sent before it first waited has left, or when the event cannot run: no
// automatic response has to wait for it any more.
func (e *Event) Dispatched() {
	if atomic.CompareAndSwapUint32(&e.pending, 1, 0) {
		e.socket.pending.Add(-1)
	}
}

// Ended is called when the event has ended and what it sent has left.
func (e *Event) Ended() {
	if e.socket != nil {
		e.Dispatched()
		e.socket.eventEnded()
	}
}

// Refused is called when the event cannot run, or its object was reset.
func (e *Event) Refused() {
	if e.socket != nil {
		e.consumed()
		e.Dispatched()
	}
}
