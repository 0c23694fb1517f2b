package emutest

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipeBuffer is how much a pipe holds, in bytes, before a write waits.
const pipeBuffer = 256 << 10

// pipe is a connection in memory, with a buffer like a socket's. Bytes in it count as activity of the
// world while somebody is about to read them, so that [World.Settle] waits for them. Bytes
// that nobody reads do not count: the body of a response that the test does not read, or of a request
// that the handler does not read.
func pipe(hold func(more bool)) (client, server *end) {
	up, down := newFlow(hold), newFlow(hold)
	up.attentive, up.served = true, true
	return &end{in: down, out: up}, &end{in: up, out: down}
}

// flow is one direction.
type flow struct {
	hold func(more bool)

	mu      sync.Mutex
	changed sync.Cond
	buf     []byte
	ended   bool // nothing more is written
	broken  bool // nothing more is read
	readBy  deadline
	writeBy deadline

	// attentive is set while the reader reads all that comes, and deals with it before it reads
	// again: a server between two requests, and both ends of a WebSocket.
	attentive bool
	served    bool // the reader is a server, which reads again or calls ReadEnded
	reading   bool // the reader waits in read
	taken     bool // the reader has read something and has not dealt with it
	under     bool // the flow counts as activity
}

func newFlow(hold func(more bool)) *flow {
	f := &flow{hold: hold}
	f.changed.L = &f.mu
	return f
}

// update wakes the waiting goroutines, and begins or ends the flow's activity. f.mu is held.
func (f *flow) update() {
	f.changed.Broadcast()
	data, end := len(f.buf) > 0 && (f.attentive || f.reading), f.ended && f.served && f.reading
	under := !f.broken && (f.taken || data || end)
	if under != f.under {
		f.under = under
		f.hold(under)
	}
}

func (f *flow) read(p []byte) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer f.update()
	f.taken, f.reading = false, true
	defer func() { f.reading = false }() // before update
	f.update()
	for len(f.buf) == 0 {
		switch {
		case f.broken:
			return 0, io.ErrClosedPipe
		case f.readBy.passed():
			return 0, os.ErrDeadlineExceeded
		case f.ended:
			f.taken = f.attentive && f.served
			return 0, io.EOF
		}
		f.changed.Wait()
	}
	n = copy(p, f.buf)
	if f.buf = f.buf[n:]; len(f.buf) == 0 {
		f.buf = nil
	}
	f.taken = f.attentive || f.served
	return n, nil
}

// switched is how a server's answer to an upgrade begins. After it both ends are attentive.
var switched = []byte("HTTP/1.1 101 ")

func (f *flow) write(p []byte) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.broken || f.ended:
			return n, io.ErrClosedPipe
		case f.writeBy.passed():
			return n, os.ErrDeadlineExceeded
		case len(p) == 0:
			return n, nil
		}
		if free := min(pipeBuffer-len(f.buf), len(p)); free > 0 {
			f.buf = append(f.buf, p[:free]...)
			n, p = n+free, p[free:]
			f.update()
			continue
		}
		f.changed.Wait()
	}
}

func (f *flow) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	f.update()
}

// deadline is the time at which reading or writing fails.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

// setDeadline sets one of the flow's deadlines.
func (f *flow) setDeadline(d *deadline, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.at = at
	if !at.IsZero() {
		d.timer = time.AfterFunc(time.Until(at), f.changed.Broadcast)
	}
	f.changed.Broadcast()
}

// stop stops the timers of the deadlines.
func (f *flow) stop() {
	f.setDeadline(&f.readBy, time.Time{})
	f.setDeadline(&f.writeBy, time.Time{})
}

// end is one end of a pipe.
type end struct{ in, out *flow }

func (e *end) Read(p []byte) (int, error) { return e.in.read(p) }

func (e *end) Write(p []byte) (int, error) {
	if e.in.served && bytes.HasPrefix(p, switched) {
		e.in.set(func() { e.in.attentive = true })
		e.out.set(func() { e.out.attentive = true })
	}
	return e.out.write(p)
}

func (e *end) Close() error {
	e.out.set(func() { e.out.ended = true })
	e.in.set(func() { e.in.broken, e.in.buf, e.in.taken = true, nil, false })
	e.in.stop()
	e.out.stop()
	return nil
}

// handling is set while a handler runs, which may leave the rest of the request unread.
func (e *end) handling(on bool) { e.in.set(func() { e.in.attentive = !on }) }

// ReadEnded is called when the reader has dealt with what it has read, or when the world itself counts
// that as activity.
func (e *end) ReadEnded() { e.in.set(func() { e.in.taken = false }) }

func (e *end) LocalAddr() net.Addr  { return address{} }
func (e *end) RemoteAddr() net.Addr { return address{} }

func (e *end) SetReadDeadline(t time.Time) error {
	e.in.setDeadline(&e.in.readBy, t)
	return nil
}

func (e *end) SetWriteDeadline(t time.Time) error {
	e.out.setDeadline(&e.out.writeBy, t)
	return nil
}

func (e *end) SetDeadline(t time.Time) error {
	e.SetReadDeadline(t)
	return e.SetWriteDeadline(t)
}
