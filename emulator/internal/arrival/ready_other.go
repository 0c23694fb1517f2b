//go:build !linux

package arrival

import "net"

// ready lists no connections: bytes count as arrived when a goroutine reads them.
type ready struct{}

func (*ready) open()                   {}
func (*ready) close()                  {}
func (*ready) add(*net.TCPConn, int32) {}
func (*ready) remove(*net.TCPConn)     {}
func (*ready) sweep(func(int32, bool)) {}

// inlet reads from a connection.
type inlet struct{ conn *net.TCPConn }

func newInlet(conn *net.TCPConn, _ func(read func() (n int))) *inlet { return &inlet{conn} }

func (r *inlet) read(p []byte) (int, error) { return r.conn.Read(p) }
