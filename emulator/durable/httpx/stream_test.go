package httpx_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/httpx"
)

// TestFlushStreams reads each piece before the handler writes the next.
func TestFlushStreams(t *testing.T) {
	for _, in := range []string{"Worker", "object"} {
		t.Run(in, func(t *testing.T) {
			read := make(chan struct{})
			h := func(w http.ResponseWriter, r *http.Request) {
				for _, piece := range []string{"one\n", "two\n", "three\n"} {
					io.WriteString(w, piece)
					if err := flush(w); err != nil {
						t.Error(err)
					}
					durable.Await(r.Context(), func() error { <-read; return nil })
				}
				io.WriteString(w, "end\n")
			}
			s := serveIn(t, in, h)
			resp, err := http.Get(s.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			lines := bufio.NewReader(resp.Body)
			for _, want := range []string{"one\n", "two\n", "three\n"} {
				if got, err := lines.ReadString('\n'); got != want {
					t.Fatalf("%q, %v; want %q", got, err, want)
				}
				read <- struct{}{}
			}
			if rest, err := io.ReadAll(lines); string(rest) != "end\n" || err != nil {
				t.Errorf("%q, %v", rest, err)
			}
			if len(s.reported()) > 0 {
				t.Error(s.reported())
			}
		})
	}
}

// serveIn serves h in a Worker or in an object behind one.
func serveIn(t *testing.T, in string, h http.HandlerFunc) *world {
	t.Helper()
	if in == "Worker" {
		return newWorld(t, httpx.Worker(h))
	}
	return newWorld(t, toObject, class(func(o *object, w http.ResponseWriter, r *http.Request) { h(w, r) }))
}

// TestTurns: a handler that flushes lets another event in, holds the turn when it
// goes on, and can use everything of the object.
func TestTurns(t *testing.T) {
	var log []string // belongs to who has the turn
	entered := make(chan struct{})
	s := newWorld(t, toObject, class(func(o *object, w http.ResponseWriter, r *http.Request) {
		ctx, who := r.Context(), r.URL.Path
		log = append(log, who+" begins")
		if who == "/b" {
			io.WriteString(w, "b")
			close(entered)
			return
		}
		flush(w) // the client reads the head and sends b
		log = append(log, who+" goes on")
		durable.Await(ctx, func() error { <-entered; return nil })
		if err := o.st.Storage().Put(ctx, "k", 1); err != nil {
			t.Error(err)
		}
		if err := o.st.BlockConcurrencyWhile(ctx, func(ctx context.Context) error { return durable.Await(ctx, func() error { return nil }) }); err != nil {
			t.Error(err)
		}
		log = append(log, who+" ends")
		fmt.Fprint(w, len(o.st.ID().String()))
	}))
	resp, err := http.Get(s.URL + "/a")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, text := s.get(t, "/b"); text != "b" {
		t.Errorf("b answered %q", text)
	}
	if b, err := io.ReadAll(resp.Body); string(b) != "64" || err != nil {
		t.Errorf("a answered %q, %v; %+v", b, err, s.reported())
	}
	want := []string{"/a begins", "/a goes on", "/b begins", "/a ends"}
	if !slices.Equal(log, want) {
		t.Errorf("%q, want %q", log, want)
	}
}

// TestWritesKeepTheTurn: nothing but a flush lets another event in.
func TestWritesKeepTheTurn(t *testing.T) {
	inside := 0
	s := newWorld(t, toObject, class(func(o *object, w http.ResponseWriter, r *http.Request) {
		inside++
		for range 100 {
			io.WriteString(w, strings.Repeat("x", 1000))
			if inside != 1 {
				t.Error("another event was let in")
			}
		}
		inside--
	}))
	done := make(chan string)
	for range 8 {
		go func() {
			resp, err := http.Get(s.URL)
			if err != nil {
				done <- err.Error()
				return
			}
			defer resp.Body.Close()
			n, _ := io.Copy(io.Discard, resp.Body)
			done <- fmt.Sprint(n)
		}()
	}
	for range 8 {
		if got := <-done; got != "100000" {
			t.Errorf("%s bytes", got)
		}
	}
}

// TestBodyGivesTheTurnUp: an object that waits for a request's body handles others.
func TestBodyGivesTheTurnUp(t *testing.T) {
	for _, first := range []string{"reads", "flushes"} {
		t.Run(first, func(t *testing.T) {
			began := make(chan struct{})
			s := newWorld(t, toObject, class(func(o *object, w http.ResponseWriter, r *http.Request) {
				if r.Method == "GET" {
					io.WriteString(w, "got in")
					return
				}
				if first == "flushes" {
					flush(w)
				}
				close(began)
				b, err := io.ReadAll(r.Body)
				fmt.Fprintf(w, "%s %v", b, err)
			}))
			pr, pw := io.Pipe()
			answer := make(chan string)
			go func() {
				_, text := s.send(t, "POST", "/", pr)
				answer <- text
			}()
			<-began
			if _, text := s.get(t, "/"); text != "got in" {
				t.Error(text)
			}
			io.WriteString(pw, "slowly")
			pw.Close()
			if text := <-answer; text != "slowly <nil>" {
				t.Error(text)
			}
		})
	}
}

// TestPanicWhileStreaming: the body breaks off, the log has the panic but not an abort.
func TestPanicWhileStreaming(t *testing.T) {
	for _, in := range []string{"Worker", "object"} {
		for _, c := range []struct {
			name, message string
			p             any
		}{{"panic", "Error: boom", "boom"}, {"abort", "", http.ErrAbortHandler}} {
			t.Run(in+"/"+c.name, func(t *testing.T) {
				s := serveIn(t, in, func(w http.ResponseWriter, r *http.Request) {
					io.WriteString(w, "one")
					flush(w)
					panic(c.p)
				})
				_, text := s.get(t, "/")
				if text != "one (unexpected EOF)" {
					t.Errorf("body %q", text)
				}
				found := false
				for _, e := range s.reported() {
					found = found || e.Message == c.message && strings.Contains(e.Stack, "TestPanicWhileStreaming")
				}
				if found != (c.message != "") {
					t.Errorf("reported %+v", s.reported())
				}
			})
		}
	}
}

// TestAbortWhileStreaming: a reset breaks the body off, of which the client has what had left; the object is made anew.
func TestAbortWhileStreaming(t *testing.T) {
	s := newWorld(t, toObject, class(func(o *object, w http.ResponseWriter, r *http.Request) {
		o.n++
		switch r.URL.Path {
		case "/stream":
			io.WriteString(w, "one")
			flush(w)
			durable.Sleep(r.Context(), time.Hour)
		case "/abort":
			o.st.Abort("why")
		}
		fmt.Fprint(w, o.n)
	}))
	resp, err := http.Get(s.URL + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	one := make([]byte, 3)
	if _, err := io.ReadFull(resp.Body, one); err != nil || string(one) != "one" {
		t.Errorf("%q, %v", one, err)
	}
	if resp, _ := s.get(t, "/abort"); resp.StatusCode != http.StatusInternalServerError {
		t.Errorf("the abort: %s", resp.Status)
	}
	if rest, err := io.ReadAll(resp.Body); len(rest) > 0 || err != io.ErrUnexpectedEOF {
		t.Errorf("after the reset: %q, %v", rest, err)
	}
	if _, text := s.get(t, "/"); text != "1" {
		t.Errorf("after the reset: %q", text)
	}
}

// TestClientLeaves: the handler is told by the writer, and only by it.
func TestClientLeaves(t *testing.T) {
	for _, in := range []string{"Worker", "object"} {
		t.Run(in, func(t *testing.T) {
			told := make(chan error, 1)
			s := serveIn(t, in, func(w http.ResponseWriter, r *http.Request) {
				for {
					io.WriteString(w, strings.Repeat("x", 1000))
					if err := flush(w); err != nil {
						_, werr := io.WriteString(w, "x")
						told <- errors.Join(r.Context().Err(), werr)
						return
					}
				}
			})
			resp, err := http.Get(s.URL)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Read(make([]byte, 10))
			resp.Body.Close()
			if err := <-told; !errors.Is(err, io.ErrClosedPipe) || errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
}

// TestCloseWhileStreaming: a world ends although a client does not read.
func TestCloseWhileStreaming(t *testing.T) {
	for _, in := range []string{"Worker", "object"} {
		t.Run(in, func(t *testing.T) {
			ended := make(chan error, 1)
			s := serveIn(t, in, func(w http.ResponseWriter, r *http.Request) {
				for flush(w) == nil {
					io.WriteString(w, strings.Repeat("x", 1<<16))
				}
				<-r.Context().Done() // presently: the stream ends first
				ended <- r.Context().Err()
			})
			resp, err := http.Get(s.URL)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				resp.Body.Close()
				if err := <-ended; err == nil {
					t.Error("the handler's context did not end")
				}
			})
			t.Cleanup(s.end) // before
		})
	}
}

// TestProxy is httputil.ReverseProxy in front of an object that streams.
func TestProxy(t *testing.T) {
	next := make(chan struct{})
	events := class(func(o *object, w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			b, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %d %s", r.Host, r.ContentLength, b)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			flush(w)
			durable.Await(r.Context(), func() error { <-next; return nil })
		}
	})
	s := newWorld(t, httpx.Worker(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := &httputil.ReverseProxy{
			Rewrite:   func(p *httputil.ProxyRequest) { p.SetURL(&url.URL{Scheme: "http", Host: "object"}) },
			Transport: httpx.Transport(stub(r)),
		}
		p.ServeHTTP(w, r)
	})), events)
	resp, err := http.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	for i := range 3 {
		if got, err := lines.ReadString('\n'); got != fmt.Sprintf("data: %d\n", i) {
			t.Fatalf("%q, %v", got, err)
		}
		lines.ReadString('\n')
		next <- struct{}{}
	}
	if _, text := s.send(t, "POST", "/", strings.NewReader("question")); text != "object 8 question" {
		t.Error(text)
	}
}

