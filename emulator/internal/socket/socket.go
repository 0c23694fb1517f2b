// Package socket is the WebSockets of Workers and objects.
//
// A [Socket] is one end of a connection or of a pair. An object's sockets are in its [List], also while it hibernates; an
// instance sees each as a [View]. What a socket receives for an object goes to it as an [Event]; what user code sends in a turn
// waits in the instance's [Outbox].
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

// Socket is one end of a WebSocket connection, from the pair that it is made in to its end. It outlives hibernation.
//
// It is open until one side has sent a Close frame (closeSent, peer), and closed when both have; the connection ends with
// finish then, or with drop or shut before.
//
// Lock order: joined, the object's lock (Instance.Own), mu, and then one of the list, the instance, the transport, the network.
type Socket struct {
	other  *Socket
	joined *sync.Mutex // of both ends: see join
	index  int         // in list

	mu       sync.Mutex
	mode     mode
	used     bool      // it has been in a response
	net      *Network  // nil until code of a world uses the socket
	list     *List     // of a hibernatable socket
	plain    *receiver // of an accepted socket
	owner    Instance  // pinned until unpin is called; nil for none
	unpin    func()
	t        transport // where frames go; nil before there is a connection
	started  bool      // the transport reads
	out      []byte    // frames sent before there is a transport
	outbound bool      // opened by fetch(), not by a client

	closeSent   bool     // our Close frame is sent or staged
	peer        peerSide // as far as user code may know
	finished    bool     // the transport was told to end
	streamEnded bool     // the transport will read nothing more

	tags       []string
	attachment []byte
	pending    atomic.Int32 // events whose handlers have not yet ended or waited
	unfinished atomic.Int32 // events that have not ended
	holding    atomic.Bool  // staged is not nil
	answered   atomic.Int64 // the time of the latest automatic response, in milliseconds

	// These belong to the goroutine that has the object's turn.
	view   *View
	staged *frames // sent in this turn
}

// mode is what was done with a socket.
type mode uint8

const (
	fresh        mode = iota // new WebSocketPair()
	accepted                 // accept(): its messages wait for Receive
	hibernatable             // acceptWebSocket(): its messages are events of the object
	returned                 // it is in a response
	relayed                  // its messages go to the connection of the other end
)

// peerSide is how the peer has ended its side of a connection.
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

// Of returns the socket that a front end holds. It is not ok for nil.
func Of(ws driver.Socket) (s *Socket, ok bool) {
	if v, ok := ws.(*View); ok {
		return v.s, true
	}
	return nil, false
}

// Other is the other end of the pair.
func (s *Socket) Other() *Socket { return s.other }

// View is the socket as its latest user sees it.
func (s *Socket) View() driver.Socket { return s.view }

// viewOf is the socket as an instance sees it. It belongs to the goroutine that has the turn.
func (s *Socket) viewOf(in Instance) *View {
	if s.view == nil || s.view.in != in {
		s.view = &View{s: s, in: in}
	}
	return s.view
}

// belongs notes the socket's world.
func (s *Socket) belongs(n *Network) {
	s.mu.Lock()
	known := s.net != nil
	s.net = n
	s.mu.Unlock()
	if !known {
		s.join()
	}
}

// join connects the two ends with each other once both are accepted and one is known to be of a world.
func (s *Socket) join() {
	s.joined.Lock() // or both ends, accepted at the same time, would join
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

// Connect gives the socket a connection of its own. What the socket has sent so far leaves with head, in one write.
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

// startReading has the transport read if there is one and the messages have somewhere to go. s.mu is held.
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

// flush sends what was staged, and ends the connection if both sides have closed it.
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

// ignoresSends reports whether sending has no effect and no error: the socket was given away or has failed, or its receiver
// knows that the peer is gone. s.mu is held.
func (s *Socket) ignoresSends() bool {
	switch s.mode {
	case returned:
		return true
	case accepted:
		return (s.peer == peerFailed || s.peer == peerLost) && s.plain.closeSeen
	}
	return s.peer == peerFailed
}

// finishClosed ends a connection that both sides have closed. s.mu is held.
func (s *Socket) finishClosed() {
	if s.closeSent && (s.peer == peerClosed || s.peer == peerLost) {
		s.finish()
		s.end(nil)
	}
}

// finish ends the connection after everything that was sent. s.mu is held.
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

// drop ends the connection with a bare FIN, after everything that was sent.
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

// messageCost is what a message that waits costs beside its bytes.
const messageCost = 256

// Message is called by the transport when a message has arrived. It returns what the message costs until it is dispatched.
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

// received passes on what the peer has sent: to the object, to the other end's connection, or to the receiver.
func (s *Socket) received(e Event) (cost int) {
	s.mu.Lock()
	switch s.mode {
	case hibernatable:
		s.mu.Unlock()
		return s.submit(e)
	case relayed:
		s.mu.Unlock() // the other end has a lock of its own, and its messages come the opposite way
		s.relay(e)
		return 0
	}
	defer s.mu.Unlock()
	return s.queue(e)
}

// submit gives the object an event, unless it is a message that is answered automatically.
func (s *Socket) submit(e Event) (cost int) {
	if e.Closed == nil && e.Err == nil {
		// What is staged after this look was sent after the message arrived, and may leave behind the response to it.
		e.behind = s.pending.Load() > 0 || s.holding.Load()
		if !e.behind && s.list.Auto.answer(s, e.Message, nil) {
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

// finishEnded ends a hibernatable socket's connection when its stream has ended and none of its events is under way. Until
// then a handler may send to a peer that has ended only its side. Waiting longer would keep the descriptor of a peer that
// is gone for as long as the object lives and does not close the socket. s.mu is held.
func (s *Socket) finishEnded() {
	if s.mode == hibernatable && s.streamEnded && s.unfinished.Load() == 0 {
		s.finish()
	}
}

// Overflow is called by the transport when the client reads too slowly and was closed with 1009.
func (s *Socket) Overflow(buffered, together int64) {
	// On a goroutine of its own: the transport's must not wait for the readers of the log.
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

// Buffered is how many bytes the peer has not taken, without those that are staged.
func (s *Socket) Buffered() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := int64(len(s.out))
	if s.t != nil {
		n += s.t.Buffered()
	}
	return n
}

// Attachment returns a fresh copy of what serializeAttachment() was given, nil if it was not called.
func (s *Socket) Attachment() (driver.Value, error) {
	s.mu.Lock()
	data := s.attachment
	s.mu.Unlock()
	if data == nil {
		return nil, nil
	}
	return v8.Decode(data)
}
