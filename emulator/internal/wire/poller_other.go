//go:build !linux

package wire

import "net"

// Poller reads many connections in one goroutine, on Linux. Elsewhere there is none.
type Poller struct{}

// NewPoller returns nil, which is a Poller that reads no connection.
func NewPoller() *Poller { return nil }

func (*Poller) Close() {}

func (*Poller) adopt(*Conn, net.Conn, []byte) (link, error) { return nil, nil }
