package emulator

// https://developers.cloudflare.com/workers/runtime-apis/websockets/

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// socket is one end of a WebSocket connection. What is here outlives
// hibernation; how an instance sees it is a [view].
type socket struct {
	other  *socket
	joined *sync.Mutex // of both ends: see join
	index  int         // in its object's list

	mu       sync.Mutex
	mode     mode
	used     bool      // it has been in a response
	w        *World    // once it is known whose it is
	o        *object   // whose list it is in, of a hibernatable one
	life     *life     // of o, that the socket ends with
	plain    *receiver // of an accepted one
	owner    *instance // that it pins, with hold
	hold     *pin
	t        transport // where its frames go; nil before there is one
	started  bool      // the transport reads
	out      []byte    // frames that wait for a transport
	outbound bool      // opened by fetch(), not by a client

	closeSent, peerClosed, failed, lost, finished bool

	streamEnded bool // nothing more can come: the peer has ended its side, or is gone

	tags       []string
	attachment []byte
	pending    atomic.Int32 // events whose handlers have not begun, or not come to where they first wait
	unfinished atomic.Int32 // events that have not ended
	holding    atomic.Bool  // frames are staged
	answered   atomic.Int64 // when it was last auto-answered, in milliseconds

	// These belong to who has the object's turn.
	view   *view
	staged *outbox // frames sent in this turn
	safe   mark    // where those end that were sent before the first write
}

// mode says what has been done with a socket.
type mode uint8

const (
	fresh        mode = iota // it was made by WebSocketPair
	accepted                 // accept(): its messages wait for Receive
	hibernatable             // acceptWebSocket(): its events go to the object
	returned                 // it was given away in a response
	relayed                  // its messages go to the other end's connection, and back
)

// transport carries a socket's frames: a [wire.Conn], another socket of the
// world, or an outgoing connection. No method blocks.
type transport interface {
	Start()
	Write(frames []byte)
	WriteShared(frame *wire.Shared)
	Buffered() int64
	Consumed(n int)
	Finish()
	Shut()
}

const (
	opText   = 1
	opBinary = 2
)

// write hands frames to the transport, or keeps them for it.
func (s *socket) write(frames []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hand(frames)
}

// hand is write. s.mu is held.
func (s *socket) hand(frames []byte) {
	if len(frames) == 0 {
		return
	}
	if s.t == nil {
		s.out = append(s.out, frames...)
		return
	}
	s.t.Write(frames)
}

// sendOut sends what was staged.
func (s *socket) sendOut(o *outbox) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := 0
	for _, p := range o.shared {
		s.hand(o.b[at:p.at])
		at = p.at
		if s.t == nil {
			s.out = append(s.out, p.frame.Frame()...)
		} else {
			s.t.WriteShared(p.frame)
		}
	}
	s.hand(o.b[at:])
}

// attach gives the socket its transport and sends head and what waited, in one
// write. The transport reads from when the socket is accepted.
func (s *socket) attach(w *World, t transport, head []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.w, s.t = w, t
	if all := append(head, s.out...); len(all) > 0 {
		t.Write(all)
	}
	s.out = nil
	if s.finished { // before it had a connection
		t.Finish()
		w.uncarried(s)
		return
	}
	s.startReading()
}

// startReading: s.mu is held.
func (s *socket) startReading() {
	if s.t != nil && !s.started && (s.mode == accepted || s.mode == hibernatable || s.mode == relayed) {
		s.started = true
		s.t.Start()
	}
}

// stage adds a frame to what leaves at the end of the turn of in.
func (s *socket) stage(in *instance, frame func([]byte) []byte) {
	o := s.outbox(in)
	before := len(o.b)
	o.b = frame(o.b)
	in.staging += len(o.b) - before
}

// outbox returns what the socket has staged, to be added to.
func (s *socket) outbox(in *instance) *outbox {
	if s.staged == nil {
		s.staged = pool.Get().(*outbox)
		s.holding.Store(true)
		in.dirty = append(in.dirty, s)
	}
	return s.staged
}

// stageMessage adds a message. One that was staged just before for another socket is shared with that.
func (s *socket) stageMessage(in *instance, m driver.Message) {
	if in.staging > maxStaging && in.storage.clean() {
		in.leave() // a handler that sends without end would hold it all
	}
	if len(m.Data) < minShared {
		s.stage(in, messageFrame(m))
		return
	}
	if frame := in.latest.same(m); frame != nil {
		o := s.outbox(in)
		o.shared = append(o.shared, placed{len(o.b), frame})
		return
	}
	s.stage(in, messageFrame(m))
	in.latest = latest{binary: m.Binary, payload: s.staged.b[len(s.staged.b)-len(m.Data):]}
}

// maxStaging is how many bytes a turn stages before they leave in its midst, if nothing that was written has to be
// durable first.
const maxStaging = 8 << 20

// touch has the socket looked at when the turn of in ends.
func (s *socket) touch(in *instance) { s.stage(in, func(b []byte) []byte { return b }) }

// flush sends what was staged, and ends a connection that both sides have closed.
func (s *socket) flush() {
	staged := s.staged
	s.staged, s.safe = nil, mark{}
	s.sendOut(staged)
	s.holding.Store(false)
	recycle(staged)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closeSent && (s.peerClosed || s.lost) {
		s.finish()
		s.end(nil)
	}
}

// dropUnsafe forgets the frames staged after the first write, which was lost.
func (s *socket) dropUnsafe() { s.staged.cut(s.safe) }

