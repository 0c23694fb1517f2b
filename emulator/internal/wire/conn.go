package wire

import (
	"cmp"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxKept  = 256 << 10       // reading pauses while the handler has more bytes queued
	linger   = 5 * time.Second // how long a connection lasts after Finish without progress
	halfOpen = 2 * time.Second // how long a connection lasts after its peer has ended its side
)

// Conn is a server's WebSocket connection after the handshake. Its methods may be called from any goroutine and do not block.
// Its owner must end it with [Conn.Finish] or [Conn.Shut].
type Conn struct {
	handler Handler
	link    link
	silent  atomic.Bool // the handler is not called any more, except for Overflow

	// Only the goroutine that reads uses these.
	parser Parser
	pongs  *pongs // the answers to the pings since the last write; nil without one

	mu       sync.Mutex // guards the fields below; not held while the handler runs or while anything blocks
	out      queue
	maxQueue int64
	budget   *Budget
	kept     int   // bytes that the handler has queued
	overflow int64 // how long the queue would have become; 0 once Overflow is called
	inside   int   // how many goroutines of the link work for the Conn

	owes       bool // the Budget lists the queue
	together   bool // the overflow is the Budget's, not of this queue alone
	started    bool // Start was called
	paused     bool // reading pauses: the handler has more than maxKept queued
	peerGone   bool // the peer has ended its side while reading paused: the rest is read all the same
	readEnded  bool
	closeSent  bool // a Close frame is sent or in out: nothing may follow it
	writeEnded bool
	ending     bool // after Finish or an overflow: the sending side ends when out is empty, and linger counts
	released   bool

	timer *time.Timer   // for halfOpen, later for linger
	done  chan struct{} // nil until Done is called
}

// link moves the bytes of a Conn. Its methods are called with the Conn's mu held, and do not block.
type link interface {
	start()                      // Start was called
	write(b []byte) (int, error) // sends as many bytes as the kernel takes at once
	update()                     // acts on a change: more to send, the end of sending, or a pause of reading and its end
	overflowed()                 // makes the goroutine that reads call callOverflow
	release()                    // closes the connection
}

// NewConn makes a Conn of nc, which belongs to it from then on. buffered are the bytes that were read from nc before. The
// Conn reads nothing until Start. With an error, for a closed Poller or too many open files, nc is closed.
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

// Start begins to read. The handler may be called before Start returns, on another goroutine.
func (c *Conn) Start() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.started && !c.released {
		c.started = true
		c.link.start()
	}
}

// Write sends whole frames, as AppendFrame and AppendClose make them, or queues a copy of those that the kernel does not take
// at once. The head that AppendSwitch makes may stand before the first. Bytes after a Close frame are dropped, and all bytes once
// the connection is lost.
func (c *Conn) Write(frames []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write(frames, nil)
	if c.closeSent && c.readEnded { // nothing can follow on either side
		c.finish()
	}
}

// WriteShared is Write for a frame that other connections send too, and that is no Close frame.
func (c *Conn) WriteShared(s *Shared) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write(s.frame, s)
}

// write is Write, or WriteShared if shared is not nil. c.mu is held.
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

// account notes in the Budget by how many bytes the memory of the queue has changed.
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

// endForBudget ends the Conn because the Budget is exceeded. It reports false if the Conn is ending already.
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

// overflowBy ends the Conn because its queue would become size bytes long. torn says that a frame was sent in part and its rest
// is lost: no Close frame can follow.
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

// callOverflow calls the handler's Overflow after an overflow, once.
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

// Buffered is how many bytes wait for the kernel to take them.
func (c *Conn) Buffered() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.size
}

// Consumed is called by the handler's owner when n of the bytes that the handler has queued are dealt with. While more than
// 256 KiB are queued the Conn does not read.
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

// Leaving reports whether this side is ending the connection and goroutines still work for it.
func (c *Conn) Leaving() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return (c.ending || c.released) && c.inside > 0
}

// Finish ends the connection in good order: it sends the queue, then a FIN, and waits for the peer's FIN. It gives up after
// 5 seconds without progress.
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

// Shut ends the connection at once, with a FIN and no Close frame. It drops the queue.
func (c *Conn) Shut() {
	c.silent.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.overflow = 0
	c.release()
}

// giveUp is called when an ending connection has made no progress.
func (c *Conn) giveUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.release()
}

// Done is closed when the connection is closed and no goroutine works for it any more.
func (c *Conn) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		c.closeDone()
	}
	return c.done
}

// reading reports whether the link should read. c.mu is held, as for all methods from here to closeDone.
func (c *Conn) reading() bool {
	return (c.started && (!c.paused || c.peerGone) || c.ending) && !c.readEnded && !c.released
}

// changed closes the connection if both sides have ended. Otherwise the link acts on the change.
func (c *Conn) changed() {
	switch {
	case c.released:
	case c.readEnded && c.writeEnded:
		c.release()
	default:
		c.link.update()
	}
}

func (c *Conn) sent(n int) {
	c.account(c.out.sent(n))
	if c.ending && n > 0 {
		c.timer.Reset(linger)
	}
}

// writeFailed notes that nothing can be sent any more. Reading goes on: the peer may have sent a Close frame.
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

// leave takes a goroutine out of inside.
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
