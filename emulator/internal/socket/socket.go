// Package socket is the WebSockets that Workers share with their objects.
//
// A [Socket] is one end of a connection or of a pair. A [List] holds the sockets of an object, also while it hibernates. A
// [View] is a socket as one instance of the object sees it. A message that a socket receives becomes an [Event] of the object.
// A frame that a handler sends waits in the instance's [Outbox] until the turn ends.
//
// https://developers.cloudflare.com/workers/runtime-apis/websockets/
package socket

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/v8"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// Socket is one end of a WebSocket connection or of a WebSocketPair. It outlives hibernation.
//
// A socket is open until one side has sent a Close frame. closeSent says that this side has, peer what the other side has
// done. When both have sent one, finish ends the connection. drop and shut end it before that.
//
// Lock order: joined, the object's lock (Instance.Own), mu, and then one of the list, the instance, the transport, the network.
type Socket struct {
	other  *Socket
	joined *sync.Mutex // shared with the other end: see join
	index  int         // of the socket in list.list

	mu       sync.Mutex
	mode     mode
	used     bool      // a response has held it
	net      *Network  // nil until code of a world uses the socket
	list     *List     // nil unless the socket is hibernatable
	plain    *receiver // nil unless the socket is accepted
	owner    Instance  // the instance that the socket pins until unpin is called; may be nil
	unpin    func()
	t        transport // where frames go; nil before there is a connection
	started  bool      // the transport reads
	out      []byte    // frames sent before there is a transport
	outbound bool      // opened by fetch(), not by a client

	closeSent   bool     // this side's Close frame is sent or staged
	peer        peerSide // the peer's state, as far as user code may know it
	finished    bool     // Finish or Shut of the transport is called
	streamEnded bool     // the transport reads nothing more

	tags       []string
	attachment []byte
	pending    atomic.Int32 // events whose handlers have neither ended nor waited yet
	unfinished atomic.Int32 // events that have not ended
	holding    atomic.Bool  // staged is not nil
	answered   atomic.Int64 // the time of the latest automatic response, in milliseconds

	// Only the goroutine that has the object's turn uses these.
	view   *View
	staged *frames // what user code has sent in this turn
}

// mode says how user code uses a socket, which decides where its messages go.
type mode uint8

const (
	fresh        mode = iota // new WebSocketPair()
	accepted                 // accept(): its messages wait for Receive
	hibernatable             // acceptWebSocket(): its messages are events of the object
	returned                 // a response holds it
	relayed                  // its messages go to the connection of the other end
)

// peerSide says whether and how the peer has ended its side of a connection.
type peerSide uint8

const (
	peerOpen   peerSide = iota
	peerClosed          // with a Close frame
	peerLost            // without one
	peerFailed          // by a violation of the protocol
)

// transport carries a socket's frames: a [wire.Conn], or a [local] to the other end of a pair. No method blocks.
type transport interface {
	Start()
	Write(frames []byte)
	WriteShared(frame *wire.Shared)
	Buffered() int64
	Consumed(n int)
	Finish()
	Shut()
}

// NewPair makes the two ends of a WebSocketPair.
func NewPair() (client, server driver.Socket) {
	c, s := newPair()
	return c.view, s.view
}

func newPair() (client, server *Socket) {
	joined := new(sync.Mutex)
	c, s := &Socket{joined: joined}, &Socket{joined: joined}
	c.other, s.other = s, c
	c.view, s.view = &View{s: c}, &View{s: s}
	return c, s
}

// Of returns the socket behind a front end's handle. ok is false for a nil handle.
func Of(ws driver.Socket) (s *Socket, ok bool) {
	if v, ok := ws.(*View); ok {
		return v.s, true
	}
	return nil, false
}

// Other is the other end of the pair.
func (s *Socket) Other() *Socket { return s.other }

// View is the front end's handle of the socket.
func (s *Socket) View() driver.Socket { return s.view }

// viewOf returns the instance's view of the socket, which it makes at the first use. Only the goroutine that has the turn
// calls it.
func (s *Socket) viewOf(in Instance) *View {
	if s.view == nil || s.view.in != in {
		s.view = &View{s: s, in: in}
	}
	return s.view
}

