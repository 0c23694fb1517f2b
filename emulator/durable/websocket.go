package durable

// https://developers.cloudflare.com/durable-objects/best-practices/websockets/

import (
	"context"
	"unicode/utf8"
	"unsafe"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// WebSocket is one end of a connection. Compare with ==; it can be a map key.
type WebSocket struct{ s driver.Socket }

// The values of [WebSocket.ReadyState].
const (
	Connecting = 0
	Open       = 1
	Closing    = 2
	Closed     = 3
)

// WebSocketPair makes two connected ends. Give one to [State.AcceptWebSocket]
// and return the other with [Upgrade].
func WebSocketPair() (client, server *WebSocket) {
	c, s := driver.NewPair()
	return socketOf(c), socketOf(s)
}

// socketOf returns the one *WebSocket of s.
func socketOf(s driver.Socket) *WebSocket {
	if s == nil {
		return nil
	}
	slot := s.Slot()
	if ws, ok := (*slot).(*WebSocket); ok {
		return ws
	}
	ws := &WebSocket{s}
	*slot = ws
	return ws
}

// Send queues a text message, SendBytes a binary one (which it copies). They do not
// block. After Close the error is Cloudflare's; when the peer has vanished they do
// nothing, as there.
func (ws *WebSocket) Send(text string) error {
	data := unsafe.Slice(unsafe.StringData(text), len(text)) // no copy, since the runtime does not write to it
	return caught(ws.s.Send(driver.Message{Data: data}))
}

// SendBytes queues a binary message.
func (ws *WebSocket) SendBytes(data []byte) error {
	return caught(ws.s.Send(driver.Message{Data: data, Binary: true}))
}

// Close starts or completes the close handshake. Code 0 sends a Close frame
// without a code; else code is 1000 or above, not 1004 to 1006 nor 1015, and the
// reason at most 123 bytes. A second Close does nothing. To answer the peer's Close
// frame use [WebSocket.ReplyToClose].
func (ws *WebSocket) Close(code int, reason string) error { return caught(ws.s.Close(code, reason)) }

// ReplyToClose completes the close handshake in a WebSocketClose handler, with the
// code and the reason that the handler was called with. The runtime does not reply
// to the Close frame of a hibernatable socket, and ws.Close refuses some of what a
// peer's close can bring: no code (1005), a lost connection (1006), other codes that
// a class may not send, and a reason that has more than 123 bytes as UTF-8.
// ReplyToClose sends a Close frame without a code then, or as much of the reason as
// fits.
func (ws *WebSocket) ReplyToClose(code int, reason string) error {
	if !sendable(code) {
		return ws.Close(0, "")
	}
	const most = 123 // of a control frame's 125 bytes two are the code's (RFC 6455, 5.5)
	if len(reason) > most {
		end := most
		for !utf8.RuneStart(reason[end]) {
			end--
		}
		reason = reason[:end]
	}
	return ws.Close(code, reason)
}

// sendable reports whether Close takes a code.
func sendable(code int) bool {
	switch code {
	case 1004, 1005, 1006, 1015:
		return false
	}
	return 1000 <= code && code <= 4999
}

// ReadyState is [Open], [Closing] or [Closed].
func (ws *WebSocket) ReadyState() int { return ws.s.ReadyState() }

// URL is "", JavaScript's null: only a socket made by new WebSocket(url) has one, and the
// emulator has no such constructor. The address that [Fetch] has connected to is [Response.URL].
func (ws *WebSocket) URL() string { return "" }

// Protocol is "" for the same reason. The subprotocol that a server has chosen is in the
// header Sec-WebSocket-Protocol of [Fetch]'s response.
func (ws *WebSocket) Protocol() string { return "" }

// Extensions is "": the emulator negotiates none.
func (ws *WebSocket) Extensions() string { return "" }

// SerializeAttachment keeps v, converted as for [Stub.Call], with the connection
// through hibernation. At most 16,384 bytes serialized.
func (ws *WebSocket) SerializeAttachment(v any) error {
	x, err := valueOf(v)
	if err != nil {
		return err
	}
	return caught(ws.s.SetAttachment(x))
}

// DeserializeAttachment decodes the attachment into v and reports whether there is one.
func (ws *WebSocket) DeserializeAttachment(v any) (ok bool, err error) {
	x, err := ws.s.Attachment()
	if err != nil || x == nil {
		return false, caught(err)
	}
	return true, decodeValue(x, v)
}

// BufferedAmount is the number of bytes not yet handed to the kernel.
func (ws *WebSocket) BufferedAmount() int64 { return ws.s.BufferedAmount() }

// AcceptOptions are accept()'s options; nil is the default.
type AcceptOptions struct {
	// AllowHalfOpen leaves a Close frame to be answered by [WebSocket.Close].
	AllowHalfOpen bool
}

// Accept is ws.accept() for a socket that need not hibernate; its messages come
// from Receive, and it pins its object as long as it is open.
func (ws *WebSocket) Accept(o *AcceptOptions) error {
	return caught(ws.s.Accept(o != nil && o.AllowHalfOpen, caller()))
}

// Receive waits for the next message of an accepted socket, letting other events
// in. At the end of the connection the error is a [*CloseError]; an [*Error] says
// what JavaScript's error event would. Where workerd has an error event follow the
// close event, the Receive after the [*CloseError] returns it.
func (ws *WebSocket) Receive(ctx context.Context) (Message, error) {
	e, at := driver.EventOf(ctx), callerOf(ctx)
	if e == nil {
		return Message{}, ErrNoEvent
	}
	for {
		ready := e.NewSignal()
		asked, err := ws.s.StartReceive(ctx, at, ready.Send)
		if err != nil {
			return Message{}, caught(err)
		}
		if err := e.WaitFor(ctx, ready); err != nil {
			asked.Stop()
			return Message{}, caught(err)
		}
		// Another event that waited too may have taken the message.
		if m, ok, err := ws.s.Receive(); ok || err != nil {
			return Message{m.Data, m.Binary}, caught(err)
		}
	}
}

// Message is a text or binary message; its bytes are the receiver's.
type Message struct {
	data   []byte
	binary bool
}

// IsBinary reports whether it is a binary message.
func (m Message) IsBinary() bool { return m.binary }

// Bytes returns the message's bytes; of a text message valid UTF-8.
func (m Message) Bytes() []byte { return m.data }

// String is the text; of a binary message, "[object ArrayBuffer]", as in JavaScript.
func (m Message) String() string {
	if m.binary {
		return "[object ArrayBuffer]"
	}
	return string(m.data)
}
