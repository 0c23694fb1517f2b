package arrival

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// ready knows in which order bytes have arrived at connections. Go's runtime wakes the goroutines of connections in another
// order. Only one goroutine at a time may use it. The zero ready knows of no order.
type ready struct {
	fd     int // an epoll set: it returns connections in the order in which they became ready
	opened bool
	events [64]unix.EpollEvent
}

// open begins to watch. If the process has no descriptor to spare, ready knows of no order.
func (r *ready) open() {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	r.fd, r.opened = fd, err == nil
}

// close ends the watch.
func (r *ready) close() {
	if r.opened {
		r.opened = false
		unix.Close(r.fd)
	}
}

// add watches a connection. sweep names it by its id.
func (r *ready) add(conn *net.TCPConn, id int32) {
	r.control(conn, unix.EPOLL_CTL_ADD, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: id})
}

// remove ends the watch of a connection.
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

// sweep calls f for each connection at which bytes have arrived since the last sweep that were not read.
func (r *ready) sweep(f func(id int32)) {
	for r.opened {
		n, err := unix.EpollWait(r.fd, r.events[:], 0)
		if err == unix.EINTR {
			continue
		}
		for _, e := range r.events[:max(n, 0)] {
			f(e.Fd)
		}
		if n < len(r.events) {
			return
		}
	}
}

// inlet reads from a connection. Each connection keeps one, so that a read allocates nothing.
type inlet struct {
	conn  *net.TCPConn
	raw   syscall.RawConn
	sweep func()

	mu     sync.Mutex // held during a read, as in package net
	p      []byte
	look   bool
	n      int
	failed error
	ready  func(fd uintptr) bool
}

// newInlet makes an inlet that calls sweep when bytes have arrived, before it reads them.
func newInlet(conn *net.TCPConn, sweep func()) *inlet {
	r := &inlet{conn: conn, sweep: sweep}
	r.raw, _ = conn.SyscallConn() // fails only for no connection
	r.ready = r.receive
	return r
}

// read reads. With placed, sweep is called at once, whether bytes have arrived or not.
func (r *inlet) read(p []byte, placed bool) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.p, r.look, r.failed = p, !placed, nil
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

// receive is called when the connection may be readable. It reports whether the read is over.
func (r *inlet) receive(fd uintptr) bool {
	if r.look {
		r.look = false // when the runtime calls again bytes have arrived
		arrived := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if n, err := unix.Poll(arrived, 0); n == 0 && err == nil {
			return false
		}
	}
	r.sweep()
	for {
		r.n, r.failed = syscall.Read(int(fd), r.p) // the race detector knows syscall.Read, not unix.Read
		if r.failed != unix.EINTR {
			return r.failed != unix.EAGAIN
		}
	}
}
