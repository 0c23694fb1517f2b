package wire

import (
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Ready tells in which order something has arrived at connections. The runtime does not:
// it wakes their goroutines in another order. Except for Receive its methods are not for
// use by several goroutines at once. The zero Ready knows of no order.
type Ready struct {
	fd     int // of an epoll set, which has connections in the order in which they became ready
	opened bool
	events [64]unix.EpollEvent
}

// Open begins to watch. Without a descriptor left Ready knows of no order.
func (r *Ready) Open() {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	r.fd, r.opened = fd, err == nil
}

// Close ends it.
func (r *Ready) Close() {
	if r.opened {
		r.opened = false
		unix.Close(r.fd)
	}
}

// Add watches a connection, which Sweep calls by its id.
func (r *Ready) Add(conn *net.TCPConn, id int32) {
	r.control(conn, unix.EPOLL_CTL_ADD, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: id})
}

// Remove ends that.
func (r *Ready) Remove(conn *net.TCPConn) { r.control(conn, unix.EPOLL_CTL_DEL, nil) }

func (r *Ready) control(conn *net.TCPConn, op int, e *unix.EpollEvent) {
	if !r.opened {
		return
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) { unix.EpollCtl(r.fd, op, int(fd), e) })
}

// Sweep calls f for each connection at which something has arrived since the last sweep,
// and has not been read.
func (r *Ready) Sweep(f func(id int32)) {
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

// Receive reads from a connection. It calls sweep when something has arrived, before it
// is read, since the kernel does not tell of what has been read; and after that, since a
// connection that was read empty would keep its place among those that are ready, in
// front of others, until something arrives for it again.
func Receive(conn *net.TCPConn, p []byte, sweep func()) (n int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil || len(p) == 0 {
		return 0, err
	}
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		var first [1]byte
		if _, _, err := unix.Recvfrom(int(fd), first[:], unix.MSG_PEEK|unix.MSG_DONTWAIT); err == unix.EAGAIN {
			return false
		}
		sweep()
		defer sweep()
		for {
			n, failed = syscall.Read(int(fd), p) // whose order with writes the race detector knows
			if failed != unix.EINTR {
				return failed != unix.EAGAIN
			}
		}
	})
	switch {
	case err != nil:
		return 0, err
	case failed != nil:
		return 0, &net.OpError{Op: "read", Net: "tcp", Source: conn.LocalAddr(), Addr: conn.RemoteAddr(), Err: os.NewSyscallError("read", failed)}
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}
