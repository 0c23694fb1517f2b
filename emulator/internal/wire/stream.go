package wire

import (
	"errors"
	"net"
	"os"
	"time"
)

// streamBuffer is the size of a stream's read buffer in bytes.
const streamBuffer = 8 << 10

// stream is the link of any net.Conn: one goroutine reads, and another one writes while the queue is not empty.
type stream struct {
	c        *Conn
	nc       net.Conn
	buffered []byte
	resume   chan struct{} // of capacity 1: makes mayRead look again

	reader, writer bool // the goroutine runs; guarded by c.mu
}

func newStream(c *Conn, nc net.Conn, buffered []byte) *stream {
	return &stream{c: c, nc: nc, buffered: append([]byte(nil), buffered...), resume: make(chan struct{}, 1)}
}

func (s *stream) start() { s.update() }

// write sends nothing: a net.Conn has no write that does not block, so that all frames go through the queue.
func (s *stream) write([]byte) (int, error) { return 0, nil }

func (s *stream) update() {
	if s.c.reading() {
		if !s.reader {
			s.reader = true
			s.c.inside++
			go s.read()
		}
		s.wake()
	}
	if s.toSend() && !s.writer {
		s.writer = true
		s.c.inside++
		go s.send()
	}
}

func (s *stream) wake() {
	select {
	case s.resume <- struct{}{}:
	default:
	}
}

func (s *stream) toSend() bool {
	return !s.c.released && !s.c.writeEnded && (!s.c.out.empty() || s.c.ending)
}

func (s *stream) overflowed() {
	if s.reader {
		s.nc.SetReadDeadline(time.Unix(1, 0)) // interrupts Read
		s.wake()
		return
	}
	s.reader = true
	s.c.inside++
	go s.endRead()
}

// release closes the connection below TLS, since the Close of TLS could block. CloseWrite sends a FIN. Close alone
// would send a reset if bytes are unread.
func (s *stream) release() {
	nc := s.nc
	if t, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = t.NetConn()
	}
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	nc.Close()
	s.wake()
}

func (s *stream) read() {
	defer s.endRead()
	if s.buffered != nil {
		s.c.feed(s.buffered)
		s.buffered = nil
	}
	buf := make([]byte, streamBuffer)
	for s.mayRead() {
		n, err := s.nc.Read(buf)
		s.c.feed(buf[:n])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.nc.SetReadDeadline(time.Time{})
			s.c.callOverflow()
		} else if err != nil {
			s.c.readFailed(err)
			if nc, ok := s.nc.(interface{ ReadEnded() }); ok { // a connection in memory, which counts as activity until then
				nc.ReadEnded()
			}
			return
		}
	}
}

// mayRead waits while reading pauses. It reports whether reading goes on.
func (s *stream) mayRead() bool {
	for {
		s.c.mu.Lock()
		reading, released := s.c.reading(), s.c.released
		s.c.mu.Unlock()
		if reading || released {
			return reading
		}
		<-s.resume
	}
}

// endRead ends the goroutine that reads. It calls the handler for an overflow, since no other goroutine does.
func (s *stream) endRead() {
	s.c.callOverflow()
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if s.c.overflow > 0 { // it came after callOverflow
		s.c.inside++
		go s.endRead()
	} else {
		s.reader = false
		s.c.changed() // endRead also runs for an overflow before Start: reading may have been asked for meanwhile
	}
	s.c.leave()
}

func (s *stream) send() {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	for s.toSend() {
		var b []byte
		if !s.c.out.empty() {
			b = s.c.out.begin()
		}
		s.c.mu.Unlock()
		n, err := 0, error(nil)
		if b != nil {
			n, err = s.nc.Write(b)
		} else {
			s.closeWrite()
		}
		s.c.mu.Lock()
		switch {
		case s.c.released:
		case b == nil:
			s.c.writeEnded = true
			s.c.changed()
		case err != nil:
			s.c.writeFailed()
		default:
			s.c.sent(n)
		}
	}
	s.writer = false
	s.c.leave()
}

// closeWrite sends a FIN. It closes a connection whose sides cannot be closed one by one, such as one of net.Pipe.
func (s *stream) closeWrite() {
	if half, ok := s.nc.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
		return
	}
	s.nc.Close()
}
