package emulator

// https://developers.cloudflare.com/workers/runtime-apis/websockets/

import (
	"context"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/v8"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// view is a socket as one instance, or a Worker's invocation, sees it.
type view struct {
	s    *socket
	in   *instance // nil before it belongs to one, and in a Worker
	slot any
}

// newPair makes the two ends of a WebSocketPair.
func newPair() (client, server driver.Socket) {
	both := new(sync.Mutex)
	c, s := &socket{joined: both}, &socket{joined: both}
	c.other, s.other = s, c
	c.view, s.view = &view{s: c}, &view{s: s}
	return c.view, s.view
}

// viewOf is the socket as the instance sees it. It belongs to who has the turn.
func (s *socket) viewOf(in *instance) *view {
	if s.view == nil || s.view.in != in {
		s.view = &view{s: s, in: in}
	}
	return s.view
}

// touched is called where user code touches the socket.
func (v *view) touched() {
	if v.in != nil {
		v.in.touched()
	}
}

// usable reports whether the view's instance is still there.
func (v *view) usable() error {
	if v.in == nil {
		return nil
	}
	v.touched()
	if v.in.dead.Load() {
		return driver.ErrReset
	}
	return v.in.overdue()
}

// send passes a frame on: at the end of the turn in an object, at once in a Worker.
func (v *view) send(frame func([]byte) []byte) {
	if v.in != nil {
		v.s.stage(v.in, frame)
		return
	}
	o := pool.Get().(*outbox)
	o.b = frame(o.b)
	v.s.write(o.b)
	recycle(o)
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

func (v *view) Send(m driver.Message) error {
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
	if v.in != nil {
		s.stageMessage(v.in, m)
	} else {
		v.send(messageFrame(m))
	}
	return nil
}

func (v *view) Close(code int, reason string) error {
	if err := v.usable(); err != nil {
		return err
	}
	s := v.s
	reason = wellFormed(reason)
	if code != 0 && !validCloseCode(code) {
		return driver.NewError("InvalidAccessError", msgCloseCode(code))
	}
	if len(reason) > maxCloseReason && s.limitsReason(v.in) {
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
		if s.peerClosed || s.lost {
			s.finish()
			s.end(nil)
		}
	}
	return nil
}

// deaf reports whether what is sent goes nowhere without a word: the socket was given
// away, has failed, or its receiver knows that its peer has vanished. s.mu is held.
func (s *socket) deaf() bool {
	switch s.mode {
	case returned:
		return true
	case accepted:
		return (s.failed || s.lost) && s.plain.told
	}
	return s.failed
}

// validCloseCode: RFC 6455 section 7.4 with workerd's bounds.
func validCloseCode(code int) bool {
	switch code {
	case 1004, 1005, 1006, 1015:
		return false
	}
	return code >= 1000 && code <= 4999
}

// limitsReason reports whether websocket_close_reason_byte_limit is on.
func (s *socket) limitsReason(in *instance) bool {
	switch {
	case in != nil:
		return in.host.Flags.WebSocketCloseReasonByteLimit
	case s.w != nil:
		return s.w.host.Flags.WebSocketCloseReasonByteLimit
	}
	return true
}

func (v *view) ReadyState() int {
	v.touched()
	s := v.s
	s.mu.Lock()
	defer s.mu.Unlock()
	in, out := s.peerClosed || s.failed || s.lost, s.closeSent
	if s.mode == accepted {
		in = s.plain.told
		if in && s.failed {
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
func (v *view) URL() string        { return "" }
func (v *view) Protocol() string   { return "" }
func (v *view) Extensions() string { return "" }

func (v *view) BufferedAmount() int64 {
	v.touched()
	s := v.s
	n := int64(0)
	if s.staged != nil {
		n = s.staged.size()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n += int64(len(s.out))
	if s.t != nil {
		n += s.t.Buffered()
	}
	return n
}

func (v *view) SetAttachment(x driver.Value) error {
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

func (v *view) Attachment() (driver.Value, error) {
	if err := v.usable(); err != nil {
		return nil, err
	}
	v.s.mu.Lock()
	data := v.s.attachment
	v.s.mu.Unlock()
	if data == nil {
		return nil, nil
	}
	return v8.Decode(data)
}

func (v *view) Accept(allowHalfOpen bool, at driver.Place) error {
	if err := v.usable(); err != nil {
		return err
	}
	return v.s.accept(allowHalfOpen, at)
}

func (v *view) Receive(ctx context.Context, at driver.Place) (m driver.Message, err error) {
	if err := v.usable(); err != nil {
		return m, err
	}
	e, ok := driver.EventOf(ctx).(pauser)
	if !ok {
		return m, driver.ErrNoEvent
	}
	if in, ok := e.(*event); ok {
		if err := v.s.adopt(in.in, driver.PinSocket, at); err != nil {
			return m, err
		}
		v.in = in.in
		in.receivesFrom(v.s)
	} else if inv, ok := e.(*invocation); ok {
		v.s.belongs(inv.w)
		v.s.receivedByWorker()
	}
	var heard []*host.Signal
	err = e.pause(pause{
		kind: driver.PinReceive, at: at,
		wait: func() error {
			m, err = v.s.receive(ctx, func(s *host.Signal) { heard = append(heard, s) })
			return err
		},
		over: func() {
			for _, s := range heard {
				s.Done()
			}
		},
	})
	return m, err
}

func (v *view) Slot() *any { return &v.slot }
