package emutest

// Requests and WebSockets of a test, and addresses for its own clients.

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/internal/wsclient"
)

// URL is the address of the Worker for [World.Client].
const URL = "http://emu.test"

// Client returns an HTTP client whose requests to [URL] go to the Worker in memory. It does
// not follow redirects.
func (w *World) Client() *http.Client { return w.client }

// Listen serves the Worker on a port of the loopback interface too, for clients that are other
// programs, and returns its URL.
func (w *World) Listen() string {
	w.t.Helper()
	a, err := w.net.listen()
	if err != nil {
		w.t.Fatalf("emutest: %v", err)
	}
	return "http://" + a
}

// Response is a response whose body has been read.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// Fetch sends a request to the Worker and reads the response. target is a path or a URL. A
// request that cannot be sent fails the test. So does a request that has no response after 30
// seconds of package time, since its handler may wait for a clock that nobody moves; with
// [RealTime] there is no such limit.
func (w *World) Fetch(method, target string, body ...string) Response {
	w.t.Helper()
	if strings.HasPrefix(target, "/") {
		target = URL + target
	}
	var r io.Reader
	if len(body) > 0 {
		r = bytes.NewReader([]byte(strings.Join(body, "")))
	}
	ctx, cancel := context.Background(), func() {}
	if w.clock != nil {
		ctx, cancel = context.WithTimeoutCause(ctx, settlePatience, errPatience)
	}
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, target, r)
	if err != nil {
		w.t.Fatalf("emutest: %v", err)
	}
	resp, err := w.client.Do(req)
	var data []byte
	if err == nil {
		defer resp.Body.Close()
		data, err = io.ReadAll(resp.Body)
	}
	switch {
	case context.Cause(ctx) == errPatience:
		w.t.Fatalf("emutest: %s %s: after %v something still runs: %s", method, target, settlePatience, w.world.Busy())
	case err != nil && resp != nil:
		w.t.Fatalf("emutest: %s %s: reading the body: %v", method, target, w.failure(err))
	case err != nil:
		w.t.Fatalf("emutest: %s %s: %v", method, target, w.failure(err))
	}
	return Response{resp.StatusCode, resp.Header, string(data)}
}

// byPath is the default Worker: a request to /BINDING/NAME/… goes to that object.
func byPath(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
	binding, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	name, _, _ := strings.Cut(rest, "/")
	return env.DurableObject(binding).GetByName(name).Fetch(ctx, r)
}

// Dial opens a WebSocket to a path of the Worker. A refused handshake fails the
// test.
func (w *World) Dial(path string, header ...http.Header) *Conn {
	w.t.Helper()
	c, err := w.TryDial(path, header...)
	switch {
	case err != nil && c.Response != nil && c.Response.StatusCode != http.StatusSwitchingProtocols:
		body, _ := io.ReadAll(c.Response.Body)
		answer := strings.Trim(c.Response.Status+": "+string(body), ": \n")
		w.t.Fatalf("emutest: dial %s: the Worker opens no WebSocket: it answered %s", path, answer)
	case err != nil:
		w.t.Fatalf("emutest: dial %s: %v", path, err)
	}
	return c
}

// TryDial is Dial for a handshake that may be refused. Then it returns an error, and a Conn
// that only has the Response, if there was one: its methods must not be called.
func (w *World) TryDial(path string, header ...http.Header) (*Conn, error) {
	w.t.Helper()
	if !strings.HasPrefix(path, "/") {
		w.t.Fatalf("emutest: dial %q: a path of the Worker begins with /", path)
	}
	o := &wsclient.Options{HTTPClient: w.client}
	if len(header) > 0 {
		o.Header = header[0].Clone()
		o.Subprotocols = o.Header.Values("Sec-WebSocket-Protocol")
		o.Header.Del("Sec-WebSocket-Protocol")
	}
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	conn, resp, err := wsclient.Dial(ctx, URL+path, o)
	c := &Conn{w: w, t: w.t, path: path, conn: conn, Response: resp, news: make(chan struct{})}
	if err != nil {
		return c, w.failure(err)
	}
	w.mu.Lock()
	w.conns = append(w.conns, c)
	w.mu.Unlock()
	c.read.Go(c.receive)
	return c, nil
}

// failure returns an error of a connection in words for the author of the test.
func (w *World) failure(err error) error {
	w.mu.Lock()
	ended := w.ended
	w.mu.Unlock()
	switch {
	case ended:
		return errEnded
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe), errors.Is(err, net.ErrClosed):
		return errLost
	}
	return err
}
