package emulator_test

// A rig is a world under test: of the class P, which follows a script, or of objects with
// methods (objects_test.go), and of clients that speak raw frames.

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// patience is how long a test waits, in machine time, for something that must happen.
const patience = 20 * time.Second

// script is what the class of a rig does. Without a fetch it accepts WebSockets for
// hibernation with the tags of the query; the other handlers do nothing.
type script struct {
	construct func(ctx context.Context, p *probe) error
	fetch     func(ctx context.Context, p *probe, r *durable.Request) (*durable.Response, error)
	message   func(ctx context.Context, p *probe, ws *durable.WebSocket, m durable.Message) error
	closed    func(ctx context.Context, p *probe, ws *durable.WebSocket, code int, reason string, clean bool) error
	failed    func(ctx context.Context, p *probe, ws *durable.WebSocket, err error) error
	alarm     func(ctx context.Context, p *probe) error
}

// probe is an instance of P.
type probe struct {
	rig *rig
	st  *durable.State
	n   int // for scripts to count
}

type rig struct {
	*emutest.World
	t       *testing.T
	script  script  // of P
	methods methods // of Obj and Other

	mu      sync.Mutex
	log     []string
	inside  []func(ctx context.Context, p *probe) error
	made    int // instances
	starter func(ctx context.Context, env *durable.Env)
}

func newRig(t *testing.T, s script, options ...emutest.Option) *rig {
	t.Helper()
	return newRigOf(t, t, s, options...)
}

// newRigOf is newRig with a world that reports failures to tb.
func newRigOf(t *testing.T, tb emutest.TB, s script, options ...emutest.Option) *rig {
	t.Helper()
	r := &rig{t: t, script: s}
	class := durable.Define("P", func(ctx context.Context, st *durable.State, env *durable.Env) (*probe, error) {
		p := &probe{rig: r, st: st}
		r.mu.Lock()
		r.made++
		r.mu.Unlock()
		if s.construct != nil {
			return p, s.construct(ctx, p)
		}
		return p, nil
	})
	r.World = emutest.New(tb, append([]emutest.Option{emutest.Classes(class)}, options...)...)
	return r
}

// dated is the option of a configuration with a compatibility date and flags, for P.
func dated(t *testing.T, date string, flags ...string) emutest.Option {
	t.Helper()
	return configured(t, date, flags, "P")
}

// configured is the option of a configuration that binds classes to their own names.
func configured(t *testing.T, date string, flags []string, classes ...string) emutest.Option {
	t.Helper()
	type binding struct {
		Name  string `json:"name"`
		Class string `json:"class_name"`
	}
	var bindings []binding
	for _, c := range classes {
		bindings = append(bindings, binding{c, c})
	}
	text, err := json.Marshal(map[string]any{
		"name": "test", "main": "src/index.js", "compatibility_date": date, "compatibility_flags": append([]string{}, flags...),
		"durable_objects": map[string]any{"bindings": bindings},
		"migrations":      []any{map[string]any{"tag": "v1", "new_sqlite_classes": classes}},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "wrangler.json")
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	return emutest.Config(path)
}

func (p *probe) logf(format string, args ...any) { p.rig.logf(format, args...) }

func (r *rig) logf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, fmt.Sprintf(format, args...))
}

func (p *probe) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	if _, n, ok := strings.Cut(r.URL.Path, "/inside/"); ok {
		var i int
		fmt.Sscan(n, &i)
		p.rig.mu.Lock()
		f := p.rig.inside[i]
		p.rig.mu.Unlock()
		return durable.Text(200, ""), f(ctx, p)
	}
	if p.rig.script.fetch != nil {
		return p.rig.script.fetch(ctx, p, r)
	}
	return p.accept(r)
}

// accept accepts a WebSocket for hibernation.
func (p *probe) accept(r *durable.Request) (*durable.Response, error) {
	client, server := durable.WebSocketPair()
	return durable.Upgrade(client), p.st.AcceptWebSocket(server, r.URL.Query()["tag"]...)
}

func (p *probe) WebSocketMessage(ctx context.Context, ws *durable.WebSocket, m durable.Message) error {
	if p.rig.script.message == nil {
		return nil
	}
	return p.rig.script.message(ctx, p, ws, m)
}

func (p *probe) WebSocketClose(ctx context.Context, ws *durable.WebSocket, code int, reason string, clean bool) error {
	if p.rig.script.closed == nil {
		return nil
	}
	return p.rig.script.closed(ctx, p, ws, code, reason, clean)
}

func (p *probe) WebSocketError(ctx context.Context, ws *durable.WebSocket, err error) error {
	if p.rig.script.failed == nil {
		return nil
	}
	return p.rig.script.failed(ctx, p, ws, err)
}

func (p *probe) Alarm(ctx context.Context, _ durable.AlarmInfo) error {
	if p.rig.script.alarm == nil {
		return nil
	}
	return p.rig.script.alarm(ctx, p)
}

