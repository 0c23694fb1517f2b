package object

// An object implements socket.Object for its sockets.

import (
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
)

// Deliver queues the handler of a socket's event.
func (o *Object) Deliver(ws socket.Event) {
	handler, run := "webSocketMessage", (*event).webSocketMessage
	switch {
	case ws.Closed != nil:
		handler, run = "webSocketClose", (*event).webSocketEnd
	case ws.Err != nil:
		handler, run = "webSocketError", (*event).webSocketEnd
	}
	e := newEvent(nil, handler, run)
	e.ws = ws
	o.submit(e)
}

// Log emits a line of the log.
func (o *Object) Log(message string) { o.emit(host.Event{Type: host.EventLog, Message: message}) }
