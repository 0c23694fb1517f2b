package arrival

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// ready lists connections in the order in which bytes have arrived at them. Go's runtime wakes their goroutines in another
// order. Only one goroutine at a time may use it. The zero ready lists none.
type ready struct {
	fd     int // an epoll set: it lists connections in the order in which they became ready
	opened bool
	events [64]unix.EpollEvent
}

// open makes the epoll set. If the process has no descriptor for it, ready lists no connections.
func (r *ready) open() {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	r.fd, r.opened = fd, err == nil
}

func (r *ready) close() {
	if r.opened {
		r.opened = false
		unix.Close(r.fd)
	}
}

// add watches a connection. sweep reports it by its id.
func (r *ready) add(conn *net.TCPConn, id int32) {
	// A connection whose bytes are read before a sweep is no longer ready for reading. With EPOLLOUT
	// the kernel lists it nevertheless, since it is almost always ready for writing.
	r.control(conn, unix.EPOLL_CTL_ADD, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLET, Fd: id})
}

func (r *ready) remove(conn *net.TCPConn) { r.control(conn, unix.EPOLL_CTL_DEL, nil) }

func (r *ready) control(conn *net.TCPConn, op int, e *unix.EpollEvent) {
	if !r.opened {
		return
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) { unix.EpollCtl(r.fd, op, int(fd), e) })
}

// sweep calls f for each connection that was added, or at which bytes have arrived, since the last sweep.
// unread says that there are bytes to read.
func (r *ready) sweep(f func(id int32, unread bool)) {
	for r.opened {
		n, err := unix.EpollWait(r.fd, r.events[:], 0)
		if err == unix.EINTR {
			continue
		}
		for _, e := range r.events[:max(n, 0)] {
			f(e.Fd, e.Events&^unix.EPOLLOUT != 0)
		}
		if n < len(r.events) {
			return
		}
	}
}

// inlet reads from a connection. Each connection keeps one, so that a read allocates nothing.
type inlet struct {
	conn    *net.TCPConn
	raw     syscall.RawConn
	receive func(long bool, read func() (n int))

	mu     sync.Mutex // held during a read, as in package net
	fd     int
	p      []byte
	n      int
	failed error
	once   func() (n int)        // reads once
	ready  func(fd uintptr) bool // called when the connection may be readable; reports whether the read is over
}

// newInlet makes an inlet. It hands each read from the kernel, which does not wait, to receive to be called.
func newInlet(conn *net.TCPConn, receive func(long bool, read func() (n int))) *inlet {
	r := &inlet{conn: conn, receive: receive}
	r.raw, _ = conn.SyscallConn() // fails only for no connection
	r.once = func() int {
		r.n, r.failed = syscall.Read(r.fd, r.p) // the race detector knows syscall.Read, not unix.Read
		for r.failed == unix.EINTR {
			r.n, r.failed = syscall.Read(r.fd, r.p)
		}
		return r.n
	}
	r.ready = func(fd uintptr) bool {
		r.fd = int(fd)
		r.receive(len(r.p) > 1, r.once)
		return r.failed != unix.EAGAIN
	}
	return r
}

func (r *inlet) read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.p, r.failed = p, nil
	err := r.raw.Read(r.ready)
	r.p = nil
	switch {
	case err != nil:
		return 0, err
	case r.failed != nil:
		return 0, &net.OpError{Op: "read", Net: "tcp", Source: r.conn.LocalAddr(), Addr: r.conn.RemoteAddr(), Err: os.NewSyscallError("read", r.failed)}
	case r.n == 0:
		return 0, io.EOF
	}
	return r.n, nil
}