// run runs f in an event of the object P "o"; what f returns is the event's error.
func (r *rig) run(f func(ctx context.Context, p *probe) error) emutest.Response {
	r.t.Helper()
	r.mu.Lock()
	r.inside = append(r.inside, f)
	n := len(r.inside) - 1
	r.mu.Unlock()
	return r.Fetch("GET", fmt.Sprintf("/P/o/inside/%d", n))
}

// object is the object that run and clients at /P/o talk to.
func (r *rig) object() *emutest.Object { return r.Object("P", "o") }

// takeLog returns the lines logged so far, and forgets them.
func (r *rig) takeLog() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := r.log
	r.log = nil
	return lines
}

// wantLog compares the lines logged so far, and forgets them.
func (r *rig) wantLog(want ...string) {
	r.t.Helper()
	if got := r.takeLog(); !slices.Equal(got, want) {
		r.t.Errorf("logged\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// instances is how many the classes have had.
func (r *rig) instances() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.made
}

// logged waits for as many lines of the scripts' log, and checks that there are no others.
func (r *rig) logged(want ...string) {
	r.t.Helper()
	eventually(func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.log) >= len(want)
	})
	r.Settle()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.log, want) {
		r.t.Errorf("logged\n\t%s\nwant\n\t%s", strings.Join(r.log, "\n\t"), strings.Join(want, "\n\t"))
	}
	r.log = nil
}

// faults are the error events so far.
func (r *rig) faults() (list []string) {
	r.Settle()
	for _, e := range r.Events() {
		if e.Type == emulator.EventError {
			list = append(list, e.Handler+": "+e.Message)
		}
	}
	return list
}

// impatient is set by the first wait that times out. Later waits are short, so that one wrong
// constant does not cost minutes.
var impatient atomic.Bool

// patient is how long to wait: limit, or little once a wait has timed out.
func patient(limit time.Duration) time.Duration {
	if impatient.Load() {
		return 50 * time.Millisecond
	}
	return limit
}

// eventually waits until ok is true, and gives up after patience.
func eventually(ok func() bool) bool {
	for end := time.Now().Add(patient(patience)); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			impatient.Store(true)
			return false
		}
	}
	return true
}

// thrown is an error as JavaScript prints it, "ok" for none.
func thrown(err error) string {
	var e *durable.Error
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &e):
		return e.Name + ": " + e.Message
	}
	return "go: " + err.Error()
}

// rawClient is a WebSocket client that sends the frames it is given and keeps what arrives,
// a line each: text …, binary hex, ping hex, pong hex, close code "reason", FIN, RST.
type rawClient struct {
	net.Conn
	rig  *rig
	head string // of the 101 response
	// outside is true if another world, or the network, can send something too.
	outside bool
	read    sync.WaitGroup

	mu    sync.Mutex
	lines []string
	news  chan struct{}
}

// dial opens a connection in memory.
func (r *rig) dial() net.Conn {
	r.t.Helper()
	return dialIn(r.t, r.World)
}

