package wire

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	pollBuffer = 64 << 10 // bytes of a Poller's read buffer, which all its connections share
	pollEvents = 256      // events taken at once
	maxUnread  = 8 << 20  // unread bytes that a connection's end throws away: more than the kernel keeps (tcp(7), tcp_rmem)
)

// Poller reads many TCP connections in one goroutine: an epoll set, level-triggered, that itself waits in Go's own poller, so
// that it holds no thread. A silent connection costs its descriptor and some 300 bytes. See epoll(7).
//
// A nil Poller reads no connection: a [Conn] then has goroutines of its own.
type Poller struct {
	file    *os.File // the epoll set
	fd      int
	stopped chan struct{}

	mu     sync.Mutex
	links  []*polled // by descriptor
	serial int32
	posted []*polled
	closed bool
}

// NewPoller starts a Poller. It returns nil where there is no epoll set to be had.
func NewPoller() *Poller {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil
	}
	if err := unix.SetNonblock(fd, true); err != nil { // makes os.NewFile use Go's poller
		unix.Close(fd)
		return nil
	}
	p := &Poller{file: os.NewFile(uintptr(fd), "epoll"), fd: fd, stopped: make(chan struct{})}
	if err := p.file.SetReadDeadline(time.Time{}); err != nil { // no epoll sets within epoll sets
		p.file.Close()
		return nil
	}
	go p.run()
	return p
}

// Close shuts the connections that are left, and waits for the Poller's goroutine. It must not be called by a Handler.
func (p *Poller) Close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.wake()
	<-p.stopped
}

// wake interrupts the wait for events.
func (p *Poller) wake() { p.file.SetReadDeadline(time.Unix(1, 0)) }

func (p *Poller) run() {
	defer close(p.stopped)
	defer p.file.Close()
	raw, err := p.file.SyscallConn()
	if err != nil {
		panic(err) // the file is open
	}
	events := make([]unix.EpollEvent, pollEvents)
	ready := make([]*polled, pollEvents)
	buf := make([]byte, pollBuffer)
	n := 0
	poll := func(fd uintptr) bool {
		for {
			var err error
			if n, err = unix.EpollWait(int(fd), events, 0); err != unix.EINTR {
				return n > 0
			}
		}
	}
	for {
		if err := raw.Read(poll); err != nil { // wake was called
			p.file.SetReadDeadline(time.Time{})
			if !p.runPosted() {
				return
			}
			continue
		}
		p.mu.Lock()
		for i, ev := range events[:n] {
			ready[i] = p.links[ev.Fd]
			if ready[i] != nil && ready[i].serial != ev.Pad {
				ready[i] = nil // of an earlier connection with this descriptor
			}
		}
		p.mu.Unlock()
		for i, l := range ready[:n] {
			if l != nil {
				l.ready(events[i].Events, buf)
			}
		}
		clear(ready[:n])
	}
}

// runPosted does what was posted. It is false when the Poller is closed, after the last connection.
func (p *Poller) runPosted() bool {
	p.mu.Lock()
	posted, closed := p.posted, p.closed
	p.posted = nil
	if closed {
		posted = append(posted, p.links...)
	}
	p.mu.Unlock()
	for _, l := range posted {
		switch {
		case l == nil:
		case closed:
			l.c.Shut()
		default:
			l.run()
		}
	}
	return !closed
}

// post has l.run called by the Poller's goroutine.
func (p *Poller) post(l *polled) {
	p.mu.Lock()
	p.posted = append(p.posted, l)
	p.mu.Unlock()
	p.wake()
}

