package emulator

import (
	"bytes"
	"sync"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// outbox is what a socket has sent in a turn: frames of its own in b, and between them those that it shares with others.
type outbox struct {
	b      []byte
	shared []placed
}

// placed is a shared frame that goes before b[at:].
type placed struct {
	at    int
	frame *wire.Shared
}

// mark is a place in an outbox.
type mark struct{ b, shared int }

// end is the place where the outbox ends.
func (o *outbox) end() mark { return mark{len(o.b), len(o.shared)} }

// cut drops what follows a place.
func (o *outbox) cut(at mark) {
	clear(o.shared[at.shared:])
	o.b, o.shared = o.b[:at.b], o.shared[:at.shared]
}

// size is how many bytes the outbox sends.
func (o *outbox) size() int64 {
	n := int64(len(o.b))
	for _, p := range o.shared {
		n += int64(len(p.frame.Frame()))
	}
	return n
}

// pool holds outboxes.
var pool = sync.Pool{New: func() any { return &outbox{b: make([]byte, 0, 512)} }}

// maxPooled is the capacity over which a buffer is left to the collector.
const maxPooled = 64 << 10

func recycle(o *outbox) {
	if cap(o.b) <= maxPooled {
		o.cut(mark{})
		pool.Put(o)
	}
}

// minShared is the size in bytes from which on a message is shared: for a smaller one a copy costs less.
const minShared = 4 << 10

// latest is the large message that was staged last in a turn. A broadcast stages it again for the next socket.
type latest struct {
	binary  bool
	payload []byte       // in the first socket's outbox, or in frame
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
