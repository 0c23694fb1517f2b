//go:build !js

package httpx_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/durable/httpx"
	"github.com/seed-36a2c969/emu/fixtures/transcript"
)

// object is a class whose handler a test gives.
type object struct {
	st    *durable.State
	serve func(o *object, w http.ResponseWriter, r *http.Request)
	n     int
}

func (o *object) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	return httpx.Fetch(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { o.serve(o, w, r) }), r)
}

func (o *object) WebSocketMessage(ctx context.Context, ws *durable.WebSocket, msg durable.Message) error {
	return ws.Send("echo " + msg.String())
}

func (o *object) WebSocketClose(ctx context.Context, ws *durable.WebSocket, code int, reason string, wasClean bool) error {
	return ws.ReplyToClose(code, reason)
}

func class(serve func(o *object, w http.ResponseWriter, r *http.Request)) driver.Class {
	return durable.Define("Object", func(ctx context.Context, st *durable.State, env *durable.Env) (*object, error) {
		return &object{st: st, serve: serve}, nil
	}).Driver()
}

// toObject is a Worker that sends everything to one object.
var toObject = httpx.Worker(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	httpx.StubHandler(stub(r)).ServeHTTP(w, r)
}))

func stub(r *http.Request) *durable.Stub {
	return httpx.EnvOf(r).DurableObject("OBJECT").GetByName("a")
}

// world is a world with its server and the errors that it reported.
type world struct {
	*httptest.Server
	end    func()
	mu     sync.Mutex
	errors []emulator.Event
}

func newWorld(t *testing.T, w durable.Worker, classes ...driver.Class) *world {
	t.Helper()
	var s world
	c := &config.Config{Name: "w", Vars: []config.Var{{Name: "GREETING", IsText: true, Text: "hello", JSON: []byte(`"hello"`)}}}
	if len(classes) > 0 {
		c.Bindings = []config.DurableObjectBinding{{Name: "OBJECT", ClassName: "Object"}}
		c.Migrations = []config.Migration{{Tag: "v1", NewSQLiteClasses: []config.ClassRef{{Name: "Object"}}}}
	}
	em, err := emulator.New(emulator.Options{
		Config: c, Classes: classes, Worker: durable.Export(w),
		Observe: func(e emulator.Event) {
			if e.Type == emulator.EventError {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.errors = append(s.errors, e)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(em)
	s.end = sync.OnceFunc(func() {
		if err := em.Close(); err != nil {
			t.Error(err)
		}
		s.CloseClientConnections()
		s.Close()
	})
	t.Cleanup(s.end)
	return &s
}

func (s *world) reported() []emulator.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.errors
}

func do(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		b = append(b, " ("+err.Error()+")"...)
	}
	return resp, string(b)
}

func (s *world) get(t *testing.T, path string) (*http.Response, string) {
	t.Helper()
	return s.send(t, "GET", path, nil)
}

func (s *world) send(t *testing.T, method, path string, body io.Reader) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, r)
}

// TestAnswers compares a handler's answers with those that it gives below net/http itself.
func TestAnswers(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"nothing": func(w http.ResponseWriter, r *http.Request) {},
		"text":    func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") },
		"html":    func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<!DOCTYPE html>") },
		"bytes":   func(w http.ResponseWriter, r *http.Request) { w.Write([]byte{0, 1, 2}) },
		"status": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			w.WriteHeader(http.StatusOK)
		},
		"error":    func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusBadRequest) },
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/other", http.StatusFound) },
		"headers": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("X-A", "1")
			w.Header().Add("X-A", "2")
			w.Header().Set("Content-Type", "text/x-own")
			io.WriteString(w, "x")
			w.Header().Set("X-Late", "1")
		},
		"no type": func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Content-Type"] = nil
			io.WriteString(w, "x")
		},
		"encoded": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			io.WriteString(w, "x")
		},
		"own length": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "2")
			io.WriteString(w, "ab")
			if _, err := io.WriteString(w, "c"); err != http.ErrContentLength {
				t.Errorf("over the length: %v", err)
			}
		},
		"204": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusNoContent)
			if _, err := io.WriteString(w, "c"); err != http.ErrBodyNotAllowed {
				t.Errorf("body with 204: %v", err)
			}
		},
		"304": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", `"x"`)
			w.WriteHeader(http.StatusNotModified)
		},
		"after 103": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusCreated)
		},
		"flushed":       func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "a"); flush(w); io.WriteString(w, "b") },
		"flushed empty": func(w http.ResponseWriter, r *http.Request) { flush(w) },
		"flushed 204": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusNoContent)
			flush(w)
		},
		"content": func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "a.txt", someTime, strings.NewReader("content"))
		},
		"what it got": func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			for _, s := range []string{r.Method, r.Proto, r.URL.String(), r.RequestURI, r.Header.Get("X-Ask"), r.Header.Get("Host"), string(b)} {
				io.WriteString(w, s+"\n")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			plain := httptest.NewServer(h)
			defer plain.Close()
			ours := newWorld(t, httpx.Worker(h))
			inObject := newWorld(t, toObject, class(func(o *object, w http.ResponseWriter, r *http.Request) { h(w, r) }))
			for _, method := range []string{"GET", "HEAD", "POST"} {
				ask := func(url string) string {
					var body io.Reader
					if method == "POST" {
						body = strings.NewReader("question")
					}
					r, _ := http.NewRequest(method, url+"/a%2fb?x=1", body)
					r.Header.Set("X-Ask", "y")
					resp, text := do(t, r)
					resp.Header.Del("Date")
					return describe(resp) + text
				}
				want := ask(plain.URL)
				if got := ask(ours.URL); got != want {
					t.Errorf("%s in a Worker:\n%s\nnet/http:\n%s", method, got, want)
				}
				if got := ask(inObject.URL); got != want {
					t.Errorf("%s in an object:\n%s\nnet/http:\n%s", method, got, want)
				}
			}
		})
	}
}

