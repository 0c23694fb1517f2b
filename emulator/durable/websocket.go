package durable

// https://developers.cloudflare.com/durable-objects/best-practices/websockets/

import (
	"context"
	"unicode/utf8"
	"unsafe"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// WebSocket is one end of a connection. Two pointers to the same end are equal, so that it
// can be a map key.
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

// Send queues a text message. It does not block. As on Cloudflare it returns an error after
// [WebSocket.Close], and does nothing if the connection was lost.
func (ws *WebSocket) Send(text string) error {
	data := unsafe.Slice(unsafe.StringData(text), len(text)) // no copy, since the runtime does not write to it
	return caught(ws.s.Send(driver.Message{Data: data}))
}

// SendBytes is Send for a binary message. It copies data.
func (ws *WebSocket) SendBytes(data []byte) error {
	return caught(ws.s.Send(driver.Message{Data: data, Binary: true}))
}

// Close starts or completes the close handshake. Code 0 sends a Close frame without a
// code. Any other code is from 1000 to 4999, but not 1004, 1005, 1006 or 1015. The reason
// has at most 123 bytes. A second Close does nothing. To answer the peer's Close frame use
// [WebSocket.ReplyToClose].
func (ws *WebSocket) Close(code int, reason string) error { return caught(ws.s.Close(code, reason)) }

// ReplyToClose completes the close handshake in a WebSocketClose handler, with the code and
// the reason that the handler was called with. The runtime itself does not reply to the
// peer's Close frame on a hibernatable socket. Unlike Close, it accepts every code and
// reason that a handler can get: for a code that cannot be sent, such as 1005 for none, it
// sends a Close frame without a code, and it shortens a reason of more than 123 bytes.
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

// SerializeAttachment stores v with the connection, where it survives hibernation. v is
// converted as described at [Value] and has at most 16,384 bytes serialized.
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

// BufferedAmount is the number of queued bytes that the kernel has not taken yet.
func (ws *WebSocket) BufferedAmount() int64 { return ws.s.BufferedAmount() }

// AcceptOptions are accept()'s options; nil is the default.
type AcceptOptions struct {
	// AllowHalfOpen leaves the answer to the peer's Close frame to [WebSocket.Close].
	AllowHalfOpen bool
}

// Accept is ws.accept(), for a socket that does not hibernate. [WebSocket.Receive] returns
// its messages. It keeps its object in memory while it is open.
func (ws *WebSocket) Accept(o *AcceptOptions) error {
	return caught(ws.s.Accept(o != nil && o.AllowHalfOpen, caller()))
}

// Receive waits for the next message of a socket given to Accept. Meanwhile other events
// can start. The error is a [*CloseError] for JavaScript's close event, and an [*Error] for
// its error event. If an error event follows the close event, the next Receive returns it.
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

// Message is a text or binary message. The receiver may keep and change its bytes.
type Message struct {
	data   []byte
	binary bool
}

// IsBinary reports whether it is a binary message.
func (m Message) IsBinary() bool { return m.binary }

// Bytes returns the message's bytes. Those of a text message are valid UTF-8.
func (m Message) Bytes() []byte { return m.data }

// String returns the text. For a binary message it is "[object ArrayBuffer]", as in JavaScript.
func (m Message) String() string {
	if m.binary {
		return "[object ArrayBuffer]"
	}
	return string(m.data)
}
