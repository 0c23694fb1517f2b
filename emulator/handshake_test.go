package emulator_test

// RFC 6455 section 4, as workerd plays it: the Worker runs for every request with
// "Upgrade: websocket", and a wrong handshake is refused when its answer is 101.

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

func TestHandshake(t *testing.T) {
	const accept = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	var header durable.Header
	r := newRig(t, script{fetch: func(_ context.Context, p *probe, q *durable.Request) (*durable.Response, error) {
		resp, err := p.accept(q)
		if resp != nil {
			resp.Header = header
		}
		p.logf("protocol %q, extensions %q, url %q", p.st.WebSockets()[0].Protocol(), p.st.WebSockets()[0].Extensions(), p.st.WebSockets()[0].URL())
		return resp, err
	}})
	for _, tt := range []struct {
		name   string
		header durable.Header
		more   string
		want   string
	}{
		{"3.9 order of the headers", durable.Header{"X-B": {"1"}, "X-A": {"2"}, "Set-Cookie": {"a=1", "b=2"}}, "",
			accept + "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-A: 2\r\nX-B: 1\r\n\r\n"},
		{"3.9 what belongs to the handshake is the runtime's", durable.Header{"Upgrade": {"foo"}, "Connection": {"bar"}, "Sec-Websocket-Extensions": {"x"}, "Sec-Websocket-Accept": {"y"}, "Content-Length": {"5"}}, "",
			accept + "\r\n"},
		{"3.9 a subprotocol of the response", durable.Header{"Sec-Websocket-Protocol": {"chat"}}, "Sec-WebSocket-Protocol: other\r\n",
			accept + "Sec-Websocket-Protocol: chat\r\n\r\n"},
		{"3.9 a subprotocol of the request only", nil, "Sec-WebSocket-Protocol: chat\r\n", accept + "\r\n"},
		{"3.9 permessage-deflate is declined", nil, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n", accept + "\r\n"},
		{"3.9 a second connection header", nil, "Connection: keep-alive\r\n", accept + "\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			header = tt.header
			if got := r.upgrade(r.dial(), "/P/o", tt.more).head; got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			r.logged(`protocol "", extensions "", url ""`)
		})
	}
}

