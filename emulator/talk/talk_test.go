package talk

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// server is a server's end, frame by frame.
type server struct {
	t *testing.T
	net.Conn
	br *bufio.Reader
}

// send writes a frame of less than 126 bytes.
func (s *server) send(first byte, payload string) {
	if _, err := s.Write(append([]byte{first, byte(len(payload))}, payload...)); err != nil {
		s.t.Errorf("send %x %q: %v", first, payload, err)
	}
}

// want reads a frame.
func (s *server) want(first byte, payload string) {
	s.t.Helper()
	var head [6]byte
	if _, err := io.ReadFull(s.br, head[:]); err != nil {
		s.t.Errorf("want frame %x %q: %v", first, payload, err)
		return
	}
	data := make([]byte, head[1]&0x7f)
	io.ReadFull(s.br, data)
	for i := range data {
		data[i] ^= head[2+i%4]
	}
	if head[0] != first || string(data) != payload {
		s.t.Errorf("got frame %x %q, want %x %q", head[0], data, first, payload)
	}
}

// The first bytes of whole frames (RFC 6455, 5.2), and a payload.
const (
	text, binary, closing, ping, pong = 0x81, 0x82, 0x88, 0x89, 0x8a

	code1000 = "\x03\xe8"
)

// session is what a conversation came to.
type session struct {
	clean      bool
	err        error
	out        string
	complaints []string
	took       time.Duration
}

// hold talks to a server over net.Pipe, in a bubble's time.
func hold(t *testing.T, ctx context.Context, o Options, serve func(s *server)) (got session) {
	t.Helper()
	near, far := net.Pipe()
	var out bytes.Buffer
	o.URL, o.Out = "ws://x.example/path", &out
	o.Complain = func(err error) { got.complaints = append(got.complaints, err.Error()) }
	o.client = &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return near, nil }, DisableKeepAlives: true,
	}}
	if o.In == nil {
		o.In = strings.NewReader("")
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		defer far.Close()
		s := &server{t, far, bufio.NewReader(far)}
		r, err := http.ReadRequest(s.br)
		if err != nil {
			t.Error(err)
			return
		}
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		fmt.Fprintf(far, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n", base64.StdEncoding.EncodeToString(sum[:]))
		if p := r.Header.Get("Sec-WebSocket-Protocol"); p != "" {
			fmt.Fprintf(far, "Sec-WebSocket-Protocol: %s\r\n", p)
		}
		io.WriteString(far, "\r\n")
		serve(s)
	}()
	begun := time.Now()
	got.clean, got.err = Talk(ctx, o)
	got.took = time.Since(begun)
	got.out = out.String()
	<-served
	return got
}

// A bubble's time begins at midnight, UTC.
func TestTalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := hold(t, t.Context(), Options{
			In:           strings.NewReader("hello\n\\x 00 ff10\r\n\n\\\\x00\nno newline"),
			Subprotocols: []string{"chat"}, Ping: true, Wait: time.Minute,
		}, func(s *server) {
			s.want(ping, "1")
			time.Sleep(1500 * time.Microsecond)
			s.send(pong, "1")
			s.want(text, "hello")
			s.want(binary, "\x00\xff\x10")
			s.want(text, "")
			s.want(text, `\x00`)
			s.want(text, "no newline")
			s.send(text, "héllo")
			s.send(text, "\x1b[2J")
			s.send(text, "")
			s.send(binary, "\x01\xfe")
			s.want(closing, code1000)
			s.send(text, "late")
			s.send(closing, code1000+"bye")
		})
		clock := time.Now().Add(-got.took).Format("15:04:05")
		want := strings.NewReplacer("T0", clock, "T1", time.Now().Format("15:04:05")).Replace(
			"T0.000  open    ws://x.example/path subprotocol chat\n" +
				"T0.001  pong    after 1.5 ms\n" +
				"T0.001  text    héllo\n" +
				"T0.001  text    \"\\x1b[2J\"\n" +
				"T0.001  text\n" +
				"T0.001  binary  01fe\n" +
				"T1.001  text    late\n" +
				"T1.001  close   1000 bye\n")
		if got.out != want || !got.clean || got.err != nil || got.took.Round(time.Second) != time.Minute {
			t.Errorf("clean %v, error %v, took %v\n%s\nwant:\n%s", got.clean, got.err, got.took, got.out, want)
		}
	})
}

