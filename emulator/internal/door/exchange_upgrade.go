package door

// https://developers.cloudflare.com/workers/runtime-apis/websockets/

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/arrival"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// switchProtocols hijacks the connection for a socket. It sends the 101 response with the frames that
// the socket has sent before, in one write.
func (x *exchange) switchProtocols(server *socket.Socket, header http.Header) {
	t, err := x.takeOver(server)
	if err != nil {
		x.Fault(driver.Exception(fmt.Errorf("taking over the connection: %w", err)))
		server.Lost(err)
		return
	}
	server.Connect(x.Network, t, wire.AppendSwitch(nil, x.key, header))
}

// takeOver hijacks the connection for a socket.
func (x *exchange) takeOver(server *socket.Socket) (*wire.Conn, error) {
	conn, buffered, err := http.NewResponseController(x.rw).Hijack()
	if err != nil {
		return nil, err
	}
	conn = arrival.Detach(conn)
	conn.SetDeadline(time.Time{})
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	early = append([]byte(nil), early...) // net/http reuses its buffer
	t, err := wire.NewConn(conn, early, server, &wire.Options{Budget: x.Budget, Poller: x.pollerFor(conn)})
	if err == nil && conn.LocalAddr().Network() == "pipe" {
		x.Host.Activity.Watch(t)
	}
	return t, err
}

// pollerFor returns the poller for a TCP connection, and nil for others. The first call makes it.
func (d *Door) pollerFor(conn net.Conn) *wire.Poller {
	if _, ok := conn.(*net.TCPConn); !ok {
		return nil
	}
	d.polls.Do(func() { d.poller = wire.NewPoller() })
	return d.poller
}
