package socket

// Output gates: https://blog.cloudflare.com/durable-objects-easy-fast-correct-choose-three/

import (
	"bytes"
	"sync"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// Outbox is the output gate for frames: it holds those that an instance sends in one turn until the turn's writes are
// committed. Only the goroutine that has the turn uses it.
type Outbox struct {
	sockets []*Socket // those with staged frames
	bytes   int       // the size of these frames; shared ones do not count
	latest  latest
}

// maxStaged is how many bytes a turn stages before its frames leave in the midst of the turn. Without a limit a handler that
// sends in a loop would fill the memory.
const maxStaged = 8 << 20

// full reports whether the frames should leave in the midst of the turn.
func (o *Outbox) full() bool { return o.bytes > maxStaged }

// of returns the staged frames of a socket, which the caller may append to. From now on Leave flushes the socket, also if
// nothing is appended.
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

// minShared is the smallest message, in bytes, whose frame the sockets of a broadcast share. A smaller one is cheaper to copy.
const minShared = 4 << 10

// addMessage stages a message. If it is large and equals the message staged before it, for another socket of a broadcast, the
// two share one frame.
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

// Leave sends the staged frames, in one write for each socket. With drop they are thrown away instead.
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

// Writes is called at the first write to storage in a turn. The frames staged before it may leave even if the commit fails.
func (o *Outbox) Writes() {
	for _, s := range o.sockets {
		s.staged.safe = s.staged.end()
	}
}

// DropUnsafe throws the frames away that were staged after the first write. It is called when the commit has failed.
func (o *Outbox) DropUnsafe() {
	for _, s := range o.sockets {
		s.staged.cut(s.staged.safe)
	}
}

// frames are what one socket sends in a turn: its own frames in b, and shared ones at places between them.
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

// mark is a position in frames. The zero mark is the beginning.
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

// maxPooled is the largest capacity of a buffer that goes back to the pool. A larger one would keep the memory of one huge
// message for ever.
const maxPooled = 64 << 10

// recycle gives frames back to the pool. The caller must not use them any more.
func recycle(f *frames) {
	if cap(f.b) <= maxPooled {
		f.cut(mark{})
		f.safe = mark{}
		pool.Put(f)
	}
}

// latest is the large message that was staged last in the turn: in a broadcast the next socket gets the same.
type latest struct {
	binary  bool
	payload []byte       // in the first socket's frames, or in frame
	frame   *wire.Shared // nil until a second socket gets the message
}

// same returns the shared frame of m if m equals the latest message, else nil. It compares the bytes, not the slices: the caller
// may have changed its slice since.
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
