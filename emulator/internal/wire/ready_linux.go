package wire

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Ready tells in which order something has arrived at connections. The runtime does not:
// it wakes their goroutines in another order. Its methods are not for use by
// several goroutines at once. The zero Ready knows of no order.
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

// Inlet reads from a connection. It is made once for it, so that reading costs no memory.
type Inlet struct {
	conn  *net.TCPConn
	raw   syscall.RawConn
	sweep func()

	mu     sync.Mutex // held while somebody reads, as net's connections do
	p      []byte
	look   bool
	n      int
	failed error
	ready  func(fd uintptr) bool
}

// NewInlet makes an inlet that calls sweep when something has arrived, before it is read.
func NewInlet(conn *net.TCPConn, sweep func()) *Inlet {
	r := &Inlet{conn: conn, sweep: sweep}
	r.raw, _ = conn.SyscallConn() // fails only for no connection
	r.ready = r.receive
	return r
}

// Read reads. With placed, sweep does nothing if something has arrived already, and is
// called also if it has not.
func (r *Inlet) Read(p []byte, placed bool) (int, error) {
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

// receive reports whether it need not be called again when something arrives.
func (r *Inlet) receive(fd uintptr) bool {
	if r.look {
		r.look = false // who is woken need not
		arrived := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if n, err := unix.Poll(arrived, 0); n == 0 && err == nil {
			return false
		}
	}
	r.sweep()
	for {
		r.n, r.failed = syscall.Read(int(fd), r.p) // whose order with writes the race detector knows
		if r.failed != unix.EINTR {
			return r.failed != unix.EAGAIN
		}
	}
}