// TestWithoutEvent: handlers run in a plain test too.
func TestWithoutEvent(t *testing.T) {
	r, _ := durable.NewRequest("GET", "http://a/b", nil)
	resp, err := httpx.Worker(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "one ")
		flush(w)
		io.WriteString(w, r.Host)
	})).Fetch(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(resp.Body); string(b) != "one a" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

// TestForwarding passes requests and answers on through StubHandler, as they are and
// through a writer that another one wraps.
func TestForwarding(t *testing.T) {
	for _, wrapped := range []bool{false, true} {
		t.Run(fmt.Sprint("wrapped ", wrapped), func(t *testing.T) {
			s := newWorld(t, httpx.Worker(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Worker", "w")
				r.Header.Set("X-Var", httpx.EnvOf(r).Var("GREETING"))
				if wrapped {
					w = unwrapper{hider{w}}
				}
				httpx.StubHandler(stub(r)).ServeHTTP(w, r)
			})), class(func(o *object, w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				w.Header().Set("X-Object", "o")
				w.WriteHeader(http.StatusTeapot)
				fmt.Fprintln(w, r.Method, r.URL, r.Host, r.ContentLength, r.Header.Get("X-Var"), httpx.EnvOf(r) == nil, string(b))
			}))
			resp, text := s.send(t, "POST", "/x?y=z", strings.NewReader("body"))
			host := strings.TrimPrefix(s.URL, "http://")
			if want := "POST /x?y=z " + host + " 4 hello true body\n"; text != want {
				t.Errorf("%q, want %q", text, want)
			}
			if resp.StatusCode != http.StatusTeapot || resp.Header.Get("X-Worker") != "w" || resp.Header.Get("X-Object") != "o" || resp.ContentLength != int64(len(text)) {
				t.Error(describe(resp))
			}
		})
	}
}