// adopt makes a link of nc if it is a plain TCP connection, and closes nc, whose descriptor it has duplicated: what belongs to
// net and net/http can go.
func (p *Poller) adopt(c *Conn, nc net.Conn, buffered []byte) (link, error) {
	tcp, ok := nc.(*net.TCPConn)
	if p == nil || !ok {
		return nil, nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd := -1
	var dupErr error
	if err := raw.Control(func(old uintptr) { fd, dupErr = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		return nil, err
	}
	if dupErr != nil {
		return nil, os.NewSyscallError("fcntl", dupErr)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		unix.Close(fd)
		return nil, net.ErrClosed
	}
	nc.Close()
	p.serial++
	l := &polled{c: c, p: p, fd: int32(fd), serial: p.serial, buffered: append([]byte(nil), buffered...)}
	if fd >= len(p.links) {
		p.links = append(p.links, make([]*polled, fd+1-len(p.links))...)
	}
	p.links[fd] = l
	return l, nil
}

func (p *Poller) forget(fd int32) {
	p.mu.Lock()
	p.links[fd] = nil
	p.mu.Unlock()
}

// polled is the link of a connection that a Poller reads.
type polled struct {
	c      *Conn
	p      *Poller
	fd     int32
	serial int32 // tells it from other connections with the same descriptor

	// guarded by c.mu
	events   uint32 // that the epoll set waits for; 0: fd is not in it
	buffered []byte // to be fed before anything is read
	err      error  // of the epoll set
}

func (l *polled) start() {
	if l.buffered != nil {
		l.p.post(l)
		return
	}
	l.update()
}

func (l *polled) overflowed() { l.p.post(l) }

func (l *polled) write(b []byte) (int, error) {
	for {
		n, err := unix.Write(int(l.fd), b)
		switch err {
		case nil:
			return n, nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, nil
		default:
			return 0, err
		}
	}
}

func (l *polled) reading() bool {
	return l.c.reading() && (l.buffered == nil || l.c.ending)
}

func (l *polled) update() {
	c := l.c
	if c.finWanted && !c.writeEnded && c.out.empty() {
		unix.Shutdown(int(l.fd), unix.SHUT_WR) // an error means that the peer has gone
		c.writeEnded = true
		if c.readEnded {
			c.release()
			return
		}
	}
	var events uint32
	if l.reading() {
		events |= unix.EPOLLIN
	}
	if !c.out.empty() {
		events |= unix.EPOLLOUT
	}
	if events == l.events {
		return
	}
	op := unix.EPOLL_CTL_MOD
	switch {
	case l.events == 0:
		op = unix.EPOLL_CTL_ADD
	case events == 0:
		op = unix.EPOLL_CTL_DEL // EPOLLHUP and EPOLLERR would be reported for ever
	}
	l.events = events
	if err := unix.EpollCtl(l.p.fd, op, int(l.fd), &unix.EpollEvent{Events: events, Fd: l.fd, Pad: l.serial}); err != nil {
		l.err = os.NewSyscallError("epoll_ctl", err) // too many descriptors in epoll sets
		l.p.post(l)
	}
}

// release closes the descriptor so that the peer gets a FIN: with bytes unread the kernel would send a reset.
func (l *polled) release() {
	l.p.forget(l.fd)
	if l.events != 0 {
		unix.EpollCtl(l.p.fd, unix.EPOLL_CTL_DEL, int(l.fd), nil)
	}
	unix.Shutdown(int(l.fd), unix.SHUT_WR)
	var buf [4 << 10]byte
	for range maxUnread / len(buf) {
		if n, err := unix.Read(int(l.fd), buf[:]); n <= 0 && !errors.Is(err, unix.EINTR) {
			break
		}
	}
	unix.Close(int(l.fd))
}

// ready is called by the Poller's goroutine when an event has come.
func (l *polled) ready(events uint32, buf []byte) {
	n, err := l.receive(events, buf)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return
	case errors.Is(err, io.EOF):
		l.c.readFailed(err)
	case err != nil:
		l.c.readFailed(os.NewSyscallError("read", err))
	default:
		l.c.feed(buf[:n])
	}
	l.leave()
}

// receive sends what waits, and reads: it returns EAGAIN if there is nothing to read, and else counts the caller as inside.
func (l *polled) receive(events uint32, buf []byte) (int, error) {
	c := l.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if events&^unix.EPOLLIN != 0 {
		l.flush()
	}
	if events&^unix.EPOLLOUT == 0 || !l.reading() {
		return 0, unix.EAGAIN
	}
	n, err := unix.Read(int(l.fd), buf)
	if err == unix.EAGAIN || err == unix.EINTR {
		return 0, err
	}
	c.inside++
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}

func (l *polled) leave() {
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	l.c.leave()
}

// flush sends what it can of the queue.
func (l *polled) flush() {
	c := l.c
	for !c.released && !c.out.empty() {
		b := c.out.begin()
		n, err := l.write(b)
		if err != nil {
			c.writeFailed()
			return
		}
		c.sent(n)
		if n < len(b) {
			return
		}
	}
	c.changed()
}

// run is called by the Poller's goroutine after post.
func (l *polled) run() {
	c := l.c
	c.tellOverflow()
	c.mu.Lock()
	c.inside++
	buffered, err := l.buffered, l.err
	c.mu.Unlock()
	c.feed(buffered)
	if err != nil {
		c.readFailed(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l.buffered = nil
	c.changed()
	c.leave()
}
