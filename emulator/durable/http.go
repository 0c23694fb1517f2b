package durable

// https://developers.cloudflare.com/workers/runtime-apis/request/

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Header is net/http's Header without that package: http.Header(h) converts it.
type Header map[string][]string

// Get returns the first value of key, "" if there is none.
func (h Header) Get(key string) string { return textproto.MIMEHeader(h).Get(key) }

// Set replaces the values of key.
func (h Header) Set(key, value string) { textproto.MIMEHeader(h).Set(key, value) }

// Add adds a value to key.
func (h Header) Add(key, value string) { textproto.MIMEHeader(h).Add(key, value) }

// Del removes key.
func (h Header) Del(key string) { textproto.MIMEHeader(h).Del(key) }

// Values returns all values of key.
func (h Header) Values(key string) []string { return textproto.MIMEHeader(h).Values(key) }

// Request is a request that was received or is sent. Its fields mean what they mean in
// [net/http.Request]. Package httpx converts between the two.
type Request struct {
	Method string   // "" is GET
	URL    *url.URL // absolute
	Header Header
	Body   io.ReadCloser // not nil in a received request
	CF     CF            // request.cf

	// Redirect says what [Fetch] and [Stub.Fetch] do with a response that redirects.
	// "follow" or "" follows it, up to 20 times. "manual" returns the response. A
	// received request has "manual", so that a proxy passes on redirects with their
	// cookies.
	Redirect string
}

// CF is the part of request.cf that has a known meaning.
type CF struct{ Colo, Country, City, ASN string }

// NewRequest makes a request to an absolute URL. body may be nil. Only a body that is
// a [strings.Reader], [bytes.Reader] or [bytes.Buffer] can be sent again when a redirect
// is followed.
func NewRequest(method, address string, body io.Reader) (*Request, error) {
	u, err := url.Parse(address)
	if err != nil || !u.IsAbs() || u.Host == "" {
		return nil, &Error{Name: "TypeError", Message: "Invalid URL: " + address}
	}
	r := &Request{Method: method, URL: u, Header: Header{}}
	switch b := body.(type) {
	case nil:
	case io.ReadCloser:
		r.Body = b
	case *strings.Reader, *bytes.Reader, *bytes.Buffer:
		r.Body = bufferBody{b.(buffer)}
	default:
		r.Body = io.NopCloser(body)
	}
	if n, ok := lengthOf(body); ok {
		r.Header.Set("Content-Length", strconv.Itoa(n))
	}
	return r, nil
}

// Clone returns a copy that can be changed without changing r. Both have the same body,
// which can only be read once.
func (r *Request) Clone() *Request {
	c := *r
	u := *r.URL
	c.URL = &u
	c.Header = make(Header, len(r.Header))
	for k, v := range r.Header {
		c.Header[k] = slices.Clone(v)
	}
	return &c
}

// Response is an answer. The zero Status is 200.
type Response struct {
	Status    int
	Header    Header
	Body      io.Reader // nil if there is none; if it is an [io.Closer] it is closed after use
	WebSocket *WebSocket

	// URL and Redirected are response.url and response.redirected of a fetched response.
	URL        string
	Redirected bool
}

// Text is new Response(body, {status}), with text/plain;charset=UTF-8.
func Text(status int, body string) *Response {
	return &Response{Status: status, Header: Header{"Content-Type": {"text/plain;charset=UTF-8"}}, Body: strings.NewReader(body)}
}

// JSON is Response.json(v, {status}); v is encoded by encoding/json.
func JSON(status int, v any) (*Response, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return &Response{Status: status, Header: Header{"Content-Type": {"application/json"}}, Body: bytes.NewReader(data)}, nil
}

// Upgrade is new Response(null, {status: 101, webSocket: client}).
func Upgrade(client *WebSocket) *Response { return &Response{Status: 101, WebSocket: client} }

// Fetch is the global fetch(). If the request has the header "Upgrade: websocket", the
// response's WebSocket is the connection. Call [WebSocket.Accept] before using it.
func Fetch(ctx context.Context, r *Request) (*Response, error) {
	e := driver.EventOf(ctx)
	if e == nil {
		return nil, ErrNoEvent
	}
	o := newOperation[*driver.Response](ctx)
	started, err := e.StartFetch(ctx, sent(r), callerOf(ctx), o.done)
	return gotten(o.wait(ctx, started, err))
}

