package wire

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// maxUnread is how many unread bytes release throws away: more than the kernel keeps by default (tcp_rmem in tcp(7)).
const maxUnread = 8 << 20

// polled is the link of a connection that a Poller reads.
type polled struct {
	c      *Conn
	p      *Poller
	fd     int32
	serial int32 // tells the connection from earlier ones with the same descriptor

	// guarded by c.mu
	events   uint32 // the events that the epoll set waits for; 0: fd is not in the set
	buffered []byte // bytes that are fed before anything is read
	err      error  // why the epoll set does not take fd
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
	if c.ending && !c.writeEnded && c.out.empty() {
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
	if c.paused && !c.readEnded && !c.peerGone {
		events |= unix.EPOLLRDHUP
	}
	if events == l.events {
		return
	}
	op := unix.EPOLL_CTL_MOD
	switch {
	case l.events == 0:
		op = unix.EPOLL_CTL_ADD
	case events == 0:
		op = unix.EPOLL_CTL_DEL // the set would report EPOLLHUP and EPOLLERR again and again
	}
	l.events = events
	if err := unix.EpollCtl(l.p.fd, op, int(l.fd), &unix.EpollEvent{Events: events, Fd: l.fd, Pad: l.serial}); err != nil {
		l.err = os.NewSyscallError("epoll_ctl", err) // too many descriptors in epoll sets
		l.p.post(l)
	}
}

// release closes the descriptor. It reads first: with unread bytes the kernel would send a reset instead of a FIN.
func (l *polled) release() {
	l.p.mu.Lock()
	l.p.links[l.fd] = nil
	l.p.mu.Unlock()
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

// ready is called by the Poller's goroutine when the epoll set has reported events of the connection.
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
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	l.c.leave()
}

// receive sends the queue and reads. It returns EAGAIN if there is nothing to read, and else counts the caller as inside.
func (l *polled) receive(events uint32, buf []byte) (int, error) {
	c := l.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if events&^unix.EPOLLIN != 0 {
		l.flush()
	}
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 && c.paused && !c.peerGone {
		c.peerGone = true // reading no longer pauses: the kernel holds all that will ever come
		c.changed()
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

// flush sends as much of the queue as the kernel takes.
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
	c.callOverflow()
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
