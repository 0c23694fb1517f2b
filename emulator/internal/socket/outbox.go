package socket

// Output gates: https://blog.cloudflare.com/durable-objects-easy-fast-correct-choose-three/

import (
	"bytes"
	"sync"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// Outbox holds what the sockets of an instance have sent in the turn that is under way, until what the turn has written is
// durable. It belongs to the goroutine that has the turn.
type Outbox struct {
	sockets []*Socket // with staged frames
	bytes   int       // of these frames, without shared ones
	latest  latest
}

// maxStaged is how many bytes a turn may stage. A handler that sends without end would hold all of it in memory.
const maxStaged = 8 << 20

// full reports whether the frames should leave in the midst of the turn.
func (o *Outbox) full() bool { return o.bytes > maxStaged }

// of returns a socket's staged frames, to be added to. From now on the socket is flushed when the outbox leaves, also if
// nothing is added.
func (o *Outbox) of(s *Socket) *frames {
	if s.staged == nil {
		s.staged = newFrames()
		s.holding.Store(true)
		o.sockets = append(o.sockets, s)
	}
	return s.staged
}

// add stages a frame.
func (o *Outbox) add(s *Socket, frame func([]byte) []byte) {
	f := o.of(s)
	before := len(f.b)
	f.b = frame(f.b)
	o.bytes += len(f.b) - before
}

// minShared is the size in bytes from which on a message is shared: for a smaller one a copy costs less.
const minShared = 4 << 10

// addMessage stages a message. In a broadcast, a large one is staged once for all sockets.
func (o *Outbox) addMessage(s *Socket, m driver.Message) {
	if len(m.Data) < minShared {
		o.add(s, messageFrame(m))
		return
	}
	if frame := o.latest.same(m); frame != nil {
		f := o.of(s)
		f.shared = append(f.shared, placed{len(f.b), frame})
		return
	}
	o.add(s, messageFrame(m))
	o.latest = latest{binary: m.Binary, payload: s.staged.b[len(s.staged.b)-len(m.Data):]}
}

// Leave sends the frames, in one write for each socket. With drop they are dropped instead.
func (o *Outbox) Leave(drop bool) {
	for i, s := range o.sockets {
		if drop {
			s.staged.cut(mark{})
		}
		s.flush()
		o.sockets[i] = nil
	}
	o.sockets, o.bytes = o.sockets[:0], 0
	o.latest = latest{}
}

// Writes is called at the first write of the turn: the frames sent before it may leave even if what is written is lost.
func (o *Outbox) Writes() {
	for _, s := range o.sockets {
		s.staged.safe = s.staged.end()
	}
}

// DropUnsafe drops the frames that were sent after the first write, which was lost.
func (o *Outbox) DropUnsafe() {
	for _, s := range o.sockets {
		s.staged.cut(s.staged.safe)
	}
}

// frames are what one socket has sent in a turn: b, and between its bytes the frames that are shared with other sockets.
type frames struct {
	b      []byte
	shared []placed
	safe   mark // the end of what was sent before the first write
}

// placed is a shared frame that stands before b[at:].
type placed struct {
	at    int
	frame *wire.Shared
}

// mark is a place among frames. The zero mark is their beginning.
type mark struct{ b, shared int }

func (f *frames) end() mark { return mark{len(f.b), len(f.shared)} }

// cut drops the frames behind a mark.
func (f *frames) cut(at mark) {
	clear(f.shared[at.shared:])
	f.b, f.shared = f.b[:at.b], f.shared[:at.shared]
}

func (f *frames) size() int64 {
	n := int64(len(f.b))
	for _, p := range f.shared {
		n += int64(len(p.frame.Frame()))
	}
	return n
}

var pool = sync.Pool{New: func() any { return &frames{b: make([]byte, 0, 512)} }}

func newFrames() *frames { return pool.Get().(*frames) }

// maxPooled is the capacity over which a buffer is left to the collector: one huge message must not stay in memory.
const maxPooled = 64 << 10

// recycle gives frames back to the pool. Nobody uses them any more.
func recycle(f *frames) {
	if cap(f.b) <= maxPooled {
		f.cut(mark{})
		f.safe = mark{}
		pool.Put(f)
	}
}

// latest is the large message that was staged last in a turn. A broadcast stages it again for the next socket.
type latest struct {
	binary  bool
	payload []byte       // in the first socket's frames, or in frame
	frame   *wire.Shared // nil until a second socket gets the message
}

// same returns the frame of m if it is the latest message, else nil. The bytes are compared because the caller may change its
// slice between two calls.
func (l *latest) same(m driver.Message) *wire.Shared {
	if m.Binary != l.binary || !bytes.Equal(m.Data, l.payload) {
		return nil
	}
	if l.frame == nil {
		b := messageFrame(m)(make([]byte, 0, len(m.Data)+maxFrameHeader))
		l.frame, l.payload = wire.NewShared(b), b[len(b)-len(m.Data):]
	}
	return l.frame
}

const maxFrameHeader = 10 // bytes of a frame that is not masked

// messageFrame returns the function that appends the frame of a message.
func messageFrame(m driver.Message) func([]byte) []byte {
	op := byte(wire.OpText)
	if m.Binary {
		op = wire.OpBinary
	}
	return func(b []byte) []byte { return wire.AppendFrame(b, op, m.Data) }
}
