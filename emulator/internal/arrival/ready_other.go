//go:build !linux

package arrival

import (
	"net"
	"sync"
)

// ready lists no connections: bytes count as arrived when a goroutine reads them.
type ready struct{}

func (*ready) open()                   {}
func (*ready) close()                  {}
func (*ready) add(*net.TCPConn, int32) {}
func (*ready) remove(*net.TCPConn)     {}
func (*ready) sweep(func(int32, bool)) {}

// inlet reads from a connection. Each connection keeps one, so that a read allocates nothing.
type inlet struct {
	receive func(long bool, read func() (n int))

	mu     sync.Mutex // held during a read, as in package net
	p      []byte
	n      int
	failed error
	once   func() (n int) // reads, and waits until it can
}

// newInlet makes an inlet. It hands each read to receive to be called.
func newInlet(conn *net.TCPConn, receive func(long bool, read func() (n int))) *inlet {
	r := &inlet{receive: receive}
	r.once = func() int {
		r.n, r.failed = conn.Read(r.p)
		return r.n
	}
	return r
}

func (r *inlet) read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.p = p
	r.receive(len(p) > 1, r.once)
	r.p = nil
	return r.n, r.failed
}
