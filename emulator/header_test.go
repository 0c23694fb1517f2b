package emulator_test

// https://developers.cloudflare.com/workers/runtime-apis/headers/

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/httpx"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// What is refused of headers, wherever they are given. Recorded: "" passes.
func TestHeaders(t *testing.T) {
	const name, value = "Invalid header name.", "Invalid header value."
	cases := []struct{ name, value, want string }{
		{"X-A", "a", ""}, {"X-A", "", ""}, {"X-A", "a\tb", ""}, {"X-A", "日本", ""},
		{"X-A", "a\n", ""}, {"X-A", "\na", ""}, {"X-A", " a ", ""},
		{"X-A", "a\r\nb", value}, {"X-A", "a\nb", value}, {"X-A", "a\rb", value}, {"X-A", "a\x00b", value}, {"X-A", "a\r\nSet-Cookie: b", value},
		{"a_b", "v", ""}, {"é", "v", ""},
		{"a b", "v", name}, {"a:b", "v", name}, {"a\r\n", "v", name}, {"a(b", "v", name}, {"a\x00", "v", name},
	}
	upgrade := durable.Header{"Upgrade": {"websocket"}}
	for _, place := range []string{"response", "object", "handler", "upgrade", "stub", "fetch"} {
		t.Run(place, func(t *testing.T) {
			worker := durable.WorkerFunc(func(ctx context.Context, q *durable.Request, env *durable.Env) (*durable.Response, error) {
				h := durable.Header{q.URL.Query().Get("name"): {q.URL.Query().Get("value")}}
				object := env.DurableObject("P").GetByName("o")
				switch place {
				case "response":
					return &durable.Response{Header: h, Body: strings.NewReader("x")}, nil
				case "handler":
					return nil, nil
				case "object":
					return object.Fetch(ctx, q)
				case "upgrade":
					client, _ := durable.WebSocketPair()
					resp := durable.Upgrade(client)
					resp.Header = h
					return resp, nil
				}
				out, err := durable.NewRequest("GET", "http://127.0.0.1:1/", nil)
				if err != nil {
					return nil, err
				}
				out.Header = h
				if place == "stub" {
					_, err = object.Fetch(ctx, out)
				} else if _, err = durable.Fetch(ctx, out); err != nil && strings.Contains(err.Error(), "connection") {
					err = nil // nobody is there
				}
				return durable.Text(200, "x"), err
			})
			if place == "handler" {
				worker = func(ctx context.Context, q *durable.Request, env *durable.Env) (*durable.Response, error) {
					return httpx.Worker(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						w.Header()[r.URL.Query().Get("name")] = []string{r.URL.Query().Get("value")}
						io.WriteString(w, "x")
					})).Fetch(ctx, q, env)
				}
			}
			r := newRig(t, script{}, emutest.Worker(worker))
			r.script.fetch = func(_ context.Context, _ *probe, q *durable.Request) (*durable.Response, error) {
				h := durable.Header{}
				if q.URL.Query().Has("name") {
					h[q.URL.Query().Get("name")] = []string{q.URL.Query().Get("value")}
				}
				return &durable.Response{Header: h, Body: strings.NewReader("x")}, nil
			}
			for _, tt := range cases {
				t.Run(fmt.Sprintf("%q %q", tt.name, tt.value), func(t *testing.T) {
					q, _ := http.NewRequest("GET", emutest.URL+"/?name="+url.QueryEscape(tt.name)+"&value="+url.QueryEscape(tt.value), nil)
					if place == "upgrade" {
						q.Header = http.Header(upgrade).Clone()
						q.Header.Set("Connection", "Upgrade")
						q.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
						q.Header.Set("Sec-WebSocket-Version", "13")
					}
					resp, err := r.Client().Do(q)
					if err != nil {
						t.Fatal(err)
					}
					defer resp.Body.Close()
					switch want := map[bool]int{true: 200, false: 500}[tt.want == ""]; {
					case place == "upgrade":
						if (resp.StatusCode == 101) != (tt.want == "") {
							t.Errorf("status %d", resp.StatusCode)
						}
					default:
						body, _ := io.ReadAll(resp.Body)
						if resp.StatusCode != want || tt.want != "" && !strings.Contains(string(body), "TypeError: "+tt.want) {
							t.Errorf("got %d %s", resp.StatusCode, body)
						}
					}
				})
			}
		})
	}
}

