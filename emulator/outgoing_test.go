package emulator_test

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// outgoingCase is a conversation of a WebSocket that a Worker or an object opens, as
// recorded: what the server does after the handshake, what the Worker sees of it, and what
// the server receives.
type outgoingCase struct {
	In, Steps, Act string
	Log, Far       []string
}

// frameOf is a frame as a server sends it, or with a mask.
func frameOf(first byte, payload string, mask bool) []byte {
	b := frame(first, payload)
	if mask {
		return b
	}
	n := len(b) - len(payload) // with the mask
	head := append([]byte(nil), b[:n-4]...)
	head[1] &^= 0x80
	return append(head, payload...)
}

// serverSteps are what the recorded server did.
var serverSteps = map[string]func() []byte{
	"text":      func() []byte { return frameOf(0x81, "hi", false) },
	"close":     func() []byte { return frameOf(0x88, "\x03\xe8by", false) },
	"close4":    func() []byte { return frameOf(0x88, "\x10\xe1é✓", false) },
	"close0":    func() []byte { return frameOf(0x88, "", false) },
	"close1":    func() []byte { return frameOf(0x88, "x", false) },
	"close999":  func() []byte { return frameOf(0x88, "\x03\xe7n", false) },
	"close1006": func() []byte { return frameOf(0x88, "\x03\xeen", false) },
	"closebad":  func() []byte { return frameOf(0x88, "\x03\xe8\xff\xfe", false) },
	"closelong": func() []byte { return frameOf(0x88, "\x03\xe8"+strings.Repeat("x", 198), false) },
	"op3":       func() []byte { return frameOf(0x83, "x", false) },
	"rsv":       func() []byte { return frameOf(0xc1, "x", false) },
	"rsv2":      func() []byte { return frameOf(0xa1, "x", false) },
	"cont":      func() []byte { return frameOf(0x80, "x", false) },
	"fragping":  func() []byte { return frameOf(0x09, "x", false) },
	"ping":      func() []byte { return frameOf(0x89, "pp", false) },
	"bigping":   func() []byte { return frameOf(0x89, strings.Repeat("p", 200), false) },
	"masked":    func() []byte { return frameOf(0x81, "masked", true) },
	"badutf":    func() []byte { return frameOf(0x81, "\xff\xfeA", false) },
	"frag":      func() []byte { return append(frameOf(0x01, "ab", false), frameOf(0x80, "cd", false)...) },
	"fragtext":  func() []byte { return append(frameOf(0x01, "ab", false), frameOf(0x81, "cd", false)...) },
	"big":       func() []byte { return binary.BigEndian.AppendUint64([]byte{0x82, 127}, 33554433) },
	"half":      func() []byte { return []byte("\x81\x0aabc") },
	"halfhead":  func() []byte { return []byte{0x81} },
	"fragopen":  func() []byte { return frameOf(0x01, "ab", false) },
	"mark":      func() []byte { return frameOf(0x81, "mark", false) },
	"hs-noup":   nil,
	"hs-badup":  nil,
	"hs-noconn": nil,
	"hs-noacc":  nil,
	"hs-badacc": nil,
	"hs-proto":  nil,
	"hs-ext":    nil,
	"hs-ext2":   nil,
	"hs-chat":   nil,
	"fin":       nil,
	"end":       nil,
	"onclose":   nil,
	"w200":      nil,
}

// handshakes are the headers of the recorded 101 responses.
func handshakes(step, accept string) string {
	connection, up, acc := "Connection: Upgrade\r\n", "Upgrade: websocket\r\n", "Sec-WebSocket-Accept: "+accept+"\r\n"
	switch step {
	case "hs-noup":
		return connection + acc
	case "hs-badup":
		return connection + "Upgrade: foo\r\n" + acc
	case "hs-noconn":
		return up + acc
	case "hs-noacc":
		return connection + up
	case "hs-badacc":
		return connection + up + "Sec-WebSocket-Accept: zz\r\n"
	case "hs-proto":
		return connection + up + "Sec-WebSocket-Protocol: other\r\n" + acc
	case "hs-ext":
		return connection + up + "Sec-WebSocket-Extensions: permessage-deflate\r\n" + acc
	case "hs-ext2":
		return connection + up + "Sec-WebSocket-Extensions: x-foo\r\n" + acc
	case "hs-chat":
		return connection + up + "Sec-WebSocket-Protocol: chat\r\n" + acc
	}
	return connection + up + acc
}

