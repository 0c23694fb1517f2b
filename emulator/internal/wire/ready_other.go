//go:build !linux

package wire

import "net"

// Ready knows of no order here: something arrives when its goroutine reads it.
type Ready struct{}

// Open and the like do nothing.
func (*Ready) Open()                   {}
func (*Ready) Close()                  {}
func (*Ready) Add(*net.TCPConn, int32) {}
func (*Ready) Remove(*net.TCPConn)     {}
func (*Ready) Sweep(func(id int32))    {}

// Inlet reads from a connection.
type Inlet struct{ conn *net.TCPConn }

// NewInlet makes one.
func NewInlet(conn *net.TCPConn, _ func()) *Inlet { return &Inlet{conn} }

// Read reads.
func (r *Inlet) Read(p []byte, _ bool) (int, error) { return r.conn.Read(p) }