// belongs notes which world uses the socket.
func (s *Socket) belongs(n *Network) {
	s.mu.Lock()
	known := s.net != nil
	s.net = n
	s.mu.Unlock()
	if !known {
		s.join()
	}
}

// join connects the two ends of a pair with each other, once both are accepted and the world of one is known.
func (s *Socket) join() {
	s.joined.Lock() // both ends may be accepted at the same time: without it both would join
	defer s.joined.Unlock()
	a, b := s, s.other
	n, am, aok := a.joinable()
	bn, bm, bok := b.joinable()
	if n == nil {
		n = bn
	}
	if !aok || !bok || n == nil {
		return
	}
	between := am == accepted && bm == accepted
	a.attach(n, newLocal(n.host, b, between), nil)
	b.attach(n, newLocal(n.host, a, between), nil)
}

func (s *Socket) joinable() (n *Network, m mode, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.net, s.mode, s.t == nil && (s.mode == accepted || s.mode == hibernatable)
}

// Connect gives the socket a connection of its own. The frames that user code has sent before leave with head, in one write.
func (s *Socket) Connect(n *Network, t transport, head []byte) {
	if s.list == nil {
		n.track(s)
	}
	s.attach(n, t, head)
}

func (s *Socket) attach(n *Network, t transport, head []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.net, s.t = n, t
	if all := append(head, s.out...); len(all) > 0 {
		t.Write(all)
	}
	s.out = nil
	if s.finished { // before there was a connection
		t.Finish()
		n.untrack(s)
		return
	}
	s.startReading()
}

// startReading starts the transport, if there is one and the mode says where the messages go. s.mu is held.
func (s *Socket) startReading() {
	if s.t != nil && !s.started && (s.mode == accepted || s.mode == hibernatable || s.mode == relayed) {
		s.started = true
		s.t.Start()
	}
}

// write sends frames, or keeps them until there is a transport.
func (s *Socket) write(frames []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(frames)
}

// send is write. s.mu is held.
func (s *Socket) send(frames []byte) {
	switch {
	case len(frames) == 0:
	case s.t == nil:
		s.out = append(s.out, frames...)
	default:
		s.t.Write(frames)
	}
}

// flush sends the staged frames. If both sides have sent a Close frame it ends the connection.
func (s *Socket) flush() {
	f := s.staged
	s.staged = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	at := 0
	for _, p := range f.shared {
		s.send(f.b[at:p.at])
		at = p.at
		if s.t == nil {
			s.send(p.frame.Frame())
		} else {
			s.t.WriteShared(p.frame)
		}
	}
	s.send(f.b[at:])
	s.holding.Store(false)
	recycle(f)
	s.finishClosed()
}

// ignoresSends reports whether a send has no effect and returns no error: a response holds the socket, the peer has broken the
// protocol, or the receiver has read that the peer is gone. s.mu is held.
func (s *Socket) ignoresSends() bool {
	switch s.mode {
	case returned:
		return true
	case accepted:
		return (s.peer == peerFailed || s.peer == peerLost) && s.plain.closeSeen
	}
	return s.peer == peerFailed
}

// finishClosed ends the connection if both sides have closed it. s.mu is held.
func (s *Socket) finishClosed() {
	if s.closeSent && (s.peer == peerClosed || s.peer == peerLost) {
		s.finish()
		s.end(nil)
	}
}

// finish ends the connection once every frame that was sent has left. s.mu is held.
func (s *Socket) finish() {
	if s.finished {
		return
	}
	s.finished = true
	if s.list != nil {
		s.list.forget(s)
	}
	if s.t != nil {
		s.t.Finish()
		s.net.untrack(s)
	}
}

// drop ends the connection with a bare FIN, once every frame that was sent has left.
func (s *Socket) drop() { s.dropBy(transport.Finish) }

// shut ends the connection with a bare FIN, at once.
func (s *Socket) shut() { s.dropBy(transport.Shut) }

func (s *Socket) dropBy(end func(transport)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finished, s.out = true, nil
	if s.t != nil {
		end(s.t)
		s.net.untrack(s)
	}
	s.end(driver.ErrReset)
}

// messageCost is the memory that a waiting message takes beside its data, in bytes.
const messageCost = 256

