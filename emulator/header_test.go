package emulator_test

// https://developers.cloudflare.com/workers/runtime-apis/headers/

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strconv"
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
		{"a_b", "v", ""}, {"é", "v", ""}, {"", "v", ""}, {"content-length", "1", ""}, {"host", "evil.test", ""},
		{"a b", "v", name}, {"a:b", "v", name}, {"a\r\n", "v", name}, {"a(b", "v", name}, {"a\x00", "v", name},
	}
	upgrade := durable.Header{"Upgrade": {"websocket"}}
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Host == "evil.test" || len(q.Header) > 2 {
			t.Errorf("the outside gets %s %v", q.Host, q.Header)
		}
	}))
	defer outside.Close()
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
				out, err := durable.NewRequest("GET", outside.URL, nil)
				if err != nil {
					return nil, err
				}
				out.Header = h
				if place == "stub" {
					_, err = object.Fetch(ctx, out)
				} else {
					_, err = durable.Fetch(ctx, out)
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
		case "/none":
			return &durable.Response{Header: h, Body: pieces{strings.NewReader("")}}, nil
		case "/exit":
			b := &exiting{}
			if q.URL.RawQuery == "later" {
				b.left = "piece"
			}
			return &durable.Response{Header: h, Body: b}, nil
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
			{"/stream?n=2", lost}, {"/none?n=3", lost}, {"/exit", lost}, {"/exit?later", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\npiece\r\n"},
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

// exiting is a body whose reader ends its goroutine, after what is left of it.
type exiting struct{ left string }

func (b *exiting) Read(p []byte) (int, error) {
	if b.left == "" {
		runtime.Goexit()
	}
	n := copy(p, b.left)
	b.left = b.left[n:]
	return n, nil
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

// The names of headers have no case, and their values no space around them. Recorded.
func TestHeaderNames(t *testing.T) {
	given := durable.Header{"X-A": {"1 "}, "x-a": {" 2\n"}, "Set-Cookie": {"a=1"}, "set-cookie": {"b=2"}}
	const want = "[1 2] [a=1 b=2]"
	of := func(h http.Header) string { return fmt.Sprint(h["X-A"], h["Set-Cookie"]) }
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { io.WriteString(w, of(q.Header)) }))
	defer outside.Close()
	worker := durable.WorkerFunc(func(ctx context.Context, q *durable.Request, env *durable.Env) (*durable.Response, error) {
		object := env.DurableObject("P").GetByName("o")
		out, err := durable.NewRequest("GET", outside.URL+"/request", nil)
		if err != nil {
			return nil, err
		}
		switch q.URL.Path {
		case "/response":
			return &durable.Response{Header: given, Body: strings.NewReader("x")}, nil
		case "/object":
			return object.Fetch(ctx, q)
		}
		out.Header = given
		if q.URL.Path == "/stub" {
			return object.Fetch(ctx, out)
		}
		return durable.Fetch(ctx, out)
	})
	r := newRig(t, script{}, emutest.Worker(worker))
	r.script.fetch = func(_ context.Context, _ *probe, q *durable.Request) (*durable.Response, error) {
		if q.URL.Path == "/request" {
			return durable.Text(200, of(http.Header(q.Header))), nil
		}
		return &durable.Response{Header: given, Body: strings.NewReader("x")}, nil
	}
	for _, path := range []string{"/response", "/object", "/stub", "/fetch"} {
		resp := r.Fetch("GET", path)
		got := resp.Body
		if got == "x" {
			got = of(http.Header(resp.Header))
		}
		if got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if len(given["x-a"]) != 1 {
		t.Errorf("the class's own header is %v", given)
	}
}

// A body of a response whose length is known leaves as it comes. Recorded.
func TestKnownLengthStreams(t *testing.T) {
	next := make(chan struct{})
	worker := durable.WorkerFunc(func(context.Context, *durable.Request, *durable.Env) (*durable.Response, error) {
		in, out := io.Pipe()
		go func() {
			io.WriteString(out, "ab")
			<-next
			io.WriteString(out, "cd")
			out.Close()
		}()
		return &durable.Response{Header: durable.Header{"Content-Length": {"4"}}, Body: in}, nil
	})
	doors(t, worker, func(t *testing.T, r *rig, dial func() net.Conn) {
		conn := dial()
		defer conn.Close()
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		first := make([]byte, 2)
		io.ReadFull(resp.Body, first)
		next <- struct{}{}
		if rest, err := io.ReadAll(resp.Body); string(first) != "ab" || string(rest) != "cd" || err != nil {
			t.Errorf("got %q, %q, %v", first, rest, err)
		}
	})
}

// A body that a class sends outside ends the request, not the program, if its reader panics or ends its goroutine.
func TestSentBodies(t *testing.T) {
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { io.Copy(io.Discard, q.Body) }))
	defer outside.Close()
	worker := durable.WorkerFunc(func(ctx context.Context, q *durable.Request, _ *durable.Env) (*durable.Response, error) {
		body := io.Reader(panicking{})
		if q.URL.Path == "/exit" {
			body = &exiting{"piece"}
		}
		out, err := durable.NewRequest("POST", outside.URL, body)
		if err != nil {
			return nil, err
		}
		return durable.Fetch(ctx, out)
	})
	r := newRig(t, script{}, emutest.Worker(worker))
	for path, want := range map[string]string{"/panic": "Error: body boom", "/exit": "Error: the handler ended its goroutine with runtime.Goexit"} {
		if resp := r.Fetch("GET", path); resp.Status != 500 || !strings.HasPrefix(resp.Body, want) {
			t.Errorf("%s: %+v", path, resp)
		}
	}
}

// A status that has no body lets an empty text pass. Recorded.
func TestEmptyBody(t *testing.T) {
	worker := durable.WorkerFunc(func(_ context.Context, q *durable.Request, _ *durable.Env) (*durable.Response, error) {
		status, err := strconv.Atoi(q.URL.Path[1:])
		return &durable.Response{Status: status, Body: strings.NewReader(q.URL.RawQuery)}, err
	})
	doors(t, worker, func(t *testing.T, r *rig, dial func() net.Conn) {
		for path, want := range map[string]string{
			"/204": "HTTP/1.1 204 No Content\r\n\r\n", "/304": "HTTP/1.1 304 Not Modified\r\n\r\n",
			"/205": "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
		} {
			got := dateless(r.exchange(dial(), "GET "+path+" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
			if got = strings.Replace(got, "Connection: close\r\n", "", 1); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if got := r.exchange(dial(), "GET "+path+"?x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 500 ") {
				t.Errorf("with a body: %s", got)
			}
		}
	})
}

// A function given to waitUntil that ends its goroutine has failed, and the object lives.
func TestGoexitInWaitUntil(t *testing.T) {
	gone := methods{
		"ok": func(context.Context, *obj) (any, error) { return "ok", nil },
		"wait": func(_ context.Context, o *obj) (any, error) {
			o.st.WaitUntil(func(context.Context) error { runtime.Goexit(); return nil })
			return nil, nil
		},
	}
	s := newObjects(t, gone)
	s.fetch("a", "wait").want("null")
	s.Settle()
	s.fetch("a", "ok").want("\"ok\"")
	if f := s.faults(); len(f) != 1 || !strings.Contains(fmt.Sprint(f), "runtime.Goexit") {
		t.Errorf("the log has %v", f)
	}
}