func TestWrongHandshake(t *testing.T) {
	const (
		get     = "GET / HTTP/1.1\r\nHost: emu.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
		version = "Sec-WebSocket-Version: 13\r\n"
		key     = "Sec-WebSocket-Key: short\r\n"
		head426 = "HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nContent-Length: 56\r\nContent-Type: text/plain\r\nSec-Websocket-Version: 13\r\n"
		head400 = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: %d\r\nContent-Type: text/plain\r\n"
		msg     = "ERROR: The requested WebSocket version is not supported."
		noKey   = "ERROR: Missing Sec-WebSocket-Key"
		noGet   = "ERROR: WebSocket must be initiated with a GET request."
	)
	answer := func(head, body string) string { return head + "\r\n" + body }
	for _, tt := range []struct {
		name, request, want string
	}{
		{"HS-1 version 8", get + key + "Sec-WebSocket-Version: 8\r\n\r\n", answer(head426, msg)},
		{"HS-1 no version", get + key + "\r\n", answer(head426, msg)},
		{"HS-2 no key", get + version + "\r\n", answer(fmt.Sprintf(head400, len(noKey)), noKey)},
		{"HS-3 POST", strings.Replace(get, "GET", "POST", 1) + version + key + "Content-Length: 0\r\n\r\n", answer(fmt.Sprintf(head400, len(noGet)), noGet)},
		{"HS-3 HEAD", strings.Replace(get, "GET", "HEAD", 1) + version + key + "\r\n", answer(fmt.Sprintf(head400, len(noGet)), "")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, teller(nil), emutest.Worker(durable.WorkerFunc(func(ctx context.Context, q *durable.Request, env *durable.Env) (*durable.Response, error) {
				if q.Method != "GET" || q.Header.Get("Sec-WebSocket-Version") != "13" || len(q.Header.Get("Sec-WebSocket-Key")) < 5 {
					t.Errorf("the Worker sees %s %v", q.Method, q.Header)
				}
				return env.DurableObject("P").GetByName("o").Fetch(ctx, q)
			})))
			if got := r.exchange(r.dial(), tt.request); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			r.logged(fmt.Sprintf("close 1006 %q false, state 2", disconnected)) // of the accepted socket
		})
	}
	for _, method := range []string{"GET", "PUT"} {
		t.Run("HS-1 "+method+", and the Worker's answer is another", func(t *testing.T) {
			r := newRig(t, script{}, emutest.Worker(durable.WorkerFunc(func(context.Context, *durable.Request, *durable.Env) (*durable.Response, error) {
				return durable.Text(403, "no"), nil
			})))
			got := r.exchange(r.dial(), method+" / HTTP/1.1\r\nHost: emu.test\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n")
			if !strings.HasPrefix(got, "HTTP/1.1 403 ") || !strings.HasSuffix(got, "\r\n\r\nno") {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestWhatIsAnUpgrade(t *testing.T) {
	seen := make(chan durable.Header, 1)
	r := newRig(t, script{}, emutest.Worker(durable.WorkerFunc(func(_ context.Context, q *durable.Request, _ *durable.Env) (*durable.Response, error) {
		seen <- q.Header
		if q.Header.Get("Upgrade") == "" {
			return durable.Text(200, "plain"), nil
		}
		client, _ := durable.WebSocketPair()
		return durable.Upgrade(client), nil
	})))
	for _, tt := range []struct {
		name, header string
		status       string
		want         durable.Header
	}{
		{"3.9 case of the value", "Connection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n", "101",
			durable.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"short"}}},
		{"3.9 Connection does not matter", "Connection: keep-alive\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n", "101",
			durable.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"short"}}},
		{"3.9 h2c is a plain request", "Connection: Upgrade\r\nUpgrade: h2c\r\n", "200", durable.Header{}},
		{"3.9 extensions and subprotocols are passed on", upgrade + "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: a, b\r\nOrigin: http://elsewhere\r\n", "101",
			durable.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
				"Sec-Websocket-Extensions": {"permessage-deflate"}, "Sec-Websocket-Protocol": {"a, b"}, "Origin": {"http://elsewhere"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := r.dial()
			defer c.Close()
			go c.Write([]byte("GET / HTTP/1.1\r\nHost: emu.test\r\n" + tt.header + "\r\n"))
			var b [12]byte
			if c.Read(b[:]); string(b[:]) != "HTTP/1.1 "+tt.status {
				t.Errorf("got %q", b)
			}
			tt.want["Host"], tt.want["Accept-Encoding"], tt.want["Cf-Connecting-Ip"] = []string{"emu.test"}, []string{"br, gzip"}, []string{"127.0.0.1"}
			if got := <-seen; fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("got  %v\nwant %v", got, tt.want)
			}
		})
	}
}

// Requests are logged as answered, upgrades when they are.
func TestRequestLog(t *testing.T) {
	r := newRig(t, script{}, emutest.Worker(durable.WorkerFunc(func(_ context.Context, q *durable.Request, _ *durable.Env) (*durable.Response, error) {
		if q.URL.Path == "/throw" {
			return nil, fmt.Errorf("boom")
		}
		client, _ := durable.WebSocketPair()
		return durable.Upgrade(client), nil
	})))
	r.open("/chat?x=1")
	r.Fetch(http.MethodPost, "/throw")
	var got []string
	for _, e := range r.Events() {
		if e.Type == emulator.EventRequest {
			got = append(got, fmt.Sprint(e.Method, e.Path, e.Status))
		}
	}
	t.Run("FD-10 at the 101, and of errors", func(t *testing.T) {
		if want := []string{"GET/chat101", "POST/throw500"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
