package emulator

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// flood sends each client much that no other is sent.
type flood struct{ st *durable.State }

func (f *flood) Fetch(_ context.Context, r *durable.Request) (*durable.Response, error) {
	if r.URL.Path == "/flood" {
		for i := range 20 {
			for n, ws := range f.st.WebSockets() {
				ws.SendBytes([]byte(strings.Repeat(string(rune('a'+n)), 1<<20+i)))
			}
		}
		return durable.Text(200, ""), nil
	}
	client, server := durable.WebSocketPair()
	return durable.Upgrade(client), f.st.AcceptWebSocket(server)
}

// TestMaxWaiting: more than Options.MaxWaiting does not wait for all clients together: one for which most waits is closed,
// and the log names the bound.
func TestMaxWaiting(t *testing.T) {
	class := durable.Define("Flood", func(_ context.Context, st *durable.State, _ *durable.Env) (*flood, error) { return &flood{st}, nil })
	cfg := &config.Config{Name: "w", NameGiven: true, TopLevelName: "w",
		Bindings:   []config.DurableObjectBinding{{Name: "F", ClassName: "Flood"}},
		Migrations: []config.Migration{{Tag: "v1", NewSQLiteClasses: []config.ClassRef{{Name: "Flood"}}}}}
	logged := make(chan string, 10)
	w, err := New(Options{Config: cfg, Classes: []driver.Class{class.Driver()}, MaxWaiting: 1 << 20,
		Observe: func(e Event) {
			if e.Type == EventLog {
				logged <- e.Message
			}
		},
		Worker: durable.Export(durable.WorkerFunc(func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
			return env.DurableObject("F").GetByName("o").Fetch(ctx, r)
		}))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	srv := httptest.NewServer(w)
	t.Cleanup(srv.Close)
	for range 2 {
		c, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		io.WriteString(c, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "101") {
			t.Fatal(line, err)
		}
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, httptest.NewRequest("GET", "/flood", nil))
	select {
	case s := <-logged:
		if !strings.HasPrefix(s, "clients read too slowly: more than 1048576 bytes wait for all of them, ") {
			t.Error(s)
		}
	case <-time.After(20 * time.Second):
		t.Error("nothing is logged")
	}
}

// TestMaxWaitingOutgoing: what waits for a server that does not read counts too, whether a handler sends it or a client
// whose WebSocket is passed on.
func TestMaxWaitingOutgoing(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { c.Close() })
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		io.WriteString(c, "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+base64.StdEncoding.EncodeToString(sum[:])+"\r\n\r\n")
	}))
	t.Cleanup(server.Close)
	for _, path := range []string{"/send", "/pass"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel() // the log has the end once the connection has lingered
			logged := make(chan string, 10)
			w, err := New(Options{Config: &config.Config{Name: "w", NameGiven: true, TopLevelName: "w"}, MaxWaiting: 1 << 20,
				Observe: func(e Event) {
					if e.Type == EventLog {
						logged <- e.Message
					}
				},
				Worker: durable.Export(durable.WorkerFunc(func(ctx context.Context, r *durable.Request, _ *durable.Env) (*durable.Response, error) {
					q, err := durable.NewRequest("GET", server.URL, nil)
					if err != nil {
						return nil, err
					}
					q.Header.Set("Upgrade", "websocket")
					resp, err := durable.Fetch(ctx, q)
					if err != nil || path == "/pass" {
						return resp, err
					}
					if err := resp.WebSocket.Accept(nil); err != nil {
						return nil, err
					}
					for range 20 {
						resp.WebSocket.SendBytes(make([]byte, 1<<20))
					}
					return durable.Text(200, ""), nil
				}))})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { w.Close() })
			if path == "/send" {
				go w.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
			} else {
				srv := httptest.NewServer(w)
				t.Cleanup(srv.Close)
				c, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { c.Close() })
				io.WriteString(c, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
				if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "101") {
					t.Fatal(line, err)
				}
				message := append([]byte{0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0}, make([]byte, 1<<20)...)
				go func() {
					for range 20 {
						c.Write(message)
					}
				}()
			}
			select {
			case s := <-logged:
				if !strings.Contains(s, "more than 1048576 bytes wait for all of them, ") {
					t.Error(s)
				}
			case <-time.After(20 * time.Second):
				t.Error("nothing is logged")
			}
		})
	}
}
