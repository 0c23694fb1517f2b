package emutest

import (
	"net"
	"sync"
)

// pipe is a connection in memory that counts as activity of the world from when
// something is written to when the reader, having dealt with it, reads again. So
// [World.Settle] knows that nothing is under way.
func pipe(hold func(more bool)) (client, server net.Conn) {
	a, b := net.Pipe()
	up, down := &flow{hold: hold}, &flow{hold: hold}
	return &end{Conn: a, in: down, out: up}, &end{Conn: b, in: up, out: down}
}

// flow is one direction.
type flow struct {
	hold func(more bool)

	mu            sync.Mutex
	written, read int64
	under         bool // something is under way
	closed        bool
}

func (f *flow) writing(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.written += int64(n)
	f.set(!f.closed)
}

// unwritten takes back what could not be written.
func (f *flow) unwritten(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.written -= int64(n)
}

// reading is the reader coming back for more.
func (f *flow) reading() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set(f.read < f.written && !f.closed)
}

func (f *flow) got(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.read += int64(n)
}

func (f *flow) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.set(false)
}

// set: f.mu is held.
func (f *flow) set(under bool) {
	if under != f.under {
		f.under = under
		f.hold(under)
	}
}

// end is one end of a pipe.
type end struct {
	net.Conn
	in, out *flow
}

func (e *end) Read(p []byte) (int, error) {
	e.in.reading()
	n, err := e.Conn.Read(p)
	e.in.got(n)
	if err != nil {
		e.in.reading()
	}
	return n, err
}

func (e *end) Write(p []byte) (int, error) {
	e.out.writing(len(p))
	n, err := e.Conn.Write(p)
	if n < len(p) {
		e.out.unwritten(len(p) - n)
	}
	return n, err
}

func (e *end) Close() error {
	e.in.close()
	e.out.close()
	return e.Conn.Close()
}
