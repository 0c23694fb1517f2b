package socket

import (
	"math"
	"sync"

	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// local carries the frames of one end of a pair to the other end in the same
// world. It has a goroutine only while there is something to carry.
type local struct {
	net *Network
	to  *Socket

	mu       sync.Mutex
	queue    [][]byte
	bytes    int64
	carrying bool
	last     bool // nothing follows the queue
	parser   wire.Parser
	between  bool // sockets neither of which can hibernate
}

func newLocal(n *Network, to *Socket) *local {
	l := &local{net: n, to: to}
	l.parser.MaxMessage = math.MaxInt // the limit is that of connections
	return l
}

// join connects the two ends when both are used in this world.
func (s *Socket) join() {
	s.joined.Lock()
	defer s.joined.Unlock()
	a, b := s, s.other
	n, am, aok := a.joinable()
	bn, bm, bok := b.joinable()
	if !aok || !bok {
		return
	}
	if n == nil {
		n = bn
	}
	if n == nil {
		return
	}
	toB, toA := newLocal(n, b), newLocal(n, a)
	toB.between = am == accepted && bm == accepted
	toA.between = toB.between
	a.attach(n, toB, nil)
	b.attach(n, toA, nil)
}

// joinable reports whether the socket is used and has no transport, how, and in which world.
func (s *Socket) joinable() (*Network, mode, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.net, s.mode, s.t == nil && (s.mode == accepted || s.mode == hibernatable)
}

func (l *local) Start() {}

func (l *local) Write(frames []byte) { l.keep(append([]byte(nil), frames...)) }

// WriteShared passes on a frame that nobody changes.
func (l *local) WriteShared(frame *wire.Shared) { l.keep(frame.Frame()) }

func (l *local) keep(frames []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last {
		return
	}
	l.queue = append(l.queue, frames)
	l.bytes += int64(len(frames))
	l.carry()
}

func (l *local) Buffered() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes
}

func (l *local) Consumed(int) {}

func (l *local) Finish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = true
	l.carry()
}

func (l *local) Shut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last, l.queue, l.bytes = true, nil, 0
	l.carry()
}

// carry starts the goroutine if there is none. l.mu is held.
func (l *local) carry() {
	if l.carrying {
		return
	}
	l.carrying = l.net.host.GoActive(l.run)
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

// Message, PeerClosed and Failed pass on what the parser finds.
func (l *local) Message(binary bool, data []byte) int { l.to.Message(binary, data); return 0 }

// PeerClosed passes the Close frame on.
func (l *local) PeerClosed(code int, reason string) { l.to.PeerClosed(code, reason) }

// Failed cannot happen: the frames are our own.
func (l *local) Failed(int, string) {}

// Ping cannot happen: the API sends none.
func (l *local) Ping([]byte) {}