// Message is called by the transport when a message has arrived. cost is the memory that the message takes until its handler
// begins: the transport reads on once that is little enough.
func (s *Socket) Message(binary bool, data []byte) (cost int) {
	return s.received(Event{Message: driver.Message{Data: data, Binary: binary}, cost: len(data) + messageCost})
}

// PeerClosed is called by the transport when the peer's Close frame has arrived.
func (s *Socket) PeerClosed(code int, reason string) {
	s.received(Event{Closed: &driver.Closed{Code: code, Reason: reason, WasClean: true}})
}

// Lost is called by the transport when the connection has ended without a Close frame.
func (s *Socket) Lost(error) {
	s.mu.Lock()
	s.streamEnded = true
	s.mu.Unlock()
	s.received(Event{Closed: &driver.Closed{Code: 1006, Reason: msgDisconnected}})
}

// Failed is called by the transport when the peer has violated the protocol.
func (s *Socket) Failed(status int, description string) {
	s.received(Event{Err: driver.PlainError(msgProtocol(status, description))})
}

// received passes an event on: to the object, to the other end's connection, or to the receiver of an accepted socket.
func (s *Socket) received(e Event) (cost int) {
	s.mu.Lock()
	switch s.mode {
	case hibernatable:
		s.mu.Unlock()
		return s.submit(e)
	case relayed:
		s.mu.Unlock() // relay takes the other end's lock, whose own relay takes this one
		s.relay(e)
		return 0
	}
	defer s.mu.Unlock()
	return s.queue(e)
}

// submit gives the object an event, unless it is a message that is answered automatically.
func (s *Socket) submit(e Event) (cost int) {
	if e.Closed == nil && e.Err == nil {
		// A frame that is staged after this look was sent after the message had arrived: it may leave after the response.
		e.behind = s.pending.Load() > 0 || s.holding.Load()
		if !e.behind && s.list.Auto.respond(s, e.Message, nil) {
			return 0
		}
	}
	e.socket, e.pending = s, 1
	s.pending.Add(1)
	s.unfinished.Add(1)
	s.list.object.Deliver(e)
	return e.cost
}

// Ended is called by the transport when the stream has ended after PeerClosed or Failed.
func (s *Socket) Ended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streamEnded = true
	if s.mode == relayed {
		s.finish()
	}
	s.finishEnded()
}

// finishEnded ends the connection of a hibernatable socket whose stream has ended, once no event of the socket is under way.
// Before that a handler may still send: the peer may have ended only its own side. To wait for the object's close would keep
// the descriptor of a peer that is gone open for as long as the object lives. s.mu is held.
func (s *Socket) finishEnded() {
	if s.mode == hibernatable && s.streamEnded && s.unfinished.Load() == 0 {
		s.finish()
	}
}

// Overflow is called by the transport when it has closed the connection with 1009 because the client reads too slowly.
func (s *Socket) Overflow(buffered, together int64) {
	// On a goroutine of its own: a slow reader of the log must not keep the transport from reading.
	s.net.host.Go(func() {
		text := msgOverflow(buffered, together)
		if s.list != nil {
			s.list.object.Log(text)
		} else {
			s.net.host.Emit(host.Event{Type: host.EventLog, Message: text})
		}
		s.Lost(nil)
	})
}

// AutoAnswered is the time of the latest automatic response, zero if there was none.
func (s *Socket) AutoAnswered() time.Time {
	if ms := s.answered.Load(); ms != 0 {
		return time.UnixMilli(ms)
	}
	return time.Time{}
}

// Tags is getTags().
func (s *Socket) Tags() ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.mode {
	case hibernatable:
		return slices.Clone(s.tags), nil
	case accepted:
		return nil, driver.PlainError(msgTagsAccepted)
	}
	return nil, driver.PlainError(msgTagsNotAccepted)
}

// Buffered is how many bytes wait for the peer. Staged frames do not count.
func (s *Socket) Buffered() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := int64(len(s.out))
	if s.t != nil {
		n += s.t.Buffered()
	}
	return n
}

// Attachment is deserializeAttachment(): a fresh copy of the value that serializeAttachment() was given, nil without one.
func (s *Socket) Attachment() (driver.Value, error) {
	s.mu.Lock()
	data := s.attachment
	s.mu.Unlock()
	if data == nil {
		return nil, nil
	}
	return v8.Decode(data)
}
