package outbound

// https://developers.cloudflare.com/workers/examples/websockets/#write-a-websocket-client

import (
	"context"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// dial opens a WebSocket.
func (c *Client) dial(ctx context.Context, r *driver.Request) (*driver.Response, error) {
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
	got, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, c.unreachable(ctx, r, err)
	}
	if got.StatusCode != http.StatusSwitchingProtocols {
		return &driver.Response{Status: got.StatusCode, Header: got.Header, Body: fetchedBody{got.Body, nil}}, nil
	}
	if text := wire.ClientRefusal(got.Header, key); text != "" {
		got.Body.Close()
		return &driver.Response{Status: http.StatusBadGateway, Body: strings.NewReader(text)}, nil
	}
	conn, ok := got.Body.(io.ReadWriteCloser)
	if !ok { // net/http hands the connection over only if the response's Connection header names the upgrade
		got.Body.Close()
		return &driver.Response{Status: http.StatusBadGateway, Body: strings.NewReader(msgNoConnectionHeader)}, nil
	}
	ws, err := socket.Outgoing(c.net, func(h wire.Handler) (*wire.Conn, error) {
		// No limit for each connection, as in workerd: the class has chosen the slow server itself. The budget limits all queues together.
		return wire.NewConn(&maskedConn{ReadWriteCloser: conn}, nil, h, &wire.Options{MaxQueue: math.MaxInt64, Budget: c.budget})
	})
	if err != nil {
		return nil, c.unreachable(ctx, r, err)
	}
	return &driver.Response{Status: 101, Header: got.Header, WebSocket: ws}, nil
}

// maxMasked is the largest capacity of a buffer that is kept for the next write.
const maxMasked = 64 << 10

// maskedConn is the connection below a [wire.Conn]: the body of a 101 response. It masks frames, as a client must. It has no
// deadlines, so that an overflow is reported only when the connection is closed, which interrupts Read.
type maskedConn struct {
	io.ReadWriteCloser
	masker wire.Masker
	masked []byte // the frames of the present write; only one goroutine writes
}

func (o *maskedConn) Write(b []byte) (int, error) {
	o.masked = o.masker.Append(o.masked[:0], b)
	_, err := o.ReadWriteCloser.Write(o.masked)
	if cap(o.masked) > maxMasked {
		o.masked = nil
	}
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

// CloseWrite ends the sending side.
func (o *maskedConn) CloseWrite() error {
	if half, ok := o.ReadWriteCloser.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		return nil
	}
	return o.Close()
}

func (o *maskedConn) LocalAddr() net.Addr                { return nil }
func (o *maskedConn) RemoteAddr() net.Addr               { return nil }
func (o *maskedConn) SetDeadline(t time.Time) error      { return nil }
func (o *maskedConn) SetReadDeadline(t time.Time) error  { return nil }
func (o *maskedConn) SetWriteDeadline(t time.Time) error { return nil }
