package socket

import (
	"bytes"
	"sync"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// Outbox is what the sockets of an instance have sent in the turn that is under way. It leaves when what the turn has
// written is durable. It belongs to the goroutine that has the turn.
type Outbox struct {
	sockets []*Socket // those with staged frames
	bytes   int       // of these frames
	latest  latest
}

// of returns the frames that the socket has staged, to be added to. From then on the socket is looked at when the turn ends,
// also if nothing is added.
func (o *Outbox) of(s *Socket) *frames {
	if s.staged == nil {
		s.staged = pool.Get().(*frames)
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

// addMessage stages a message. One that was staged just before for another socket is shared with that.
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

// full reports whether so much is staged that it should leave in the midst of the turn.
func (o *Outbox) full() bool { return o.bytes > maxStaging }

// maxStaging is how many bytes a turn stages before they leave in its midst, if nothing that was written has to be
// durable first: a handler that sends without end would hold it all in memory.
const maxStaging = 8 << 20

// Leave sends what was staged, in one write for each socket. With drop it is forgotten.
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

// Writes notes the first write of the turn: the frames sent before it may leave even if what is written is lost.
func (o *Outbox) Writes() {
	for _, s := range o.sockets {
		s.staged.safe = s.staged.end()
	}
}

// DropUnsafe forgets the frames staged after the first write, which was lost.
func (o *Outbox) DropUnsafe() {
	for _, s := range o.sockets {
		s.staged.cut(s.staged.safe)
	}
}

// frames are what a socket has sent in a turn: those of its own in b, and between them those that it shares with others.
type frames struct {
	b      []byte
	shared []placed

	safe mark // where those end that were sent before the first write
}

// placed is a shared frame that goes before b[at:].
type placed struct {
	at    int
	frame *wire.Shared
}

// mark is a place among frames.
type mark struct{ b, shared int }

// end is the place where the frames end.
func (f *frames) end() mark { return mark{len(f.b), len(f.shared)} }

// cut drops what follows a place.
func (f *frames) cut(at mark) {
	clear(f.shared[at.shared:])
	f.b, f.shared = f.b[:at.b], f.shared[:at.shared]
}

// size is how many bytes the frames have.
func (f *frames) size() int64 {
	n := int64(len(f.b))
	for _, p := range f.shared {
		n += int64(len(p.frame.Frame()))
	}
	return n
}

// pool holds frames without content.
var pool = sync.Pool{New: func() any { return &frames{b: make([]byte, 0, 512)} }}

// maxPooled is the capacity over which a buffer is left to the collector.
const maxPooled = 64 << 10

func recycle(f *frames) {
	if cap(f.b) <= maxPooled {
		f.cut(mark{})
		f.safe = mark{}
		pool.Put(f)
	}
}

// minShared is the size in bytes from which on a message is shared: for a smaller one a copy costs less.
const minShared = 4 << 10

// latest is the large message that was staged last in a turn. A broadcast stages it again for the next socket.
type latest struct {
	binary  bool
	payload []byte       // in the first socket's frames, or in frame
	frame   *wire.Shared // nil before the second socket
}

// same returns the frame of m if it is the latest message, and nil if it is another. The bytes are compared, since the
// caller may change its own between two calls.
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

// maxFrameHeader is the size of the longest header of a frame that is not masked.
const maxFrameHeader = 10

// messageFrame returns a function that appends the frame of a message.
func messageFrame(m driver.Message) func([]byte) []byte {
	op := byte(opText)
	if m.Binary {
		op = opBinary
	}
	return func(b []byte) []byte { return wire.AppendFrame(b, op, m.Data) }
}
