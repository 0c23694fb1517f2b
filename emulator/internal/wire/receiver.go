package wire

// Pings and the end of the stream: RFC 6455, sections 5.5 and 7.1.

import (
	"errors"
	"io"
	"time"
)

// feed hands the bytes that were read to the parser.
func (c *Conn) feed(b []byte) {
	if !c.silent.Load() {
		c.parser.Feed(b, (*receiver)(c))
		c.writePongs()
	}
}

// writePongs sends the pongs to the pings that came since the last call.
func (c *Conn) writePongs() {
	if c.pongs != nil {
		c.Write(c.pongs.frames)
		c.pongs = nil
	}
}

// readFailed notes the end of the stream: io.EOF or another error.
func (c *Conn) readFailed(err error) {
	switch {
	case c.silent.Load():
	case c.parser.Ended():
		c.handler.Ended()
	case errors.Is(err, io.EOF) && !c.parser.Idle():
		c.handler.Lost(io.ErrUnexpectedEOF)
	default:
		c.handler.Lost(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readEnded = true
	switch {
	case !errors.Is(err, io.EOF):
		c.release()
	case c.closeSent:
		c.finish()
	case !c.ending && !c.released:
		// The peer may be gone, or may still read. Without the timer an owner that never closes the
		// connection would keep the descriptor of a peer that is gone.
		c.timer = time.AfterFunc(halfOpen, c.Finish)
	}
	c.changed()
}

// receiver is a Conn as its parser calls it.
type receiver Conn

func (r *receiver) Message(binary bool, data []byte) int {
	(*Conn)(r).writePongs() // the pong leaves before the handler's frames
	if !r.silent.Load() {
		if n := r.handler.Message(binary, data); n != 0 {
			(*Conn)(r).keep(n)
		}
	}
	return 0
}

// Ping adds the pong to those that the next write sends. Of several pings that arrive together workerd answers the first and
// the last, as RFC 6455 section 5.5.3 allows: a flood of pings costs one write for each read.
func (r *receiver) Ping(payload []byte) {
	if r.pongs == nil {
		b := AppendFrame(make([]byte, 0, maxHeader+len(payload)), OpPong, payload)
		r.pongs = &pongs{b, len(b)}
		return
	}
	r.pongs.frames = AppendFrame(r.pongs.frames[:r.pongs.first], OpPong, payload)
}

// pongs are the pongs to the first and the last ping since the last write. first is the size of the first.
type pongs struct {
	frames []byte
	first  int
}

func (r *receiver) PeerClosed(code int, reason string) {
	(*Conn)(r).writePongs()
	if !r.silent.Load() {
		r.handler.PeerClosed(code, reason)
	}
}

func (r *receiver) Failed(status int, description string) {
	(*Conn)(r).writePongs()
	(*Conn)(r).Write(AppendClose(nil, status, description))
	if !r.silent.Load() {
		r.handler.Failed(status, description)
	}
}