// TestStubHandlerErrors: an object's error is the Worker's, or an answer elsewhere.
func TestStubHandlerErrors(t *testing.T) {
	s := newWorld(t, httpx.Worker(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/recorded" {
			rec := httptest.NewRecorder()
			httpx.StubHandler(stub(r)).ServeHTTP(rec, r)
			fmt.Fprintf(w, "%d %s", rec.Code, rec.Body)
			return
		}
		httpx.StubHandler(stub(r)).ServeHTTP(w, r)
	})), class(func(o *object, w http.ResponseWriter, r *http.Request) { panic("boom") }))
	if resp, text := s.get(t, "/"); resp.StatusCode != 500 || text != "Error: boom" {
		t.Errorf("%d %q", resp.StatusCode, text)
	}
	if _, text := s.get(t, "/recorded"); text != "500 boom\n" {
		t.Errorf("%q", text)
	}
}

// TestClient is an http.Client that asks an object.
func TestClient(t *testing.T) {
	s := newWorld(t, httpx.Worker(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &http.Client{Transport: httpx.Transport(stub(r))}
		ask := func(method, url, body string, header http.Header) {
			var from io.Reader
			if body != "" {
				from = strings.NewReader(body)
			}
			q, _ := http.NewRequestWithContext(r.Context(), method, url, from)
			if header != nil {
				q.Header = header
			}
			resp, err := c.Do(q)
			if err != nil {
				fmt.Fprintln(w, "error:", err)
				return
			}
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			fmt.Fprintln(w, resp.Status, resp.ContentLength, resp.Request.URL, string(b), err)
		}
		ask("GET", "http://o/a", "", nil)
		ask("HEAD", "http://o/a", "", nil)
		ask("POST", "http://o/a", "body", nil)
		ask("POST", "http://o/a", "", nil)
		ask("GET", "http://o/moved", "", nil)
		ask("GET", "http://o/204", "", nil)
		ask("GET", "http://o/panic", "", nil)
		ask("GET", "http://o/ws", "", http.Header{"Upgrade": {"websocket"}})
		ctx, cancel := context.WithCancel(r.Context())
		cancel()
		q, _ := http.NewRequestWithContext(ctx, "GET", "http://o/a", nil)
		_, err := c.Do(q)
		fmt.Fprintln(w, errors.Is(err, context.Canceled))
	})), class(func(o *object, w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/to", http.StatusSeeOther)
		case "/204":
			w.WriteHeader(http.StatusNoContent)
		case "/panic":
			panic("boom")
		default:
			b, _ := io.ReadAll(r.Body)
			fmt.Fprint(w, r.Method, " ", r.URL, " ", r.ContentLength, " ", string(b))
		}
	}))
	_, text := s.get(t, "/")
	want := `200 OK 9 http://o/a GET /a 0  <nil>
200 OK 10 http://o/a  <nil>
200 OK 14 http://o/a POST /a 4 body <nil>
200 OK 10 http://o/a POST /a 0  <nil>
200 OK 10 http://o/to GET /to 0  <nil>
204 No Content 0 http://o/204  <nil>
error: Get "http://o/panic": boom
error: Get "http://o/ws": httpx: Transport does not open WebSockets; use StubHandler or Stub.Fetch
true
`
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

// A redirect of an object, with its cookies, is the client's.
func TestRedirectPassesThrough(t *testing.T) {
	s := newWorld(t, toObject, class(func(_ *object, w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
		http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
		http.Redirect(w, r, "/to", http.StatusFound)
	}))
	resp, _ := s.get(t, "/moved")
	if got := resp.Header.Values("Set-Cookie"); resp.StatusCode != 302 || resp.Header.Get("Location") != "/to" || len(got) != 2 {
		t.Errorf("%d, Location %q, cookies %q", resp.StatusCode, resp.Header.Get("Location"), got)
	}
}
