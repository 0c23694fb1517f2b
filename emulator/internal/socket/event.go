package socket

// https://developers.cloudflare.com/durable-objects/api/base/#websocketmessage

import (
	"sync/atomic"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Event is a message that a hibernatable socket has received, or the end of its connection: Closed for a Close frame or a lost
// connection, Err for a violation of the protocol. The zero Event is none.
type Event struct {
	socket  *Socket
	Message driver.Message
	Closed  *driver.Closed
	Err     *driver.Error

	behind  bool   // the message came while other events of the socket were pending or frames were staged
	cost    int    // the memory of the message, until its handler begins; guarded by the socket's mu
	pending uint32 // 1 while the socket counts it; an atomic.Bool could not be copied into the object's event
}

// FromDropped reports whether a reset has dropped the event's socket: the object has another list since.
func (e *Event) FromDropped(l *List) bool { return e.socket != nil && e.socket.list != l }

// Begin is called when the event has its turn. It returns the socket for the handler, or answered if the message was answered
// automatically and no handler runs.
func (e *Event) Begin(in Instance) (v *View, answered bool) {
	s := e.socket
	e.consumed()
	if e.Closed == nil && e.Err == nil {
		if e.behind && s.list.Auto.respond(s, e.Message, in.Outbox()) {
			return nil, true
		}
		return s.viewOf(in), false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case e.Err != nil:
		s.peer = peerFailed
	case e.Closed.WasClean:
		s.peer = peerClosed
	case s.peer != peerFailed: // a connection is lost after every violation of the protocol: peerFailed says more
		s.peer = peerLost
	}
	return s.viewOf(in), false
}

// consumed takes the message from those that wait, so that the transport may read on.
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

// Released is called when the handler of Closed or Err waits for the first time, or ends. Until then getWebSockets() lists the
// socket.
func (e *Event) Released(in Instance) {
	e.socket.list.unlist(e.socket)
	if e.Closed != nil {
		in.Outbox().of(e.socket) // an entry, also an empty one, makes flush end the connection if both sides have closed
	}
}

// Dispatched is called when the frames have left that the handler sent before it first waited, or when the event cannot run.
// From then on a message is answered automatically without a look at this event.
func (e *Event) Dispatched() {
	if atomic.CompareAndSwapUint32(&e.pending, 1, 0) {
		e.socket.pending.Add(-1)
	}
}

// Ended is called when the event has ended and all of its frames have left.
func (e *Event) Ended() {
	s := e.socket
	if s == nil {
		return
	}
	e.Dispatched()
	if s.unfinished.Add(-1) == 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.finishEnded()
	}
}

// Refused is called when the event cannot run, or a reset has ended it.
func (e *Event) Refused() {
	if e.socket != nil {
		e.consumed()
		e.Dispatched()
	}
}
