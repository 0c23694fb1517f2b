package socket

// https://developers.cloudflare.com/workers/runtime-apis/websockets/

import (
	"context"
	"unicode/utf8"

	"github.com/seed-36a2c969/emu/config/javascript"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/v8"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// View is the handle of a socket that one instance uses, or a Worker: its methods are a WebSocket's.
type View struct {
	s    *Socket
	in   Instance // nil in a Worker, and before the socket belongs to an instance
	slot any
}

// Instance is the instance of an object, as far as its sockets need it.
type Instance interface {
	// Touched is called where user code uses a socket.
	Touched()
	// Usable is Touched. It returns the error for user code that uses a socket although its instance is gone, or its event
	// over the event timeout.
	Usable() error
	// Own runs f, which gives the instance a socket. If the instance is gone f does not run: the reset that has ended it
	// would not drop the socket.
	Own(f func() error) error
	// Pin keeps the instance in memory until unpin is called.
	Pin(kind driver.PinKind, at driver.Place) (unpin func())
	// MayReceive reports whether an event is under way that may still ask for messages. The one that is ending does not count.
	MayReceive(ending *Receives) bool
	// Leave sends the frames of the turn before it ends, unless the turn has written to storage.
	Leave()
	Sockets() *List
	Outbox() *Outbox
}

func (v *View) touched() {
	if v.in != nil {
		v.in.Touched()
	}
}

func (v *View) usable() error {
	if v.in == nil {
		return nil
	}
	return v.in.Usable()
}

// send stages a frame in an object, and sends it at once in a Worker.
func (v *View) send(frame func([]byte) []byte) {
	if v.in != nil {
		v.in.Outbox().add(v.s, frame)
		return
	}
	f := newFrames()
	f.b = frame(f.b)
	v.s.write(f.b)
	recycle(f)
}

func (v *View) Send(m driver.Message) error {
	if err := v.usable(); err != nil {
		return err
	}
	s := v.s
	s.mu.Lock()
	unaccepted, closed, ignored := s.mode == fresh, s.closeSent, s.ignoresSends()
	s.mu.Unlock()
	switch {
	case unaccepted:
		return driver.TypeError(msgNotAccepted)
	case closed:
		return driver.TypeError(msgSendAfterClose)
	case ignored:
		return nil
	}
	if !m.Binary && !utf8.Valid(m.Data) {
		m.Data = []byte(javascript.WellFormed(string(m.Data)))
	}
	if v.in == nil {
		v.send(messageFrame(m))
		return nil
	}
	out := v.in.Outbox()
	if out.full() {
		v.in.Leave()
	}
	out.addMessage(s, m)
	return nil
}

func (v *View) Close(code int, reason string) error {
	if err := v.usable(); err != nil {
		return err
	}
	reason = javascript.WellFormed(reason)
	switch {
	case code != 0 && !wire.Sendable(code):
		return driver.NewError("InvalidAccessError", msgCloseCode(code))
	case len(reason) > maxCloseReason && v.limitsReason():
		return driver.NewError("SyntaxError", msgReasonTooLong)
	case code == 0 && reason != "":
		return driver.NewError("InvalidAccessError", msgReasonNoCode)
	}
	s := v.s
	s.mu.Lock()
	unaccepted, ignored := s.mode == fresh, s.closeSent || s.ignoresSends()
	if !unaccepted && !ignored {
		s.closeSent = true
		s.closedSecond()
	}
	s.mu.Unlock()
	if unaccepted {
		return driver.TypeError(msgNotAccepted)
	}
	if ignored {
		return nil
	}
	v.send(func(b []byte) []byte { return wire.AppendClose(b, code, reason) })
	if v.in == nil { // in an object flush does so at the end of the turn
		s.mu.Lock()
		defer s.mu.Unlock()
		s.finishClosed()
	}
	return nil
}

// limitsReason reports whether websocket_close_reason_byte_limit is on. For a socket that no world has used yet it is.
func (v *View) limitsReason() bool {
	switch {
	case v.in != nil:
		return v.in.Sockets().net.host.Flags.WebSocketCloseReasonByteLimit
	case v.s.net != nil:
		return v.s.net.host.Flags.WebSocketCloseReasonByteLimit
	}
	return true
}

// The values of readyState: https://websockets.spec.whatwg.org/#dom-websocket-readystate
const (
	readyOpen    = 1
	readyClosing = 2
	readyClosed  = 3
)

func (v *View) ReadyState() int {
	v.touched()
	s := v.s
	s.mu.Lock()
	defer s.mu.Unlock()
	ended := s.peer != peerOpen
	if s.mode == accepted {
		ended = s.plain.closeSeen // the socket is open for user code until it has received the messages before the end
		if ended && s.peer == peerFailed {
			return readyClosed
		}
	}
	switch {
	case ended && s.closeSent:
		return readyClosed
	case ended || s.closeSent:
		return readyClosing
	}
	return readyOpen
}

func (v *View) BufferedAmount() int64 {
	v.touched()
	n := v.s.Buffered()
	if v.s.staged != nil {
		n += v.s.staged.size()
	}
	return n
}

func (v *View) SetAttachment(x driver.Value) error {
	if err := v.usable(); err != nil {
		return err
	}
	data, err := v8.Encode(x)
	if err != nil {
		return err
	}
	if len(data) > maxAttachment {
		return driver.PlainError(msgAttachment(len(data)))
	}
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	v.s.attachment = data
	return nil
}

func (v *View) Attachment() (driver.Value, error) {
	if err := v.usable(); err != nil {
		return nil, err
	}
	return v.s.Attachment()
}

func (v *View) Accept(allowHalfOpen bool, at driver.Place) error {
	if err := v.usable(); err != nil {
		return err
	}
	return v.s.accept(allowHalfOpen, at)
}

func (v *View) StartReceive(ctx context.Context, at driver.Place, ready func()) (driver.Operation, error) {
	if err := v.usable(); err != nil {
		return nil, err
	}
	run, ok := driver.EventOf(ctx).(Run)
	if !ok {
		return nil, driver.ErrNoEvent
	}
	if err := v.askedBy(run, at); err != nil {
		return nil, err
	}
	return run.Ask(v.s, at, ready)
}

func (v *View) Receive() (m driver.Message, ok bool, err error) {
	if err := v.usable(); err != nil {
		return m, false, err
	}
	return v.s.receive()
}

func (v *View) Slot() *any { return &v.slot }
