package emulator

// https://developers.cloudflare.com/workers/runtime-apis/fetch/

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/message"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// newTransport is a world's HTTP client. It goes straight to where the user's
// code asks: no proxy of the environment, no encoding of its own.
func newTransport() *http.Transport {
	return &http.Transport{DisableCompression: true, ForceAttemptHTTP2: true}
}

// fetch is the global fetch(). It runs off the turn.
func (w *World) fetch(ctx context.Context, r *driver.Request) (resp *driver.Response, err error) {
	// Without the object's label: the client's kept connections are not the class's goroutines.
	stacks.Unlabelled(ctx, func(ctx context.Context) {
		resp, err = w.follow(r, func(r *driver.Request) (*driver.Response, error) {
			switch {
			case !isHTTP(r.URL): // where a redirect leads
				err := driver.TypeError(msgCannotLoad(r.URL.String()))
				err.Remote = true
				return nil, err
			case wire.IsUpgrade(r.Header):
				return w.dial(ctx, r)
			}
			return w.roundTrip(ctx, r)
		})
	})
	return resp, err
}

func (w *World) roundTrip(ctx context.Context, r *driver.Request) (*driver.Response, error) {
	var body io.Reader
	var over context.CancelCauseFunc
	if r.Body != nil {
		ctx, over = context.WithCancelCause(ctx)
		body = &sentBody{r.Body, w, over}
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
	got, err := w.transport.RoundTrip(req) // a client would add a Referer, and follow redirects its way
	if err != nil {
		err = w.unreachable(ctx, r, err)
		if over != nil {
			over(nil)
		}
		return nil, err
	}
	return &driver.Response{Status: got.StatusCode, Header: got.Header, Body: fetchedBody{got.Body, over}}, nil
}

// sentBody is the body of a request to outside. A goroutine of net/http's reads it, which the class's code must
// neither end nor panic in.
type sentBody struct {
	io.ReadCloser
	w    *World
	fail context.CancelCauseFunc // ends the request
}

func (b *sentBody) Read(p []byte) (n int, err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		thrown := driver.PlainError(msgGoexit)
		if p := recover(); p != nil {
			thrown = stacks.Panicked(p, debug.Stack())
		}
		b.w.fault(thrown)
		b.fail(thrown)
		n, err = 0, thrown
	}()
	n, err = b.ReadCloser.Read(p)
	returned = true
	return n, err
}

// unreachable is the exception of a request that got no response. workerd says no more
// than that there was an internal error where a name is not found or TLS fails; what it
// was is in its log.
func (w *World) unreachable(ctx context.Context, r *driver.Request, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var name *net.DNSError
	var record tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	var alert tls.AlertError
	if errors.As(err, &name) || errors.As(err, &record) || errors.As(err, &certificate) || errors.As(err, &alert) {
		w.host.Emit(host.Event{Type: host.EventLog, Message: "fetch " + r.URL.String() + ": " + err.Error()})
		return &driver.Error{Name: "Error", Message: msgInternal(w.host.Chance.Reference()), Remote: true, Cause: err}
	}
	return &driver.Error{Name: "Error", Message: msgConnectionLost, Remote: true, Retryable: true, Cause: err}
}

// fetchedBody is the body of a response from outside.
type fetchedBody struct {
	io.ReadCloser
	over context.CancelCauseFunc // called at its end; may be nil
}

// Read gives a body that breaks off workerd's error, which is retryable and not remote.
func (b fetchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && b.over != nil {
		b.over(nil)
	}
	if err != nil && err != io.EOF {
		err = &driver.Error{Name: "Error", Message: msgConnectionLost, Retryable: true, Cause: err}
	}
	return n, err
}

// Close gives up what has not been read.
func (b fetchedBody) Close() error {
	err := b.ReadCloser.Close()
	if b.over != nil {
		b.over(nil)
	}
	return err
}

// clientHeader leaves out what belongs to the connection, and what workerd does not send.
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
		out["User-Agent"] = nil // net/http would name itself
	}
	return out
}

// dial opens an outgoing WebSocket: one end of a pair is the class's, the other
// end's frames go through a connection.
func (w *World) dial(ctx context.Context, r *driver.Request) (*driver.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL.String(), nil)
	if err != nil {
		return nil, driver.TypeError(msgInvalidURL(r.URL.String()))
	}
	key := wire.NewKey()
	req.Header = clientHeader(r.Header)
	delete(req.Header, "Content-Length")
	delete(req.Header, "Sec-Websocket-Extensions")
	req.Header["Connection"], req.Header["Upgrade"] = []string{"Upgrade"}, []string{"websocket"}
	req.Header["Sec-Websocket-Version"], req.Header["Sec-Websocket-Key"] = []string{"13"}, []string{key}
	got, err := w.transport.RoundTrip(req)
	if err != nil {
		return nil, w.unreachable(ctx, r, err)
	}
	if got.StatusCode != http.StatusSwitchingProtocols {
		return &driver.Response{Status: got.StatusCode, Header: got.Header, Body: fetchedBody{got.Body, nil}}, nil
	}
	if text := wire.ClientRefusal(got.Header, key); text != "" {
		got.Body.Close()
		return &driver.Response{Status: http.StatusBadGateway, Body: strings.NewReader(text)}, nil
	}
	conn, ok := got.Body.(io.ReadWriteCloser)
	if !ok { // net/http lends it only where a Connection header names the upgrade
		got.Body.Close()
		return &driver.Response{Status: http.StatusBadGateway, Body: strings.NewReader(msgNoConnectionHeader)}, nil
	}
	ws, err := w.connect(conn)
	if err != nil {
		return nil, w.unreachable(ctx, r, err)
	}
	return &driver.Response{Status: 101, Header: got.Header, WebSocket: ws}, nil
}
