package socket

// https://developers.cloudflare.com/durable-objects/api/base/#websocketmessage

import (
	"sync/atomic"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Event is what a hibernatable socket has received for its object: a message, the end of the connection (Closed) or a
// violation of the protocol (Err). The zero Event is none.
type Event struct {
	socket  *Socket
	Message driver.Message
	Closed  *driver.Closed
	Err     *driver.Error

	behind  bool   // the message came while events were pending or frames were staged
	cost    int    // of the message until it is dispatched; guarded by the socket's mu
	pending uint32 // 1 while the socket counts it; an atomic.Bool could not be copied into the object's event
}

// FromDropped reports whether the event comes from a socket of another list: one that a reset has dropped.
func (e *Event) FromDropped(l *List) bool { return e.socket != nil && e.socket.list != l }

// Begin is called when the event has its turn. It returns the socket for the handler. If the message is answered
// automatically there is nothing to handle.
func (e *Event) Begin(in Instance) (v *View, answered bool) {
	s := e.socket
	e.consumed()
	if e.Closed == nil && e.Err == nil {
		if e.behind && s.list.Auto.answer(s, e.Message, in.Outbox()) {
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
	case s.peer != peerFailed: // else that the connection is lost says no more
		s.peer = peerLost
	}
	return s.viewOf(in), false
}

// consumed lets the transport read on: the message waits no longer.
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

// Released is called when the handler of Closed or Err first waits, or ends. Until then getWebSockets() lists the socket.
func (e *Event) Released(in Instance) {
	e.socket.list.unlist(e.socket)
	if e.Closed != nil {
		in.Outbox().of(e.socket) // has flush look whether both sides have closed
	}
}

// Dispatched is called when everything that the handler sent before it first waited has left, or when the event cannot run.
// No automatic response has to wait for it any more.
func (e *Event) Dispatched() {
	if atomic.CompareAndSwapUint32(&e.pending, 1, 0) {
		e.socket.pending.Add(-1)
	}
}

// Ended is called when the event has ended and everything that it sent has left.
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
