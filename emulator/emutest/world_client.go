package emutest

// What a test asks its world: requests, WebSockets, and the addresses for clients of its own.

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

// URL is the address of the Worker for Client.
const URL = "http://emu.test"

// Client returns a client whose requests to [URL] reach the Worker, in memory. It
// follows no redirects.
func (w *World) Client() *http.Client { return w.client }

// Listen serves the Worker on a real port of the loopback interface as well and
// returns its URL, for clients of other programs.
func (w *World) Listen() string {
	w.t.Helper()
	a, err := w.net.listen()
	if err != nil {
		w.t.Fatalf("emutest: %v", err)
	}
	return "http://" + a
}

// Response is an answer with its body read.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// Fetch sends a request to the Worker and reads the answer; target is a path or
// a URL. A request that cannot be sent fails the test, and so does one that has no
// answer after 30 seconds of the time package's time: its handler waits, perhaps for
// a clock that nobody moves. In real time it may take as long as it likes.
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

// byPath is the Worker of a world without one: /BINDING/NAME/… goes to that object.
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

// TryDial is Dial for a handshake that may be refused: then the error is not nil,
// and the Conn only holds the Response, if there was one. Its methods must not be called.
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

// failure is an error of a connection in the words of its user.
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
