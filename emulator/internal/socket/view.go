package socket

// https://developers.cloudflare.com/workers/runtime-apis/websockets/

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/v8"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// View is a socket as one instance, or a Worker's invocation, sees it.
type View struct {
	s    *Socket
	in   Instance // nil before it belongs to one, and in a Worker
	slot any
}

// Instance is what sockets need of the instance that uses them.
type Instance interface {
	// Touched is called where user code touches a socket.
	Touched()
	// Usable is Touched, and the error of whatever user code does on an instance that is gone, or too late.
	Usable() error
	// Own runs f, which makes a socket the instance's, unless the instance is gone: a reset that has begun would not drop it.
	Own(f func() error) error
	// Pin keeps the instance in memory until unpin is called.
	Pin(kind driver.PinKind, at driver.Place) (unpin func())
	// MayReceive reports whether an event is under way that may still ask for messages. The one that is ending does not.
	MayReceive(ending *Receives) bool
	// Leave lets the outbox leave in the midst of the turn, if nothing that was written has to be durable first.
	Leave()
	Sockets() *List
	Outbox() *Outbox
}

// NewPair makes the two ends of a WebSocketPair.
func NewPair() (client, server driver.Socket) {
	c, s := newSockets()
	return c.view, s.view
}

func newSockets() (client, server *Socket) {
	both := new(sync.Mutex)
	c, s := &Socket{joined: both}, &Socket{joined: both}
	c.other, s.other = s, c
	c.view, s.view = &View{s: c}, &View{s: s}
	return c, s
}

// Of returns the socket that a front end holds.
func Of(ws driver.Socket) (*Socket, bool) {
	v, ok := ws.(*View)
	if !ok {
		return nil, false
	}
	return v.s, true
}

// View is the socket as the code that made the pair sees it.
func (s *Socket) View() driver.Socket { return s.view }

// viewOf is the socket as the instance sees it. It belongs to who has the turn.
func (s *Socket) viewOf(in Instance) *View {
	if s.view == nil || s.view.in != in {
		s.view = &View{s: s, in: in}
	}
	return s.view
}

// touched is called where user code touches the socket.
func (v *View) touched() {
	if v.in != nil {
		v.in.Touched()
	}
}

// usable reports whether the view's instance is still there.
func (v *View) usable() error {
	if v.in == nil {
		return nil
	}
	return v.in.Usable()
}

// send passes a frame on: at the end of the turn in an object, at once in a Worker.
func (v *View) send(frame func([]byte) []byte) {
	if v.in != nil {
		v.in.Outbox().add(v.s, frame)
		return
	}
	f := pool.Get().(*frames)
	f.b = frame(f.b)
	v.s.write(f.b)
	recycle(f)
}

// wellFormed is text with U+FFFD in place of each lone surrogate and of each other byte
// that is not UTF-8.
func wellFormed(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		// A surrogate is three bytes, of which each is invalid by itself: 0xed stands for all.
		if isSurrogate(text, i-1) || isSurrogate(text, i-2) {
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// isSurrogate reports whether the three bytes at i are those of a surrogate.
func isSurrogate(text string, i int) bool {
	return i >= 0 && i+2 < len(text) && text[i] == 0xed && text[i+1]&0xe0 == 0xa0 && text[i+2]&0xc0 == 0x80
}

func (v *View) Send(m driver.Message) error {
	if err := v.usable(); err != nil {
		return err
	}
	s := v.s
	s.mu.Lock()
	unaccepted, closed, ignored := s.mode == fresh, s.closeSent, s.deaf()
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
		m.Data = []byte(wellFormed(string(m.Data)))
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
	s := v.s
	reason = wellFormed(reason)
	if code != 0 && !validCloseCode(code) {
		return driver.NewError("InvalidAccessError", msgCloseCode(code))
	}
	if len(reason) > maxCloseReason && v.limitsReason() {
		return driver.NewError("SyntaxError", msgReasonTooLong)
	}
	if code == 0 && reason != "" {
		return driver.NewError("InvalidAccessError", msgReasonNoCode)
	}
	s.mu.Lock()
	unaccepted := s.mode == fresh
	ignored := s.closeSent || s.deaf()
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
	if v.in == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.peer == peerClosed || s.peer == peerLost {
			s.finish()
			s.end(nil)
		}
	}
	return nil
}

// deaf reports whether what is sent goes nowhere without a word: the socket was given
// away, has failed, or its receiver knows that its peer has vanished. s.mu is held.
func (s *Socket) deaf() bool {
	switch s.mode {
	case returned:
		return true
	case accepted:
		return (s.peer == peerFailed || s.peer == peerLost) && s.plain.closeSeen
	}
	return s.peer == peerFailed
}

// validCloseCode: RFC 6455 section 7.4 with workerd's bounds.
func validCloseCode(code int) bool {
	switch code {
	case 1004, 1005, 1006, 1015:
		return false
	}
	return code >= 1000 && code <= 4999
}

// limitsReason reports whether websocket_close_reason_byte_limit is on. A socket that nobody has used yet, which may be
// made outside a world, has the limit.
func (v *View) limitsReason() bool {
	switch {
	case v.in != nil:
		return v.in.Sockets().net.host.Flags.WebSocketCloseReasonByteLimit
	case v.s.net != nil:
		return v.s.net.host.Flags.WebSocketCloseReasonByteLimit
	}
	return true
}

func (v *View) ReadyState() int {
	v.touched()
	s := v.s
	s.mu.Lock()
	defer s.mu.Unlock()
	in, out := s.peer != peerOpen, s.closeSent
	if s.mode == accepted {
		in = s.plain.closeSeen
		if in && s.peer == peerFailed {
			return 3
		}
	}
	switch {
	case in && out:
		return 3
	case in || out:
		return 2
	}
	return 1
}

// URL and Protocol are those of new WebSocket(), which there is not here: a socket of
// fetch() or of a pair has none.
func (v *View) URL() string        { return "" }
func (v *View) Protocol() string   { return "" }
func (v *View) Extensions() string { return "" }

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

// Tags are those of a socket that was accepted for hibernation.
func (v *View) Tags() ([]string, error) {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	switch v.s.mode {
	case hibernatable:
		return slices.Clone(v.s.tags), nil
	case accepted:
		return nil, driver.PlainError(msgTagsAccepted)
	}
	return nil, driver.PlainError(msgTagsNotAccepted)
}

// AutoResponseTimestamp is when the socket was last answered automatically, zero if never.
func (v *View) AutoResponseTimestamp() time.Time { return v.s.AutoAnswered() }

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
	e, ok := driver.EventOf(ctx).(Run)
	if !ok {
		return nil, driver.ErrNoEvent
	}
	if err := v.receivedBy(e, at); err != nil {
		return nil, err
	}
	return e.Ask(&Ask{s: v.s}, at, ready)
}

func (v *View) Receive() (m driver.Message, ok bool, err error) {
	if err := v.usable(); err != nil {
		return m, false, err
	}
	return v.s.receive()
}

func (v *View) Slot() *any { return &v.slot }
