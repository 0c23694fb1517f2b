package wire

import (
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	pollBuffer = 64 << 10 // bytes of a Poller's read buffer, which all its connections share
	pollEvents = 256      // events taken at once
)

// Poller reads many TCP connections in one goroutine, by a level-triggered epoll set (epoll(7)). The set itself waits in Go's
// poller, so that no thread blocks in epoll_wait. A silent connection costs its descriptor and some 300 bytes.
//
// A nil Poller reads no connection: each [Conn] has goroutines of its own then.
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

// NewPoller starts a Poller. It returns nil if the system gives no epoll set.
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
	if err := p.file.SetReadDeadline(time.Time{}); err != nil { // Go's poller does not take the epoll set
		p.file.Close()
		return nil
	}
	go p.run()
	return p
}

// Close shuts all connections and waits for the Poller's goroutine. A Handler, which that goroutine calls, must not call it.
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
				ready[i] = nil // the event is of an earlier connection with the same descriptor
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

// runPosted runs the posted links. If the Poller is closed it shuts all connections and reports false.
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

// post makes the Poller's goroutine call l.run.
func (p *Poller) post(l *polled) {
	p.mu.Lock()
	p.posted = append(p.posted, l)
	p.mu.Unlock()
	p.wake()
}

// adopt makes a link of nc if it is a plain TCP connection. It duplicates the descriptor and closes nc, so that the memory that
// net and net/http hold for nc is freed.
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
	if dupErr == unix.EMFILE {
		return nil, nil // no second descriptor: goroutines read nc with its own
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
