package socket

import (
	"math"
	"sync"

	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// local is the transport between two ends of a pair that are both used in this program: it parses the frames of one end and
// hands the messages to the other. It has a goroutine only while frames wait.
type local struct {
	host    *host.Host
	to      wire.Handler
	between bool // both ends are accepted, and neither can hibernate

	mu       sync.Mutex
	queue    [][]byte
	bytes    int64 // of the queue
	carrying bool
	last     bool // the sender has ended: nothing follows the queue
	parser   wire.Parser
}

func newLocal(h *host.Host, to wire.Handler, between bool) *local {
	l := &local{host: h, to: to, between: between}
	l.parser.MaxMessage = math.MaxInt // only messages of connections have a limit
	return l
}

func (l *local) Start() {}

func (l *local) Write(frames []byte) { l.enqueue(append([]byte(nil), frames...)) }

func (l *local) WriteShared(frame *wire.Shared) { l.enqueue(frame.Frame()) }

func (l *local) enqueue(frames []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.last {
		l.queue = append(l.queue, frames)
		l.bytes += int64(len(frames))
		l.carry()
	}
}

func (l *local) Buffered() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes
}

func (l *local) Consumed(int) {}

func (l *local) Finish() { l.end(false) }
func (l *local) Shut()   { l.end(true) }

func (l *local) end(drop bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last = true; drop {
		l.queue, l.bytes = nil, 0
	}
	l.carry()
}

// carry starts the goroutine unless it runs. l.mu is held.
func (l *local) carry() {
	if !l.carrying {
		l.carrying = l.host.GoActive(l.run)
	}
}

func (l *local) run() {
	for {
		l.mu.Lock()
		if len(l.queue) == 0 {
			l.carrying = false
			last := l.last
			l.mu.Unlock()
			if last && !l.parser.Ended() {
				l.to.Lost(nil)
			}
			return
		}
		frames := l.queue[0]
		l.queue = l.queue[1:]
		l.bytes -= int64(len(frames))
		l.mu.Unlock()
		l.parser.Feed(frames, l)
	}
}

// Message and PeerClosed are called by the parser. The cost of a message is ignored: no connection is read ahead of the handler.
func (l *local) Message(binary bool, data []byte) int { l.to.Message(binary, data); return 0 }

func (l *local) PeerClosed(code int, reason string) { l.to.PeerClosed(code, reason) }

// Failed and Ping are never called: user code can send neither a broken frame nor a ping.
func (l *local) Failed(int, string) {}
func (l *local) Ping([]byte)        {}
