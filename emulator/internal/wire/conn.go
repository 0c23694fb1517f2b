package wire

import (
	"cmp"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxKept  = 256 << 10       // reading pauses while the handler keeps more bytes queued
	linger   = 5 * time.Second // how long a connection that Finish ends may do without progress
	halfOpen = 2 * time.Second // how long a connection is kept whose peer has ended its side
)

// Conn is a server's WebSocket connection after the handshake. Its methods may be called from any goroutine and do not block.
// Its owner must end it with [Conn.Finish] or [Conn.Shut].
type Conn struct {
	handler Handler
	link    link
	silent  atomic.Bool // the handler is not called any more, but for Overflow

	// These belong to the goroutine that reads.
	parser Parser
	pongs  *pongs // to the pings since the last write; nil without one

	mu       sync.Mutex // guards what follows, and is not held while the handler runs or anything blocks
	out      queue
	maxQueue int64
	budget   *Budget
	kept     int   // bytes that the handler keeps queued
	overflow int64 // how many bytes would have waited, until Overflow is called
	inside   int   // goroutines of the link that are at work for the Conn

	owes       bool // the Budget knows of the queue
	together   bool // it is the Budget's limit that was exceeded
	started    bool // Start was called
	paused     bool // the handler keeps more than maxKept
	peerGone   bool // the peer has ended its side while reading was paused: what it has sent is still read
	readEnded  bool
	closeSent  bool // a Close frame is sent or in out: nothing may follow it
	writeEnded bool
	ending     bool // by Finish or an overflow: the sending side ends when out is empty, and linger counts
	released   bool

	timer *time.Timer   // of halfOpen, then of linger
	done  chan struct{} // nil until Done is called
}

// link moves the bytes of a Conn. Its methods are called with the Conn's mu held, and do not block.
type link interface {
	start()                      // the Conn has been started
	write(b []byte) (int, error) // sends what can be sent at once
	update()                     // there is more to send, sending is to end, or reading pauses or goes on
	overflowed()                 // has callOverflow called by the goroutine that reads
	release()                    // closes the connection
}

// NewConn makes a Conn of nc, which it takes over, after a handshake. buffered is what had been read from nc already. It
// reads nothing until Start. An error means that the Poller is closed or that the process has too many open files; nc is
// closed then.
func NewConn(nc net.Conn, buffered []byte, h Handler, o *Options) (*Conn, error) {
	c := &Conn{handler: h, maxQueue: cmp.Or(o.MaxQueue, DefaultMaxQueue), budget: o.Budget}
	l, err := o.Poller.adopt(c, nc, buffered)
	if err != nil {
		nc.Close()
		return nil, err
	}
	if c.link = l; l == nil {
		c.link = newStream(c, nc, buffered)
	}
	return c, nil
}

// Start begins reading. The handler may be called before Start returns, on another goroutine.
func (c *Conn) Start() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.started && !c.released {
		c.started = true
		c.link.start()
	}
}

// Write sends frames, whole ones made by AppendFrame and AppendClose, or queues a copy of what cannot be sent at once. The
// first may follow the head that AppendSwitch makes. What follows a Close frame is dropped, and so is everything once the
// connection is lost.
func (c *Conn) Write(frames []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write(frames, nil)
	if c.closeSent && c.readEnded { // nothing can follow on either side
		c.finish()
	}
}

// WriteShared is Write for a frame that others send too. It is no Close frame.
func (c *Conn) WriteShared(s *Shared) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write(s.frame, s)
}

// write sends frames, which are those of shared unless that is nil. c.mu is held.
func (c *Conn) write(frames []byte, shared *Shared) {
	if c.closeSent || c.ending || c.writeEnded || c.released || len(frames) == 0 {
		return
	}
	if shared == nil {
		if end := endOfClose(frames); end >= 0 {
			c.closeSent = true
			frames = frames[:end]
		}
	}
	n := 0
	if c.out.empty() {
		var err error
		if n, err = c.link.write(frames); err != nil {
			c.writeFailed()
			return
		}
		if n == len(frames) {
			return
		}
	}
	rest := frames[n:]
	if size := c.out.size + int64(len(rest)); size > c.maxQueue {
		c.overflowBy(size, n > 0)
		return
	}
	c.account(c.out.push(rest, shared, n > 0))
	c.link.update()
}