func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := hold(t, t.Context(), Options{JSON: true, Ping: true, Wait: time.Hour}, func(s *server) {
			s.want(ping, "1")
			s.send(pong, "1")
			synctest.Wait() // until the pong is shown: it has no order among messages
			s.send(text, "a\nb")
			s.send(text, "")
			s.send(binary, "\x00")
			s.send(closing, "")
			s.want(closing, "")
		})
		now, err := time.Now().MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		want := strings.ReplaceAll(`{"time":NOW,"type":"open","url":"ws://x.example/path"}
{"time":NOW,"type":"pong","millis":0}
{"time":NOW,"type":"text","text":"a\nb"}
{"time":NOW,"type":"text","text":""}
{"time":NOW,"type":"binary","hex":"00"}
{"time":NOW,"type":"close","code":1005,"reason":""}
`, "NOW", string(now))
		if got.out != want || !got.clean {
			t.Errorf("clean %v\n%s\nwant:\n%s", got.clean, got.out, want)
		}
	})
}

func TestEnd(t *testing.T) {
	lost := errors.New("no more tape")
	for _, test := range []struct {
		name  string
		o     Options
		serve func(s *server)
		last  string
		clean bool
		took  time.Duration
	}{
		{"normal", Options{Wait: time.Hour}, func(s *server) { s.send(closing, code1000); s.want(closing, code1000) }, "close   1000", true, 0},
		{"going away", Options{Wait: time.Hour}, func(s *server) { s.send(closing, "\x03\xe9"); s.want(closing, "\x03\xe9") }, "close   1001", true, 0},
		{"no code", Options{Wait: time.Hour}, func(s *server) { s.send(closing, ""); s.want(closing, "") }, "close   1005", true, 0},
		{"policy", Options{Wait: time.Hour}, func(s *server) { s.send(closing, "\x03\xf0no"); s.want(closing, "\x03\xf0no") }, "close   1008 no", false, 0},
		{"application", Options{Wait: time.Hour}, func(s *server) { s.send(closing, "\x0f\xa0"); s.want(closing, "\x0f\xa0") }, "close   4000", false, 0},
		{"another code in answer", Options{}, func(s *server) { s.want(closing, code1000); s.send(closing, "\x0f\xa0") }, "close   4000", false, 0},
		{"dropped", Options{Wait: time.Hour}, func(s *server) {}, "lost    the connection ended without a Close frame", false, 0},
		{"close unanswered", Options{Wait: time.Second}, func(s *server) { s.want(closing, code1000); io.Copy(io.Discard, s) },
			"lost    the server has not answered the Close frame within 5s", false, 6 * time.Second},
		{"no pong", Options{Ping: true}, func(s *server) { s.want(ping, "1"); io.Copy(io.Discard, s) }, "lost    no pong came within 5s", false, Patience},
		{"closed before the pong", Options{Ping: true}, func(s *server) { s.want(ping, "1"); s.send(closing, "\x0f\xa0"); s.want(closing, "\x0f\xa0") },
			"close   4000", false, 0},
		{"a server that does not read", Options{In: strings.NewReader("x\n")}, func(s *server) { time.Sleep(2 * time.Minute) }, "lost    the server has not answered the Close frame within 5s", false, interruption + Patience},
		{"interrupted", Options{Wait: time.Hour}, func(s *server) { s.want(closing, code1000); s.send(closing, code1000) }, "close   1000", true, interruption},
		{"input fails", Options{In: io.MultiReader(strings.NewReader("x\n"), failing{lost})}, func(s *server) {
			s.want(text, "x")
			s.want(closing, code1000)
			s.send(closing, code1000)
		}, "close   1000", true, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), interruption)
				defer cancel()
				got := hold(t, ctx, test.o, test.serve)
				lines := strings.Split(strings.TrimSpace(got.out), "\n")
				if last := lines[len(lines)-1]; !strings.HasSuffix(last, test.last) || got.clean != test.clean || got.err != nil {
					t.Errorf("%q, clean %v, error %v; want %q, clean %v", last, got.clean, got.err, test.last, test.clean)
				}
				if test.name == "input fails" && (len(got.complaints) != 1 || got.complaints[0] != "cannot read what to send: no more tape") {
					t.Errorf("complained: %q", got.complaints)
				}
				if got.took != test.took {
					t.Errorf("took %v, want %v", got.took, test.took)
				}
			})
		})
	}
}

// interruption is when a conversation of TestEnd is ended by its context.
const interruption = time.Minute

// failing is a Reader that fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
