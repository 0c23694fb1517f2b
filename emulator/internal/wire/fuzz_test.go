package wire_test

//lint:file-ignore SA1019 nhooyr.io/websocket is the client that the project uses: it is the peer here.

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/seed-36a2c969/emu/emulator/internal/wire"
	"nhooyr.io/websocket"
)

// reference is what a stream of frames says, read in one piece, with workerd's limits and words.
func reference(in []byte, limit int) (events []string) {
	say := func(format string, args ...any) { events = append(events, brief(fmt.Sprintf(format, args...))) }
	var message []byte
	begun, opcode, first := false, byte(0), false
	for {
		if len(in) < 2 {
			return events
		}
		at, n := 2, uint64(in[1]%128)
		if n >= 126 {
			at = map[uint64]int{126: 4, 127: 10}[n]
			if len(in) < at {
				return events
			}
			n = binary.BigEndian.Uint64(append(make([]byte, 10-at), in[2:at]...))
		}
		masked := in[1] >= 128
		if masked {
			at += 4
		}
		if len(in) < at {
			return events
		}
		final, op := in[0] >= 128, in[0]%16
		control, room := op >= 8, uint64(limit-len(message))
		switch {
		case in[0]&0x30 != 0:
			say("failed 1002 Received frame had RSV bits 2 or 3 set")
			return events
		case n > room:
			say("failed 1009 Message is too large: %d > %d", n, room)
			return events
		case op == 0 && !begun:
			say("failed 1002 Unexpected continuation frame")
			return events
		case op > 0 && !control && begun:
			say("failed 1002 Missing continuation frame")
			return events
		case control && !final:
			say("failed 1002 Received fragmented control frame")
			return events
		}
		if uint64(len(in)-at) < n {
			return events
		}
		payload := bytes.Clone(in[at : at+int(n)])
		if masked {
			for i := range payload {
				payload[i] ^= in[at-4+i%4]
			}
		}
		rsv := in[0]&0x40 != 0
		in = in[at+int(n):]
		if !control {
			message = append(message, payload...)
			if !begun {
				begun, opcode, first = true, op, rsv
			}
		}
		if !final {
			continue
		}
		if !control {
			op, payload = opcode, message
		}
		rsv = rsv || begun && first
		if !control {
			begun, message = false, nil
		}
		switch {
		case op == 9:
			say("ping %s", payload)
		case op == 10:
		case rsv:
			say("%s", compressed)
			return events
		case op == 1:
			say("text %s", payload)
		case op == 2:
			say("binary %x", payload)
		case op == 8 && n < 2:
			say(`closed 1005 ""`)
			return events
		case op == 8:
			say("closed %d %q", binary.BigEndian.Uint16(payload), payload[2:])
			return events
		default:
			say("failed 1002 Unknown opcode %d", op)
			return events
		}
	}
}

// A Parser agrees with the reference reader, however the stream is cut, and holds no more than came in.
func FuzzParser(f *testing.F) {
	for _, tt := range parserCases {
		f.Add(slices.Concat(tt.in...), []byte{1, 7, 2})
	}
	f.Fuzz(func(t *testing.T, in, cuts []byte) {
		const limit = 1000
		p := wire.Parser{MaxMessage: limit}
		r := &fuzzReceiver{recorder: newRecorder()}
		rest := in
		for i := 0; len(rest) > 0; i++ {
			n := len(rest)
			if len(cuts) > 0 {
				n = min(n, 1+int(cuts[i%len(cuts)]))
			}
			r.fed += n
			p.Feed(bytes.Clone(rest[:n]), r)
			rest = rest[n:]
		}
		if r.odd != "" {
			t.Error(r.odd)
		}
		got, want := r.list(), reference(in, limit)
		if r.invalid { // the reference leaves bytes as they are; TestInvalidUTF8 has what becomes of them
			return
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n%q, want\n%q", got, want)
		}
	})
}

// fuzzReceiver is a recorder that looks at what it gets.
type fuzzReceiver struct {
	*recorder
	fed     int
	invalid bool // something was not UTF-8
	odd     string
}

