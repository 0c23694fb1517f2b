package emulator

// https://developers.cloudflare.com/workers/examples/websockets/#write-a-websocket-client

import (
	"io"
	"math"
	"net"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// connect makes a socket of the connection that a Worker or an object has opened. What
// waits to be sent has no bound of its own there, as in workerd: it is the class's own peer that
// is slow. It counts among what waits together.
func (w *World) connect(body io.ReadWriteCloser) (driver.Socket, error) {
	return socket.Outgoing(w.net, func(h wire.Handler) (*wire.Conn, error) {
		return wire.NewConn(&outgoing{ReadWriteCloser: body}, nil, h, &wire.Options{MaxQueue: math.MaxInt64, Budget: w.budget})
	})
}

// maxMasked is the capacity over which a buffer is left to the collector.
const maxMasked = 64 << 10

// outgoing is the body of a 101 response as the connection below a [wire.Conn], whose
// frames it masks on their way out. It has no deadlines: when too much waits, the end is told
// when the connection has been closed.
type outgoing struct {
	io.ReadWriteCloser
	masker wire.Masker
	masked []byte // what is being written; belongs to the one goroutine that writes
}

func (o *outgoing) Write(b []byte) (int, error) {
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
func (o *outgoing) CloseWrite() error {
	if half, ok := o.ReadWriteCloser.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		return nil
	}
	return o.Close()
}

func (o *outgoing) LocalAddr() net.Addr                { return nil }
func (o *outgoing) RemoteAddr() net.Addr               { return nil }
func (o *outgoing) SetDeadline(t time.Time) error      { return nil }
func (o *outgoing) SetReadDeadline(t time.Time) error  { return nil }
func (o *outgoing) SetWriteDeadline(t time.Time) error { return nil }