func dialIn(t *testing.T, w *emutest.World) net.Conn {
	t.Helper()
	c, err := w.Client().Transport.(*http.Transport).DialContext(t.Context(), "tcp", "emu.test:80")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// dialTCP opens a connection over the loopback interface.
func (r *rig) dialTCP(url string) *net.TCPConn {
	r.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		r.t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

// open opens a WebSocket in memory, to the object P "o" by default.
func (r *rig) open(path ...string) *rawClient {
	r.t.Helper()
	return r.upgrade(r.dial(), append(path, "/P/o")[0], "")
}

// openTCP opens one over the loopback interface.
func (r *rig) openTCP(url string) *rawClient {
	r.t.Helper()
	return r.upgrade(r.dialTCP(url), "/P/o", "")
}

// upgrade makes the handshake over c, with more headers.
func (r *rig) upgrade(c net.Conn, path, more string) *rawClient {
	r.t.Helper()
	c.SetDeadline(time.Now().Add(3 * patience))
	go io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: emu.test\r\n"+upgrade+more+"\r\n")
	br := bufio.NewReader(c)
	w := &rawClient{Conn: c, rig: r, news: make(chan struct{})}
	for !strings.HasSuffix(w.head, "\r\n\r\n") {
		line, err := br.ReadString('\n')
		if err != nil {
			r.t.Fatalf("handshake: %v after %q", err, w.head)
		}
		w.head += line
	}
	if !strings.HasPrefix(w.head, "HTTP/1.1 101 ") {
		r.t.Fatalf("handshake: %q", w.head)
	}
	w.read.Go(func() { w.receive(br) })
	r.t.Cleanup(w.leave)
	return w
}

// leave closes the connection.
func (w *rawClient) leave() {
	w.Conn.Close()
	w.read.Wait()
}

func (w *rawClient) receive(br *bufio.Reader) {
	for {
		line, err := readFrame(br)
		if err != nil {
			line = "FIN"
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe) {
				line = "RST"
			}
		}
		w.mu.Lock()
		w.lines = append(w.lines, line)
		close(w.news)
		w.news = make(chan struct{})
		w.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// readFrame reads a server's frame, which must be whole and unmasked.
func readFrame(br *bufio.Reader) (string, error) {
	var h [8]byte
	if _, err := io.ReadFull(br, h[:2]); err != nil {
		return "", err
	}
	first, n := h[0], uint64(h[1])
	switch n {
	case 126:
		io.ReadFull(br, h[:2])
		n = uint64(binary.BigEndian.Uint16(h[:]))
	case 127:
		io.ReadFull(br, h[:])
		n = binary.BigEndian.Uint64(h[:])
	}
	if n > 1<<30 {
		return "", fmt.Errorf("a frame of %d bytes", n)
	}
	payload := make([]byte, n)
	if _, err := io.ReadFull(br, payload); err != nil {
		return "", err
	}
	switch first {
	case 0x81:
		return "text " + string(payload), nil
	case 0x82:
		return "binary " + hex.EncodeToString(payload), nil
	case 0x89:
		return "ping " + hex.EncodeToString(payload), nil
	case 0x8a:
		return "pong " + hex.EncodeToString(payload), nil
	case 0x88:
		if n == 0 {
			return "close", nil
		}
		return fmt.Sprintf("close %d %q", binary.BigEndian.Uint16(payload), payload[2:]), nil
	}
	return "", fmt.Errorf("first byte %#x", first)
}

// frame is a client's frame: the first byte, and the payload under RFC 6455's own mask.
func frame(first byte, payload string) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0xfe), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0xff), uint64(n))
	}
	mask := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	b = append(b, mask[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^mask[i&3])
	}
	return b
}

func text(s string) []byte { return frame(0x81, s) }

// closing is a Close frame; code 0 is none.
func closing(code uint16, reason string) []byte {
	if code == 0 {
		return frame(0x88, "")
	}
	return frame(0x88, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

// send writes frames in one piece.
func (w *rawClient) send(frames ...[]byte) {
	w.rig.t.Helper()
	if _, err := w.Write(slices.Concat(frames...)); err != nil {
		w.rig.t.Fatalf("send: %v", err)
	}
}

// settledPatience is how long something may take that the world has sent when it has settled.
const settledPatience = 5 * time.Second

// next returns the next line, "nothing" if none comes. In memory none is made any more
// once the world has settled; from TCP or another world it may take longer.
func (w *rawClient) next() string {
	settled := make(chan struct{})
	if _, tcp := w.Conn.(*net.TCPConn); !tcp && !w.outside {
		go func() {
			defer close(settled)
			w.rig.Settle() // not before the wait: a handler may wait for what the test does next
		}()
	}
	timer := time.NewTimer(patient(patience))
	defer timer.Stop()
	for {
		w.mu.Lock()
		if len(w.lines) > 0 {
			line := w.lines[0]
			w.lines = w.lines[1:]
			w.mu.Unlock()
			return line
		}
		news := w.news
		w.mu.Unlock()
		select {
		case <-news:
		case <-settled:
			settled = nil
			timer.Reset(patient(settledPatience))
		case <-timer.C:
			impatient.Store(true)
			return "nothing"
		}
	}
}

// expect waits for lines and checks that, of what was sent so far, nothing else comes.
func (w *rawClient) expect(want ...string) {
	w.rig.t.Helper()
	var got []string
	for range want {
		got = append(got, w.next())
	}
	w.rig.Settle()
	w.mu.Lock()
	got, w.lines = append(got, w.lines...), nil
	w.mu.Unlock()
	if !slices.Equal(got, want) {
		w.rig.t.Errorf("received\n\t%.300s\nwant\n\t%.300s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// exchange writes a request and returns everything that the server answers until it closes
// the connection.
func (r *rig) exchange(c net.Conn, request string) string {
	r.t.Helper()
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	go io.WriteString(c, request)
	b, err := io.ReadAll(c)
	if err != nil && !errors.Is(err, io.ErrClosedPipe) {
		r.t.Errorf("exchange: %v after %q", err, b)
	}
	return string(b)
}

// bare is a class that accepts WebSockets and has no handlers for them.
type bare struct{ st *durable.State }

func (b *bare) Fetch(context.Context, *durable.Request) (*durable.Response, error) {
	client, server := durable.WebSocketPair()
	return durable.Upgrade(client), b.st.AcceptWebSocket(server)
}

func bareWorld(t *testing.T) *emutest.World {
	return emutest.New(t, emutest.Classes(durable.Define("Bare", func(_ context.Context, st *durable.State, _ *durable.Env) (*bare, error) {
		return &bare{st}, nil
	})))
}