// farServer plays the steps to one client.
type farServer struct {
	net.Listener
	mu   sync.Mutex
	got  []string
	news chan struct{}
}

func newFarServer(t *testing.T) *farServer {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return &farServer{Listener: l, news: make(chan struct{}, 1)}
}

func (f *farServer) note(line string) {
	f.mu.Lock()
	f.got = append(f.got, line)
	f.mu.Unlock()
	select {
	case f.news <- struct{}{}:
	default:
	}
}

// received waits for n lines.
func (f *farServer) received(n int) []string {
	eventually(func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.got) >= n
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.got)
}

func (f *farServer) closed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.got, func(s string) bool { return strings.HasPrefix(s, "CLOSE") })
}

// play accepts a connection and plays the steps. It returns it for the test to close.
func (f *farServer) play(steps []string) (net.Conn, error) {
	c, err := f.Accept()
	if err != nil {
		return nil, err
	}
	br := bufio.NewReader(c)
	r, err := http.ReadRequest(br)
	if err != nil {
		return c, err
	}
	sum := sha1.Sum([]byte(r.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	io.WriteString(c, "HTTP/1.1 101 X\r\n"+handshakes(steps[0], base64.StdEncoding.EncodeToString(sum[:]))+"\r\n")
	go f.read(br)
	for _, s := range steps {
		switch {
		case serverSteps[s] != nil:
			c.Write(serverSteps[s]())
		case s == "fin":
			c.(*net.TCPConn).CloseWrite()
		case s == "end":
			return c, c.Close()
		case s == "onclose":
			eventually(f.closed)
		}
	}
	return c, nil
}

// read notes the frames that come.
func (f *farServer) read(br *bufio.Reader) {
	for {
		var h [8]byte
		if _, err := io.ReadFull(br, h[:2]); err != nil {
			f.note("FIN")
			return
		}
		first, n := h[0], int(h[1]&0x7f)
		masked := h[1]&0x80 != 0
		switch n {
		case 126:
			io.ReadFull(br, h[:2])
			n = int(binary.BigEndian.Uint16(h[:]))
		case 127:
			io.ReadFull(br, h[:])
			n = int(binary.BigEndian.Uint64(h[:]))
		}
		var key [4]byte
		io.ReadFull(br, key[:])
		p := make([]byte, n)
		if _, err := io.ReadFull(br, p); err != nil || !masked {
			f.note(fmt.Sprintf("a broken frame: %v, masked %v", err, masked))
			return
		}
		for i := range p {
			p[i] ^= key[i%4]
		}
		switch {
		case first == 0x88 && n < 2:
			f.note("CLOSE - ''")
		case first == 0x88:
			f.note(fmt.Sprintf("CLOSE %d '%s'", binary.BigEndian.Uint16(p), p[2:]))
		default:
			f.note(fmt.Sprintf("%02x b'%s'", first, p[:min(20, n)]))
		}
	}
}

// talkTo opens a WebSocket and logs what the recorded Worker logged.
func talkTo(ctx context.Context, address, act string) (log []string) {
	l := func(format string, args ...any) { log = append(log, fmt.Sprintf(format, args...)) }
	q, err := durable.NewRequest("GET", address, nil)
	if err != nil {
		return []string{err.Error()}
	}
	q.Header.Set("Upgrade", "websocket")
	if act == "proto" {
		q.Header.Set("Sec-WebSocket-Protocol", "chat, x")
	}
	resp, err := durable.Fetch(ctx, q)
	if err != nil {
		return []string{err.Error()}
	}
	if resp.WebSocket == nil {
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return []string{err.Error()}
		}
		return []string{fmt.Sprintf("status %d %s", resp.Status, b)}
	}
	ws := resp.WebSocket
	orNull := func(s string) string {
		if s == "" {
			return "null"
		}
		return s
	}
	l("open rs=%d url=%s protocol=%q ext=%q proto-header=%s", ws.ReadyState(), orNull(ws.URL()), ws.Protocol(), ws.Extensions(),
		orNull(resp.Header.Get("Sec-WebSocket-Protocol")))
	ws.Accept(&durable.AcceptOptions{AllowHalfOpen: act == "half"})
	if act == "o-close" {
		l("o close %s rs=%d", thrown(ws.Close(4000, "mine")), ws.ReadyState())
	}
	// ended is whether an error has been logged, of which there is one at most.
	ended := func() bool {
		m, err := ws.Receive(ctx)
		var closed *durable.CloseError
		var e *durable.Error
		switch {
		case err == nil && m.String() == "mark":
			return true
		case err == nil:
			l(`message %q/%d rs=%d`, m, len([]rune(m.String())), ws.ReadyState())
			return false
		case errors.As(err, &closed):
			if len(log) == 0 || !slices.ContainsFunc(log, func(s string) bool { return strings.HasPrefix(s, "close ") }) {
				l("close %d %q clean=%v rs=%d", closed.Code, closed.Reason, closed.WasClean, ws.ReadyState())
				return false
			}
		case errors.As(err, &e):
			own := "{}"
			if e.Retryable {
				own = `{"retryable":true}`
			}
			l("error %q Error: %s own=%s rs=%d", e.Message, strings.TrimPrefix(e.Message, "Uncaught Error: "), own, ws.ReadyState())
		}
		return true
	}
	for !ended() {
	}
	l("end rs=%d protocol=%q", ws.ReadyState(), ws.Protocol())
	l("end send %s rs=%d", thrown(ws.Send("late")), ws.ReadyState())
	l("end close %s rs=%d", thrown(ws.Close(1000, "bye")), ws.ReadyState())
	l("end close2 %s rs=%d", thrown(ws.Close(1000, "bye")), ws.ReadyState())
	l("end send2 %s rs=%d", thrown(ws.Send("late")), ws.ReadyState())
	if act == "half" && !slices.ContainsFunc(log, func(s string) bool { return strings.HasPrefix(s, "error ") }) {
		ended()
	}
	l("later rs=%d", ws.ReadyState())
	return log
}

// What becomes of outgoing WebSockets, as recorded.
func TestOutgoing(t *testing.T) {
	data, err := os.ReadFile("../fixtures/fetch/outgoing.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []outgoingCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.In+" "+c.Steps+" "+c.Act, func(t *testing.T) {
			far := newFarServer(t)
			steps := strings.Split(c.Steps, ",")
			if !slices.ContainsFunc(c.Log, func(s string) bool { return strings.HasPrefix(s, "close ") || strings.HasPrefix(s, "error ") }) {
				steps = append(steps, "mark")
			}
			for _, s := range steps {
				if _, ok := serverSteps[s]; !ok {
					t.Fatalf("step %s", s)
				}
				if s == "big" && wire.DefaultMaxMessage != 33554432 {
					t.Fatalf("messages may have %d bytes: the announced one would be waited for", wire.DefaultMaxMessage)
				}
			}
			played := make(chan net.Conn, 1)
			go func() {
				conn, err := far.play(steps)
				if err != nil {
					far.note(err.Error())
				}
				played <- conn
			}()
			address := "http://" + far.Addr().String() + "/"
			var log []string
			if c.In == "object" {
				r := newRig(t, script{})
				r.run(func(ctx context.Context, _ *probe) error { log = talkTo(ctx, address, c.Act); return nil })
			} else {
				w := newRig(t, script{}, emutest.Worker(durable.WorkerFunc(func(ctx context.Context, _ *durable.Request, _ *durable.Env) (*durable.Response, error) {
					log = talkTo(ctx, address, c.Act)
					return durable.Text(200, ""), nil
				})))
				w.Fetch("GET", "/")
			}
			far.Listener.Close() // if nobody came
			conn := <-played
			got := far.received(len(c.Far))
			if conn != nil {
				conn.Close()
			}
			for i, line := range c.Log {
				// JavaScript is still in the event when the recording reads the state; a receiver in Go is past it.
				if strings.Contains(line, "clean=false rs=1") || strings.Contains(line, "clean=false rs=2") {
					c.Log[i] = line[:len(line)-1] + string(line[len(line)-1]+1)
				}
				if before, _, ok := strings.Cut(line, "expected 'KEY'"); ok && i < len(log) && strings.HasPrefix(log[i], before+"expected '") {
					c.Log[i] = log[i] // the key is another one every time
				}
			}
			if !slices.Equal(log, c.Log) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(log, "\n\t"), strings.Join(c.Log, "\n\t"))
			}
			if len(c.Far) > 0 && !slices.Equal(got, c.Far) {
				t.Errorf("the server got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(c.Far, "\n\t"))
			}
		})
	}
}