// broken is a body that fails, after what is left of it.
type broken struct{ left string }

func (f *broken) Read(p []byte) (int, error) {
	if f.left == "" {
		return 0, errors.New("body boom")
	}
	n := copy(p, f.left)
	f.left = f.left[n:]
	return n, nil
}

// A body that fails before its first byte, and what says nothing true of a body's length. Recorded, but for the
// last two: there workerd looks at the stream, not at the header.
func TestBodies(t *testing.T) {
	worker := durable.WorkerFunc(func(ctx context.Context, q *durable.Request, env *durable.Env) (*durable.Response, error) {
		h := durable.Header{}
		if n, ok := q.URL.Query()["n"]; ok {
			h["Content-Length"] = n
		}
		switch q.URL.Path {
		case "/first":
			return &durable.Response{Header: h, Body: &broken{}}, nil
		case "/later":
			return &durable.Response{Header: h, Body: &broken{"piece"}}, nil
		case "/panic":
			return &durable.Response{Header: h, Body: panicking{}}, nil
		case "/text":
			return &durable.Response{Header: h, Body: strings.NewReader("abc")}, nil
		case "/stream":
			return &durable.Response{Header: h, Body: pieces{strings.NewReader("abc")}}, nil
		}
		return env.DurableObject("P").GetByName("o").Fetch(ctx, q)
	})
	const lost = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 31\r\nContent-Type: text/plain;charset=UTF-8\r\n\r\nError: Network connection lost."
	doors(t, worker, func(t *testing.T, r *rig, dial func() net.Conn) {
		r.script.fetch = func(context.Context, *probe, *durable.Request) (*durable.Response, error) {
			return &durable.Response{Body: &broken{}}, nil
		}
		for _, tt := range []struct{ path, want string }{
			{"/first", lost}, {"/first?n=5", lost}, {"/object", lost}, {"/panic", lost},
			{"/later", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\npiece\r\n"},
			{"/text?n=5", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"},
			{"/stream?n=abc", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"},
			{"/stream?n=-1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"},
			{"/stream?n=3&n=3", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"},
			{"/stream?n=3", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"},
			{"/stream?n=5", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"},
		} {
			t.Run(tt.path, func(t *testing.T) {
				got := dateless(r.exchange(dial(), "GET "+tt.path+" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
				if got = strings.Replace(got, "Connection: close\r\n", "", 1); got != tt.want {
					t.Errorf("got\n%s\nwant\n%s", got, tt.want)
				}
			})
		}
	})
}

// panicking is a body whose reader panics.
type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("body boom") }

// A handler that ends its goroutine has answered with an exception: in the Worker, in a handler of net/http's kind, in an
// object, and when it is an RPC method's.
func TestGoexit(t *testing.T) {
	exit := func() { runtime.Goexit() }
	worker := durable.WorkerFunc(func(ctx context.Context, q *durable.Request, env *durable.Env) (*durable.Response, error) {
		switch q.URL.Path {
		case "/object":
			return env.DurableObject("P").GetByName("o").Fetch(ctx, q)
		case "/handler":
			return httpx.Worker(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { exit() })).Fetch(ctx, q, env)
		}
		exit()
		return nil, nil
	})
	doors(t, worker, func(t *testing.T, r *rig, dial func() net.Conn) {
		r.script.fetch = func(context.Context, *probe, *durable.Request) (*durable.Response, error) {
			exit()
			return nil, nil
		}
		const want = "Error: the handler ended its goroutine with runtime.Goexit"
		for _, path := range []string{"/worker", "/handler", "/object"} {
			for _, post := range []string{"", "Content-Length: 300000\r\n\r\n" + strings.Repeat("b", 300000)} {
				t.Run(path, func(t *testing.T) {
					if post == "" {
						post = "\r\n"
					}
					got := r.exchange(dial(), "POST "+path+" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"+post)
					if !strings.HasPrefix(got, "HTTP/1.1 500 ") || !strings.Contains(got, want) {
						t.Errorf("got %s", got)
					}
				})
			}
		}
	})
}