// account tells the Budget that the memory of the queue has changed by so much.
func (c *Conn) account(memory int64) {
	if c.budget == nil {
		return
	}
	if owes := c.owes && !c.out.empty() || c.out.size >= debtor; owes != c.owes {
		c.owes = owes
		c.budget.list(c, owes)
	}
	if memory != 0 {
		c.budget.add(memory)
	}
}

// endForBudget ends the Conn because too much waits on all connections together. It is false if the Conn ends already.
func (c *Conn) endForBudget() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending || c.released || c.out.empty() {
		return false
	}
	c.together = true
	c.overflowBy(c.out.size, false)
	return true
}

// overflowBy ends the Conn because size bytes would wait. torn says that a frame was sent in part and its rest is lost.
func (c *Conn) overflowBy(size int64, torn bool) {
	c.overflow = size
	memory := c.out.cut()
	if !torn && !c.closeSent {
		memory += c.out.push(AppendClose(nil, statusTooLarge, msgOverflow), nil, false)
	}
	c.account(memory)
	c.closeSent = true
	c.silent.Store(true)
	c.link.overflowed()
	c.finish()
}

// callOverflow calls the handler's Overflow if that is due.
func (c *Conn) callOverflow() {
	c.mu.Lock()
	size, together := c.overflow, int64(0)
	if c.together {
		together = c.budget.max
	}
	c.overflow = 0
	c.mu.Unlock()
	if size > 0 {
		c.handler.Overflow(size, together)
	}
}

// Buffered is how many bytes wait to be handed to the kernel.
func (c *Conn) Buffered() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.size
}

// Consumed says that the handler has dealt with n of the bytes that it kept queued. While it keeps more than 256 KiB,
// nothing is read.
func (c *Conn) Consumed(n int) { c.keep(-n) }

func (c *Conn) keep(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept += n
	if paused := c.kept > maxKept; paused != c.paused {
		c.paused = paused
		c.changed()
	}
}

// Leaving reports whether the connection is being ended from this side and goroutines still work for it.
func (c *Conn) Leaving() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return (c.ending || c.released) && c.inside > 0
}

// Finish ends the connection in good order: it sends what was written, then FIN, waits for the peer's, and releases
// everything. It gives up after 5 seconds without progress.
func (c *Conn) Finish() {
	c.silent.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.overflow = 0
	c.finish()
}

func (c *Conn) finish() {
	if c.released || c.ending {
		return
	}
	c.ending = true
	if c.timer != nil {
		c.timer.Stop()
	}
	c.timer = time.AfterFunc(linger, c.giveUp)
	c.changed()
}

// Shut ends the connection at once, with a FIN and no Close frame. What waits to be sent is dropped.
func (c *Conn) Shut() {
	c.silent.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.overflow = 0
	c.release()
}

// giveUp is called when a connection that is ending has made no progress.
func (c *Conn) giveUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.release()
}

// Done is closed when everything is released: the connection is closed and no goroutine works for it.
func (c *Conn) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		c.closeDone()
	}
	return c.done
}

// reading reports whether the link should read. c.mu is held, as for all that follows up to closeDone.
func (c *Conn) reading() bool {
	return (c.started && (!c.paused || c.peerGone) || c.ending) && !c.readEnded && !c.released
}

// changed ends the connection if both sides have ended, and else lets the link act on the changed state.
func (c *Conn) changed() {
	switch {
	case c.released:
	case c.readEnded && c.writeEnded:
		c.release()
	default:
		c.link.update()
	}
}

// sent notes that n bytes of the queue's head were sent.
func (c *Conn) sent(n int) {
	c.account(c.out.sent(n))
	if c.ending && n > 0 {
		c.timer.Reset(linger)
	}
}

// writeFailed notes that nothing can be sent any more. What can be read is still read.
func (c *Conn) writeFailed() {
	c.writeEnded = true
	c.account(c.out.clear())
	c.changed()
}

// release closes the connection.
func (c *Conn) release() {
	if c.released {
		return
	}
	c.released = true
	c.silent.Store(true)
	c.account(c.out.clear())
	if c.timer != nil {
		c.timer.Stop()
	}
	c.link.release()
	c.closeDone()
}

// leave notes that a goroutine that had added itself to inside no longer works for the Conn.
func (c *Conn) leave() {
	c.inside--
	c.closeDone()
}

func (c *Conn) closeDone() {
	if c.released && c.inside == 0 && c.done != nil {
		select {
		case <-c.done:
		default:
			close(c.done)
		}
	}
}
