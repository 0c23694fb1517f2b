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

// Receive reads from a connection.
func Receive(conn *net.TCPConn, p []byte, _ func()) (n int, err error) { return conn.Read(p) }