// noBody is the body of a received request that has none.
type noBody struct{}

func (noBody) Read([]byte) (int, error) { return 0, io.EOF }
func (noBody) Close() error             { return nil }

// receivedBody is a body whose reads fail with the class author's errors.
type receivedBody struct{ io.Reader }

func (b receivedBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = caught(err)
	}
	return n, err
}

// Close closes the body if it can be closed.
func (b receivedBody) Close() error { return driver.ReadCloser(b.Reader).Close() }

// received turns a request of the runtime into the handler's.
func received(r *driver.Request) *Request {
	q := &Request{Method: r.Method, URL: r.URL, Header: r.Header, CF: CF(r.CF), Redirect: driver.RedirectManual}
	q.Body = noBody{}
	if r.Body != nil {
		q.Body = receivedBody{r.Body}
	}
	return q
}

// sent turns a class author's request into the runtime's. Its headers are a copy, since the runtime
// changes them.
func sent(r *Request) *driver.Request {
	d := &driver.Request{Method: r.Method, URL: r.URL, Header: maps.Clone(r.Header), Body: r.Body, CF: driver.CF(r.CF), Redirect: r.Redirect}
	if d.Method == "" {
		d.Method = "GET"
	}
	if d.Header == nil {
		d.Header = map[string][]string{}
	}
	switch b := d.Body.(type) {
	case noBody:
		d.Body = nil
	case receivedBody:
		d.Body = driver.ReadCloser(b.Reader)
	case bufferBody:
		if d.Redirect != driver.RedirectManual {
			d.BodyAgain = b.again()
		}
	}
	return d
}

// gotten turns a response of the runtime into that of the caller of Fetch.
func gotten(r *driver.Response, err error) (*Response, error) {
	if err != nil {
		return nil, err
	}
	resp := &Response{Status: r.Status, Header: r.Header, WebSocket: socketOf(r.WebSocket), URL: r.URL, Redirected: r.Redirected}
	if r.Body != nil {
		resp.Body = receivedBody{r.Body}
	}
	return resp, nil
}

// answer turns a handler's result into the runtime's response.
func answer(r *Response, err error) (*driver.Response, error) {
	if err != nil {
		return nil, thrown(err)
	}
	if r == nil {
		return nil, nil
	}
	d := &driver.Response{Status: r.Status, Header: r.Header, Body: r.Body}
	if b, ok := d.Body.(receivedBody); ok {
		d.Body = b.Reader // the runtime recognises its own bodies
	}
	if d.Status == 0 {
		d.Status = 200
	}
	if r.WebSocket != nil {
		d.WebSocket = r.WebSocket.s
	}
	if n, ok := lengthOf(r.Body); ok {
		d.Header = maps.Clone(d.Header)
		if d.Header == nil {
			d.Header = map[string][]string{}
		}
		d.Header["Content-Length"] = []string{strconv.Itoa(n)}
	}
	return d, nil
}

// bufferBody is a body in memory. By its Len the runtime knows that reading it takes no time.
type bufferBody struct{ buffer }

type buffer interface {
	io.Reader
	Len() int
}

func (bufferBody) Close() error { return nil }

// again returns a function that returns the body from where it stands now.
func (b bufferBody) again() func() io.ReadCloser {
	switch b := b.buffer.(type) {
	case *strings.Reader:
		at := *b
		return func() io.ReadCloser { c := at; return bufferBody{&c} }
	case *bytes.Reader:
		at := *b
		return func() io.ReadCloser { c := at; return bufferBody{&c} }
	case *bytes.Buffer:
		left := b.Bytes()
		return func() io.ReadCloser { return bufferBody{bytes.NewReader(left)} }
	}
	return nil
}

// lengthOf returns the length of a body in memory.
func lengthOf(body io.Reader) (int, bool) {
	switch b := body.(type) {
	case *strings.Reader:
		return b.Len(), true
	case *bytes.Reader:
		return b.Len(), true
	case *bytes.Buffer:
		return b.Len(), true
	}
	return 0, false
}
