// Package outbound is fetch() to servers outside the world.
package outbound

// https://developers.cloudflare.com/workers/runtime-apis/fetch/

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/message"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// Client sends the requests of one world.
type Client struct {
	host      *host.Host
	net       *socket.Network
	budget    *wire.Budget // bounds the unsent frames of all WebSockets
	transport *http.Transport
}

// NewClient makes a client that uses no proxy of the environment and adds no Accept-Encoding.
func NewClient(h *host.Host, n *socket.Network, b *wire.Budget) *Client {
	return &Client{h, n, b, &http.Transport{DisableCompression: true, ForceAttemptHTTP2: true}}
}

func (c *Client) CloseIdle() { c.transport.CloseIdleConnections() }

// Fetch is the global fetch(): it sends a request, follows its redirects and waits for the head of the response. Every request
// to the outside goes through it.
func (c *Client) Fetch(ctx context.Context, r *driver.Request) (resp *driver.Response, err error) {
	var to Redirects
	if err := to.Begin(c.host, r); err != nil {
		return nil, err
	}
	// Without the object's label, or the goroutines of idle connections would pin the object as the class's.
	stacks.Unlabelled(ctx, func(ctx context.Context) {
		for again := true; again && err == nil; {
			if resp, err = c.send(ctx, r); err == nil {
				again, err = to.Follow(resp)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// send sends a request once.
func (c *Client) send(ctx context.Context, r *driver.Request) (*driver.Response, error) {
	switch {
	case !isHTTP(r.URL): // a redirect may lead to any URL
		err := driver.TypeError(msgCannotLoad(r.URL.String()))
		err.Remote = true
		return nil, err
	case wire.IsUpgrade(r.Header):
		return c.dial(ctx, r)
	}
	return c.roundTrip(ctx, r)
}

func (c *Client) roundTrip(ctx context.Context, r *driver.Request) (*driver.Response, error) {
	var body io.Reader
	var over context.CancelCauseFunc
	if r.Body != nil {
		ctx, over = context.WithCancelCause(ctx)
		body = &sentBody{r.Body, c.host, over}
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL.String(), body)
	if err != nil {
		return nil, driver.TypeError(msgInvalidURL(r.URL.String()))
	}
	req.Header = clientHeader(r.Header)
	if body == nil {
		delete(req.Header, "Content-Length")
	}
	if n, err := strconv.ParseInt(req.Header.Get("Content-Length"), 10, 64); err == nil {
		req.ContentLength = n
		req.Header.Del("Content-Length")
	}
	got, err := c.transport.RoundTrip(req) // not http.Client, which adds a Referer and follows redirects in its own way
	if err != nil {
		err = c.unreachable(ctx, r, err)
		if over != nil {
			over(nil)
		}
		return nil, err
	}
	_, text, _ := strings.Cut(got.Status, " ")
	return &driver.Response{Status: got.StatusCode, StatusText: text, Header: got.Header, Body: fetchedBody{got.Body, over}}, nil
}

// sentBody is the body of a request. A goroutine of net/http runs the class's code in it: without sentBody a panic would end the
// process, and after runtime.Goexit the request would wait for ever.
type sentBody struct {
	io.ReadCloser
	host *host.Host
	fail context.CancelCauseFunc // of the request
}

func (b *sentBody) Read(p []byte) (n int, err error) {
	stacks.Guard(func() { n, err = b.ReadCloser.Read(p) }, func(_ any, thrown *driver.Error) {
		thrown = host.Fault(b.host.Emit, "worker", thrown, 0)
		b.fail(thrown)
		n, err = 0, thrown
	})
	return n, err
}

// unreachable is the exception of a request that gets no response. If a name is not found or TLS fails, workerd reports only an
// internal error; a line of the log has the cause.
func (c *Client) unreachable(ctx context.Context, r *driver.Request, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var name *net.DNSError
	var record tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	var alert tls.AlertError
	if errors.As(err, &name) || errors.As(err, &record) || errors.As(err, &certificate) || errors.As(err, &alert) {
		c.host.Emit(host.Event{Type: host.EventLog, Message: "fetch " + r.URL.String() + ": " + err.Error()})
		return &driver.Error{Name: "Error", Message: msgInternal(c.host.Chance.Reference()), Remote: true, Cause: err}
	}
	return &driver.Error{Name: "Error", Message: driver.ConnectionLost, Remote: true, Retryable: true, Cause: err}
}

// fetchedBody is the body of a response.
type fetchedBody struct {
	io.ReadCloser
	over context.CancelCauseFunc // of the request, whose context lives until the body ends; may be nil
}

// Read returns workerd's error if the body breaks off. It is retryable and not remote.
func (b fetchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && b.over != nil {
		b.over(nil)
	}
	if err != nil && err != io.EOF {
		err = &driver.Error{Name: "Error", Message: driver.ConnectionLost, Retryable: true, Cause: err}
	}
	return n, err
}

func (b fetchedBody) Close() error {
	err := b.ReadCloser.Close()
	if b.over != nil {
		b.over(nil)
	}
	return err
}

// clientHeader is h without headers that belong to the connection or that workerd does not send.
func clientHeader(h map[string][]string) http.Header {
	out := http.Header{}
	for k, v := range h {
		switch k {
		case "Host", "Connection", "Upgrade", "Transfer-Encoding", "Accept-Encoding", "Keep-Alive", "Te", "Trailer", "Cf-Connecting-Ip":
			continue
		}
		if message.IsToken(k) {
			out[k] = v
		}
	}
	if out["User-Agent"] == nil {
		out["User-Agent"] = nil // keeps net/http from sending its own
	}
	return out
}
