package httpx

// https://developers.cloudflare.com/workers/runtime-apis/request/

import (
	"cmp"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// origin is what an [http.Request] was made of. It has what that has no field for.
type origin struct {
	request *durable.Request
	env     *durable.Env
}

type originKey struct{}

func originOf(r *http.Request) *origin {
	o, _ := r.Context().Value(originKey{}).(*origin)
	return o
}

// incoming turns r into the request that net/http's server would make of it.
func incoming(ctx context.Context, r *durable.Request, env *durable.Env) *http.Request {
	h := http.Header(r.Header).Clone()
	if h == nil {
		h = http.Header{}
	}
	host := cmp.Or(h.Get("Host"), r.URL.Host)
	h.Del("Host")
	q := &http.Request{
		Method: cmp.Or(r.Method, http.MethodGet),
		URL:    &url.URL{Path: cmp.Or(r.URL.Path, "/"), RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery, ForceQuery: r.URL.ForceQuery},
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Host: host, RequestURI: r.URL.RequestURI(),
		Body: http.NoBody,
	}
	if ip := h.Get("Cf-Connecting-Ip"); ip != "" {
		q.RemoteAddr = net.JoinHostPort(ip, "0")
	}
	if r.Body != nil {
		q.Body = &body{ctx, r.Body}
		q.ContentLength = lengthOf(h, q.Method)
	}
	return q.WithContext(context.WithValue(ctx, originKey{}, &origin{r, env}))
}

// lengthOf returns the length of a request's body, or -1 if it is not known. A GET or HEAD without a
// Content-Length has no body.
func lengthOf(h http.Header, method string) int64 {
	n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	switch {
	case err == nil && n >= 0:
		return n
	case method == http.MethodGet || method == http.MethodHead:
		return 0
	}
	return -1
}

// outgoing turns the request of a handler or client into one to an object. Redirects are not
// followed: a handler passes them on, and an [http.Client] follows them itself.
func outgoing(r *http.Request) *durable.Request {
	u := *r.URL
	d := &durable.Request{Method: r.Method, URL: &u, Header: durable.Header(r.Header.Clone()), Body: r.Body, Redirect: driver.RedirectManual}
	if d.Header == nil {
		d.Header = durable.Header{}
	}
	o := originOf(r)
	if o != nil {
		d.CF = o.request.CF
	}
	if u.Host == "" {
		u.Scheme, u.Host = "http", r.Host
		if o != nil {
			u.Scheme = o.request.URL.Scheme
		}
	}
	d.Header.Set("Host", cmp.Or(r.Host, u.Host))
	if r.Body == http.NoBody {
		d.Body = nil
	}
	if b, ok := r.Body.(*body); ok {
		d.Body = b.ReadCloser // the object reads it, in a turn of its own
	}
	return d
}

// body is a body whose reads give the turn up.
type body struct {
	ctx context.Context
	io.ReadCloser
}

func (b *body) Read(p []byte) (n int, err error) {
	reset := off(b.ctx, driver.PinBody, func() error {
		n, err = b.ReadCloser.Read(p)
		return nil
	})
	if reset != nil {
		return n, reset
	}
	return n, err
}

// off runs f. If the context has an event it gives the turn up meanwhile.
func off(ctx context.Context, kind driver.PinKind, f func() error) error {
	if e := driver.EventOf(ctx); e != nil {
		return e.Wait(ctx, kind, driver.CallerOutside(), f)
	}
	return f()
}
