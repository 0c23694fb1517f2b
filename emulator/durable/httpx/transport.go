package httpx

// https://developers.cloudflare.com/durable-objects/api/stub/

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Transport sends the requests of an [http.Client] to an object, whatever their host is.
// A request needs the context of an event, and gives its turn up. A read of the response's
// body returns an error if that context has ended before it. For a WebSocket upgrade,
// which Transport refuses, use [StubHandler] or [durable.Stub.Fetch].
func Transport(s *durable.Stub) http.RoundTripper { return transport{s} }

type transport struct{ s *durable.Stub }

var errUpgrade = errors.New("httpx: Transport does not open WebSockets; use StubHandler or Stub.Fetch")

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := func() {}
	if r.Body != nil {
		sent = func() { r.Body.Close() }
	}
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		sent()
		return nil, errUpgrade
	}
	q := outgoing(r)
	setLength(q, r)
	resp, err := t.s.Fetch(r.Context(), q)
	if err != nil {
		sent()
		return nil, err
	}
	a := &http.Response{
		Status: fmt.Sprintf("%d %s", resp.Status, http.StatusText(resp.Status)), StatusCode: resp.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header(resp.Header), Body: http.NoBody, Request: r,
	}
	if a.Header == nil {
		a.Header = http.Header{}
	}
	length, err := strconv.ParseInt(a.Header.Get("Content-Length"), 10, 64)
	known := err == nil
	switch {
	case resp.Body != nil:
		a.Body = &answerBody{body{r.Context(), driver.ReadCloser(resp.Body)}, sent}
		if a.ContentLength = -1; known {
			a.ContentLength = length
		}
	case known && r.Method == http.MethodHead:
		a.ContentLength = length
		sent()
	default:
		sent()
	}
	return a, nil
}

// setLength sets the Content-Length that net/http's own client would send.
func setLength(q *durable.Request, r *http.Request) {
	q.Header.Del("Content-Length")
	switch {
	case r.ContentLength > 0:
		q.Header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	case q.Body == nil && (r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch):
		q.Header.Set("Content-Length", "0")
	}
}

// answerBody is the body of an object's answer. Its Close closes the request's body too.
type answerBody struct {
	body
	sent func()
}

func (b *answerBody) Read(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	return b.body.Read(p)
}

func (b *answerBody) Close() error {
	b.sent()
	return b.body.Close()
}