func (r *fuzzReceiver) Message(binary bool, data []byte) int {
	if !binary {
		r.text(string(data))
	}
	if cap(data) > 4*r.fed+64 {
		r.odd = fmt.Sprintf("%d bytes of memory for %d bytes of input", cap(data), r.fed)
	}
	return r.recorder.Message(binary, data)
}

func (r *fuzzReceiver) PeerClosed(code int, reason string) {
	r.text(reason)
	r.recorder.PeerClosed(code, reason)
}

func (r *fuzzReceiver) text(s string) {
	if !utf8.ValidString(s) {
		r.odd = fmt.Sprintf("%q is not UTF-8", s)
	}
	r.invalid = r.invalid || bytes.ContainsRune([]byte(s), utf8.RuneError)
}

// echo is a Handler that sends back what it gets, and the Close frame.
type echo struct{ c *wire.Conn }

func (e *echo) Message(binary bool, data []byte) int {
	op := byte(wire.OpText)
	if binary {
		op = wire.OpBinary
	}
	e.c.Write(wire.AppendFrame(nil, op, data))
	return 0
}

func (e *echo) PeerClosed(code int, reason string) {
	if code == 1005 {
		code = 0
	}
	e.c.Write(wire.AppendClose(nil, code, reason))
	e.c.Finish()
}
func (e *echo) Failed(int, string)    { e.c.Finish() }
func (e *echo) Lost(error)            { e.c.Finish() }
func (e *echo) Ended()                {}
func (e *echo) Overflow(int64, int64) {}

// hijack is an http.RoundTripper that is a WebSocket server over net.Pipe.
type hijack struct{ conn *wire.Conn }

func (h *hijack) RoundTrip(r *http.Request) (*http.Response, error) {
	if ok, _ := wire.Check(r); !ok {
		return nil, fmt.Errorf("not a handshake: %v", r.Header)
	}
	head := wire.AppendSwitch(nil, r.Header.Get("Sec-WebSocket-Key"), nil)
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), r)
	if err != nil {
		return nil, err
	}
	client, server := net.Pipe()
	e := &echo{}
	if e.c, err = wire.NewConn(server, nil, e, &wire.Options{}); err != nil {
		return nil, err
	}
	h.conn = e.c
	e.c.Start()
	resp.Body = client
	return resp, nil
}

// What nhooyr's client sends in fragments comes back whole.
func FuzzRoundTrip(f *testing.F) {
	f.Add("hello", []byte{1, 2, 3}, uint8(2))
	f.Add("", []byte{}, uint8(0))
	f.Add("é✓€", bytes.Repeat([]byte{0xFF}, 300), uint8(200))
	f.Fuzz(func(t *testing.T, s string, b []byte, cut uint8) {
		if !utf8.ValidString(s) {
			t.Skip()
		}
		roundTrip(t, s, b, 1+int(cut))
	})
}

func TestRoundTripLarge(t *testing.T) {
	b := make([]byte, 200_000)
	for i := range b {
		b[i] = byte(i * i >> 3)
	}
	roundTrip(t, "x", b, 70_000)
}

func roundTrip(t *testing.T, s string, b []byte, cut int) {
	h := &hijack{}
	ctx := context.Background()
	ws, _, err := websocket.Dial(ctx, "ws://example.com", &websocket.DialOptions{HTTPClient: &http.Client{Transport: h}})
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(-1)
	for _, m := range []struct {
		typ  websocket.MessageType
		data []byte
	}{{websocket.MessageText, []byte(s)}, {websocket.MessageBinary, b}} {
		w, err := ws.Writer(ctx, m.typ)
		if err != nil {
			t.Fatal(err)
		}
		for part := range slices.Chunk(m.data, cut) {
			if _, err := w.Write(part); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		typ, got, err := ws.Read(ctx)
		if err != nil || typ != m.typ || !bytes.Equal(got, m.data) {
			t.Fatalf("got %v %q, %v; want %v %q", typ, got, err, m.typ, m.data)
		}
	}
	if err := ws.Close(4000, "bye"); err != nil {
		t.Error(err)
	}
	<-h.conn.Done()
}