// TestUpgrade opens a WebSocket to an object through handlers.
func TestUpgrade(t *testing.T) {
	accept := durable.Define("Object", func(ctx context.Context, st *durable.State, env *durable.Env) (*accepter, error) {
		return &accepter{object{st: st}}, nil
	}).Driver()
	normal := 1000
	echo := []transcript.Step{
		{Op: "open", Conn: "a", Path: "/rooms/one", Show: []string{"x-object", "x-worker"}},
		{Op: "text", Conn: "a", Data: "hi"}, {Op: "recv", Conn: "a"},
		{Op: "close", Conn: "a", Code: &normal}, {Op: "recv", Conn: "a", N: 2},
	}
	head := transcript.Line{"a", "open", 101, []any{"x-object", "/one"}, []any{"x-worker", "w"}}
	opened := []transcript.Line{head, {"a", "text", "echo hi"}, {"a", "close", 1000, ""}, {"a", "eof"}}
	for _, c := range []struct {
		name string
		wrap func(http.ResponseWriter) http.ResponseWriter
		want []transcript.Line
	}{
		{"as it is", func(w http.ResponseWriter) http.ResponseWriter { return w }, opened},
		{"wrapped", func(w http.ResponseWriter) http.ResponseWriter { return unwrapper{hider{w}} }, opened},
		{"hidden", func(w http.ResponseWriter) http.ResponseWriter { return hider{w} }, []transcript.Line{
			{"a", "open", 500, "httpx: the http.ResponseWriter cannot pass a WebSocket on; give it an Unwrap method"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mux := http.NewServeMux()
			mux.HandleFunc("GET /rooms/", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Worker", "w")
				http.StripPrefix("/rooms", httpx.StubHandler(stub(r))).ServeHTTP(c.wrap(w), r)
			})
			s := newWorld(t, httpx.Worker(mux), accept)
			steps := echo
			if len(c.want) == 1 {
				steps = []transcript.Step{{Op: "open", Conn: "a", Path: "/rooms/one"}}
			}
			got, err := transcript.Run(t.Context(), steps, func(ctx context.Context) (net.Conn, error) {
				var d net.Dialer
				return d.DialContext(ctx, "tcp", s.Listener.Addr().String())
			}, nil)
			if err != nil {
				t.Error(err)
			}
			if d := transcript.Diff(c.want, got); d != "" {
				t.Error(strings.ReplaceAll(strings.ReplaceAll(d, "real:", "want:"), "emu: ", "got: "))
			}
		})
	}
}

// accepter accepts WebSockets.
type accepter struct{ object }

func (o *accepter) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	client, server := durable.WebSocketPair()
	resp := durable.Upgrade(client)
	resp.Header = durable.Header{"X-Object": {r.URL.Path}}
	return resp, o.st.AcceptWebSocket(server)
}

type hider struct{ http.ResponseWriter }

type unwrapper struct{ hider }

func (u unwrapper) Unwrap() http.ResponseWriter { return u.ResponseWriter }

// TestErrors covers what fails before anything is sent.
func TestErrors(t *testing.T) {
	kaput := errors.New("kaput")
	for _, c := range []struct {
		name, text, stack string
		serve             func(o *object, w http.ResponseWriter, r *http.Request)
	}{
		{"panic", "Error: boom", "httpx_test.explode", func(o *object, w http.ResponseWriter, r *http.Request) { explode() }},
		{"panic of the runtime", "Error: runtime error: index out of range [1] with length 0", "httpx_test.TestErrors", func(o *object, w http.ResponseWriter, r *http.Request) {
			w.Write([][]byte{}[len(r.URL.Path)])
		}},
		{"error", "Error: kaput", "", func(o *object, w http.ResponseWriter, r *http.Request) { panic(kaput) }},
		{"bad status", "Error: invalid WriteHeader code 99", "", func(o *object, w http.ResponseWriter, r *http.Request) { w.WriteHeader(99) }},
		{"status out of range", "RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive.", "",
			func(o *object, w http.ResponseWriter, r *http.Request) { w.WriteHeader(700); io.WriteString(w, "x") }},
		{"flushed status out of range", "RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive.", "",
			func(o *object, w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(700)
				io.WriteString(w, "x")
				flush(w)
			}},
		{"101 without a socket", "RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive.", "",
			func(o *object, w http.ResponseWriter, r *http.Request) { w.WriteHeader(101) }},
		{"abort", "Error: why", "", func(o *object, w http.ResponseWriter, r *http.Request) { o.st.Abort("why") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newWorld(t, toObject, class(c.serve))
			resp, text := s.get(t, "/")
			if resp.StatusCode != 500 || !strings.HasPrefix(text, c.text) {
				t.Errorf("%d %q, want %q", resp.StatusCode, text, c.text)
			}
			found := false
			for _, e := range s.reported() {
				found = found || strings.Contains(e.Stack, c.stack)
			}
			if !found {
				t.Errorf("no stack with %s in %+v", c.stack, s.reported())
			}
		})
	}
}

func explode() { panic("boom") }

func flush(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() }

var someTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// describe is the head of a response.
func describe(resp *http.Response) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, length %d, %v\n", resp.Status, resp.ContentLength, resp.TransferEncoding)
	resp.Header.Write(&b)
	return b.String()
}