// The ends of a pair inside one object, as recorded: the one that answers a Close
// frame gets an error event behind the close event.
func TestPairEnds(t *testing.T) {
	const lost = " | error Error: Uncaught Error: Network connection lost."
	for _, tt := range []struct {
		name         string
		halfA, halfB bool
		do           string // a closes, and then b does if it says so
		a, b         string // what each end receives
		states       string
	}{
		{"a closes", false, false, "a", `close 4000 "a" true`, `close 4000 "a" true` + lost, "3 3"},
		{"a closes, which is half open", true, false, "a", `close 4000 "a" true`, `close 4000 "a" true` + lost, "3 3"},
		{"a closes, b is half open", false, true, "a", "", `close 4000 "a" true`, "2 2"},
		{"a closes, b is half open and closes", false, true, "ab", `close 4000 "b" true`, `close 4000 "a" true` + lost, "3 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, script{})
			r.run(func(ctx context.Context, p *probe) error {
				a, b := durable.WebSocketPair()
				a.Accept(&durable.AcceptOptions{AllowHalfOpen: tt.halfA})
				b.Accept(&durable.AcceptOptions{AllowHalfOpen: tt.halfB})
				receive := func(ws *durable.WebSocket) string {
					_, err := ws.Receive(ctx)
					return ended(err)
				}
				again := func(ws *durable.WebSocket, first string) string {
					if next := receive(ws); next != first {
						return first + " | " + next
					}
					return first
				}
				a.Close(4000, "a")
				fromB := receive(b)
				if tt.do == "ab" {
					b.Close(4000, "b")
				}
				fromB = again(b, fromB)
				fromA := ""
				if tt.a != "" {
					fromA = again(a, receive(a))
				}
				p.logf("a: %s; b: %s; %d %d", fromA, fromB, a.ReadyState(), b.ReadyState())
				return nil
			})
			r.logged(fmt.Sprintf("a: %s; b: %s; %s", tt.a, tt.b, tt.states))
		})
	}
	t.Run("a message over the limit of connections", func(t *testing.T) {
		const n = 33554433
		r := newRig(t, script{})
		r.run(func(ctx context.Context, p *probe) error {
			a, b := durable.WebSocketPair()
			a.Accept(nil)
			b.Accept(nil)
			a.SendBytes(make([]byte, n))
			m, err := b.Receive(ctx)
			p.logf("%d %s", len(m.Bytes()), thrown(err))
			return nil
		})
		r.logged(fmt.Sprintf("%d ok", n))
	})
}