// dropAll forgets all that was staged.
func (s *socket) dropAll() { s.staged.cut(mark{}) }

// finish ends the connection after what is queued has left. s.mu is held.
func (s *socket) finish() {
	if s.finished {
		return
	}
	s.finished = true
	if s.o != nil {
		s.o.sockets.forget(s)
	}
	if s.t != nil {
		s.t.Finish()
		s.w.uncarried(s)
	}
}

// shut ends the connection with a bare FIN, at once.
func (s *socket) shut() { s.dropBy(transport.Shut) }

// drop ends the connection with a bare FIN, after what was sent.
func (s *socket) drop() { s.dropBy(transport.Finish) }

func (s *socket) dropBy(end func(transport)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finished, s.out = true, nil
	if s.t != nil {
		end(s.t)
		s.w.uncarried(s)
	}
	s.end(driver.ErrReset)
}

// Message is called by the transport: a message has arrived. It returns what
// the message costs until it is dispatched.
func (s *socket) Message(binary bool, data []byte) int {
	s.mu.Lock()
	mode, o := s.mode, s.o
	if mode == relayed {
		s.mu.Unlock()
		s.other.write(messageFrame(driver.Message{Data: data, Binary: binary})(nil))
		return 0
	}
	if mode != hibernatable {
		defer s.mu.Unlock()
		return s.deliver(driver.Message{Data: data, Binary: binary})
	}
	s.mu.Unlock()
	// Read first: what is staged after this is sent after this.
	behind := s.pending.Load() > 0 || s.holding.Load()
	if !binary && !behind && o.sockets.matches(data) {
		o.sockets.answer(s)
		return 0
	}
	e := newEvent(nil, "webSocketMessage", (*event).webSocketMessage)
	e.message, e.behind = driver.Message{Data: data, Binary: binary}, behind
	return s.submit(e, len(data)+messageCost)
}

// messageCost is what a message costs beside its bytes.
const messageCost = 256

// PeerClosed is called by the transport: the peer sent a Close frame.
func (s *socket) PeerClosed(code int, reason string) {
	s.closed(&driver.Closed{Code: code, Reason: reason, WasClean: true})
}

// Lost is called by the transport: the connection ended without a Close frame.
func (s *socket) Lost(error) {
	s.mu.Lock()
	s.streamEnded = true
	s.mu.Unlock()
	s.closed(&driver.Closed{Code: 1006, Reason: msgDisconnected})
}

// Ended is called by the transport: the stream has ended after PeerClosed or Failed.
func (s *socket) Ended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streamEnded = true
	if s.mode == relayed {
		s.finish()
	}
	s.finishEnded()
}

// finishEnded ends a hibernatable socket's connection whose peer is gone, as soon as no event of the socket is under way that
// could still send something to a peer that has ended only its side: the object may live on for long, and never close the
// socket. s.mu is held.
func (s *socket) finishEnded() {
	if s.mode == hibernatable && s.streamEnded && s.unfinished.Load() == 0 {
		s.finish()
	}
}

// eventEnded is called when an event of the socket has ended and what it sent has left.
func (s *socket) eventEnded() {
	if s.unfinished.Add(-1) == 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.finishEnded()
	}
}

func (s *socket) closed(c *driver.Closed) {
	s.mu.Lock()
	mode := s.mode
	if mode != hibernatable && mode != relayed {
		defer s.mu.Unlock()
		s.endWith(c)
		return
	}
	s.mu.Unlock()
	if mode == relayed {
		s.relayClose(c)
		return
	}
	e := newEvent(nil, "webSocketClose", (*event).webSocketClose)
	e.closed = c
	s.submit(e, 0)
}

// Failed is called by the transport: the peer violated the protocol.
func (s *socket) Failed(status int, description string) {
	err := driver.PlainError(msgProtocol(status, description))
	s.mu.Lock()
	if s.mode == relayed {
		s.mu.Unlock()
		s.relayClose(&driver.Closed{Code: 1006})
		return
	}
	if s.mode != hibernatable {
		defer s.mu.Unlock()
		s.failWith(err)
		return
	}
	s.mu.Unlock()
	e := newEvent(nil, "webSocketError", (*event).webSocketError)
	e.protocol = err
	s.submit(e, 0)
}

// Overflow is called by the transport: the client reads too slowly, and the
// connection has been closed with 1009.
func (s *socket) Overflow(buffered, together int64) {
	w := s.w
	w.host.Go(func() {
		e := host.Event{Type: host.EventLog, Message: msgOverflow(buffered, together)}
		if s.o != nil {
			s.o.emit(e)
		} else {
			w.host.Emit(e)
		}
		s.Lost(nil)
	})
}

// submit gives the object an event of the socket.
func (s *socket) submit(e *event, cost int) int {
	e.socket, e.cost = s, cost
	s.pending.Add(1)
	s.unfinished.Add(1)
	e.pending.Store(true)
	s.o.submit(e)
	return cost
}

// timestamp is when the socket was last auto-answered.
func (s *socket) timestamp() time.Time {
	if ms := s.answered.Load(); ms != 0 {
		return time.UnixMilli(ms)
	}
	return time.Time{}
}

// textFrame and the like append a frame.
func messageFrame(m driver.Message) func([]byte) []byte {
	op := byte(opText)
	if m.Binary {
		op = opBinary
	}
	return func(b []byte) []byte { return wire.AppendFrame(b, op, m.Data) }
}
