// RFC 6455, section 4.1: the client's opening handshake.

package wsclient

//lint:file-ignore SA1019 as in conn.go

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"nhooyr.io/websocket"
)

const (
	// maxRefusal is how much of the body of a refused handshake is kept, in bytes.
	maxRefusal = 1 << 20

	// refusalTimeout is how long the body of a refused handshake may take.
	refusalTimeout = 3 * time.Second
)

// Options are the settings of Dial. The zero Options are the defaults.
type Options struct {
	// Header is sent with the handshake. Its Host, if any, replaces the URL's.
	Header http.Header

	// Subprotocols are offered in this order.
	Subprotocols []string

	// HTTPClient makes the handshake: nil is [http.DefaultClient]. Its Transport must return the
	// connection as the body of a 101 response, as [http.Transport] does.
	HTTPClient *http.Client
}

// Dial opens a connection to a ws, wss, http or https URL. ctx bounds only the handshake. If the server
// refuses the handshake, Dial returns its response with an error. Up to 1 MiB of the body can be read
// then, as far as it arrived within 3 seconds. It need not be closed.
func Dial(ctx context.Context, url string, o *Options) (*Conn, *http.Response, error) {
	client := *cmp.Or(o.HTTPClient, http.DefaultClient)
	h := &handshake{transport: cmp.Or(client.Transport, http.DefaultTransport)}
	client.Transport = h

	ws, resp, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient:   &client,
		HTTPHeader:   o.Header,
		Host:         o.Header.Get("Host"),
		Subprotocols: o.Subprotocols,
	})
	if err != nil {
		if resp != nil {
			resp.Body = io.NopCloser(bytes.NewReader(h.refusal))
		}
		return nil, resp, fmt.Errorf("dial websocket: %w", err)
	}
	ws.SetReadLimit(MaxMessage)
	return &Conn{ws: ws, wire: h.wire, writing: newLock()}, resp, nil
}

// handshake keeps the connection of a 101 response, and the body of any other: nhooyr hands out neither
// the one nor more than 1,024 bytes of the other.
type handshake struct {
	transport http.RoundTripper
	wire      *wire
	refusal   []byte
}

func (h *handshake) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := h.transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		if rwc, ok := resp.Body.(io.ReadWriteCloser); ok {
			h.wire = &wire{ReadWriteCloser: rwc, writing: newLock()}
			resp.Body = h.wire
		}
		return resp, nil
	}
	cutOff := time.AfterFunc(refusalTimeout, func() { resp.Body.Close() })
	// The error is ignored: the caller gets the bytes before it.
	h.refusal, _ = io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	cutOff.Stop()
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(h.refusal))
	return resp, nil
}
