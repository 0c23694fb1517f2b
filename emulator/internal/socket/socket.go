// Package socket is the WebSockets of Workers and objects.
//
// A [Socket] is one end of a connection or of a pair. An object's sockets are its [List], which is where they are while it
// hibernates; an instance sees each as a [View]. What a socket receives for an object goes to it as an [Event], what user code
// sends in a turn waits in the instance's [Outbox].
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

// Socket is one end of a WebSocket connection, from the pair that it is made in to its end. What is here outlives
// hibernation; how an instance sees it is a [view].
//
// Lock order: the joined of a pair, a socket's mu, and then its list's, its instance's or its transport's.
type Socket struct {
	other  *Socket
	joined *sync.Mutex // of both ends: see join
	index  int         // in its object's list

	mu       sync.Mutex
	mode     mode
	used     bool      // it has been in a response
	net      *Network  // once it is known whose it is
	list     *List     // that it is in, of a hibernatable one
	plain    *receiver // of an accepted one
	owner    Instance  // that it pins until unpin
	unpin    func()
	t        transport // where its frames go; nil before there is one
	started  bool      // the transport reads
	out      []byte    // frames that wait for a transport
	outbound bool      // opened by fetch(), not by a client

	closeSent   bool     // our Close frame has been sent, or staged
	peer        peerSide // as far as it has been dealt with
	finished    bool     // the transport has been told to end
	streamEnded bool     // nothing more can come: the peer has ended its side, or is gone

	tags       []string
	attachment []byte
	pending    atomic.Int32 // events whose handlers have not begun, or not come to where they first wait
	unfinished atomic.Int32 // events that have not ended
	holding    atomic.Bool  // frames are staged
	answered   atomic.Int64 // when it was last auto-answered, in milliseconds

	// These belong to the goroutine that has the object's turn.
	view   *View
	staged *frames // sent in this turn; nil without
}

// peerSide is what has become of the peer's side of a connection.
type peerSide uint8

const (
	peerOpen   peerSide = iota
	peerClosed          // by a Close frame
	peerLost            // it has ended without one
	peerFailed          // by a violation of the protocol
)

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
func (s *Socket) write(frames []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hand(frames)
}

// hand is write. s.mu is held.
func (s *Socket) hand(frames []byte) {
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
func (s *Socket) sendOut(f *frames) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := 0
	for _, p := range f.shared {
		s.hand(f.b[at:p.at])
		at = p.at
		if s.t == nil {
			s.out = append(s.out, p.frame.Frame()...)
		} else {
			s.t.WriteShared(p.frame)
		}
	}
	s.hand(f.b[at:])
}

// Connect gives the socket a connection of its own and sends head and what waited, in one
// write. The connection is read from when the socket is accepted.
func (s *Socket) Connect(n *Network, t transport, head []byte) {
	if s.list == nil {
		n.track(s)
	}
	s.attach(n, t, head)
}

// Other is the other end of the pair.
func (s *Socket) Other() *Socket { return s.other }

// attach gives the socket its transport, which is read from when the socket is accepted, and sends head and what waited.
func (s *Socket) attach(n *Network, t transport, head []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.net, s.t = n, t
	if all := append(head, s.out...); len(all) > 0 {
		t.Write(all)
	}
	s.out = nil
	if s.finished { // before it had a connection
		t.Finish()
		n.untrack(s)
		return
	}
	s.startReading()
}

// startReading: s.mu is held.
func (s *Socket) startReading() {
	if s.t != nil && !s.started && (s.mode == accepted || s.mode == hibernatable || s.mode == relayed) {
		s.started = true
		s.t.Start()
	}
}

// flush sends what was staged, and ends a connection that both sides have closed.
func (s *Socket) flush() {
	staged := s.staged
	s.staged = nil
	s.sendOut(staged)
	s.holding.Store(false)
	recycle(staged)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closeSent && (s.peer == peerClosed || s.peer == peerLost) {
		s.finish()
		s.end(nil)
	}
}

// finish ends the connection after what is queued has left. s.mu is held.
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

// shut ends the connection with a bare FIN, at once.
func (s *Socket) shut() { s.dropBy(transport.Shut) }

// drop ends the connection with a bare FIN, after what was sent.
func (s *Socket) drop() { s.dropBy(transport.Finish) }

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

// Message is called by the transport: a message has arrived. It returns what
// the message costs until it is dispatched.
func (s *Socket) Message(binary bool, data []byte) int {
	s.mu.Lock()
	mode, list := s.mode, s.list
	m := driver.Message{Data: data, Binary: binary}
	if mode == relayed {
		s.mu.Unlock()
		s.other.write(messageFrame(m)(nil))
		return 0
	}
	if mode != hibernatable {
		defer s.mu.Unlock()
		return s.deliver(m)
	}
	s.mu.Unlock()
	// Read first: what is staged after this is sent after this.
	behind := s.pending.Load() > 0 || s.holding.Load()
	if list.Auto.onArrival(s, m, behind) {
		return 0
	}
	return s.submit(Event{Message: m, behind: behind, cost: len(data) + messageCost})
}

// messageCost is what a message costs beside its bytes.
const messageCost = 256

// PeerClosed is called by the transport: the peer sent a Close frame.
func (s *Socket) PeerClosed(code int, reason string) {
	s.closed(&driver.Closed{Code: code, Reason: reason, WasClean: true})
}

// Lost is called by the transport: the connection ended without a Close frame.
func (s *Socket) Lost(error) {
	s.mu.Lock()
	s.streamEnded = true
	s.mu.Unlock()
	s.closed(&driver.Closed{Code: 1006, Reason: msgDisconnected})
}

// Ended is called by the transport: the stream has ended after PeerClosed or Failed.
func (s *Socket) Ended() {
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
func (s *Socket) finishEnded() {
	if s.mode == hibernatable && s.streamEnded && s.unfinished.Load() == 0 {
		s.finish()
	}
}

// eventEnded is called when an event of the socket has ended and what it sent has left.
func (s *Socket) eventEnded() {
	if s.unfinished.Add(-1) == 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.finishEnded()
	}
}

func (s *Socket) closed(c *driver.Closed) {
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
	s.submit(Event{Closed: c})
}

// Failed is called by the transport: the peer violated the protocol.
func (s *Socket) Failed(status int, description string) {
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
	s.submit(Event{Err: err})
}

// Overflow is called by the transport: the client reads too slowly, and the
// connection has been closed with 1009.
func (s *Socket) Overflow(buffered, together int64) {
	// On a goroutine of its own, since the transport's must not wait for who observes the log.
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

// submit gives the object an event of the socket, and returns its cost.
func (s *Socket) submit(e Event) int {
	e.socket, e.pending = s, 1
	s.pending.Add(1)
	s.unfinished.Add(1)
	s.list.object.Deliver(e)
	return e.cost
}

// autoAnswered notes that the socket is answered automatically now.
func (s *Socket) autoAnswered() { s.answered.Store(s.net.host.Now().UnixMilli()) }

// AutoAnswered is when the socket was last auto-answered.
func (s *Socket) AutoAnswered() time.Time {
	if ms := s.answered.Load(); ms != 0 {
		return time.UnixMilli(ms)
	}
	return time.Time{}
}

// ends notes how the peer's side of a hibernatable socket has ended, when the object is told.
func (s *Socket) ends(clean bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case clean:
		s.peer = peerClosed
	case s.peer != peerFailed: // that the connection is lost then says no more
		s.peer = peerLost
	}
}

// Hibernatable is acceptWebSocket() of an instance.
func Hibernatable(in Instance, ws driver.Socket, tags []string) error {
	v, ok := ws.(*View)
	if !ok {
		return driver.TypeError(msgNotWebSocket)
	}
	s := v.s
	if err := s.acceptable(); err != nil {
		return err
	}
	kept := make([]string, 0, len(tags))
	for _, tag := range tags {
		if len(kept) == maxTags {
			return driver.PlainError(msgTooManyTags)
		}
		if len(tag) > maxTag {
			return driver.PlainError(msgTagTooLong(tag))
		}
		if !slices.Contains(kept, tag) {
			kept = append(kept, tag)
		}
	}
	list := in.Sockets()
	err := in.Own(func() error {
		if err := list.add(s); err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.mode, s.net, s.list, s.tags = hibernatable, list.net, list, slices.Clip(kept)
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.startReading()
	s.mu.Unlock()
	v.in, s.view = in, v
	s.join()
	return nil
}

// acceptable reports whether acceptWebSocket() may take the socket.
func (s *Socket) acceptable() error {
	s.mu.Lock()
	mine := s.mode
	s.mu.Unlock()
	if mine == accepted || mine == hibernatable {
		return driver.PlainError(msgAlreadyAccepted)
	}
	if mine == returned {
		return driver.PlainError(msgPairUsed)
	}
	s.other.mu.Lock()
	defer s.other.mu.Unlock()
	if s.other.mode != fresh || s.other.used {
		return driver.PlainError(msgPairUsed)
	}
	return nil
}

// GiveAway marks the socket of a response as returned, and returns it. workerd finds out that it cannot be returned when it
// has sent the 101, so with an error comes another socket, whose other end is gone: the client gets the 101 and a bare FIN.
func GiveAway(ws driver.Socket) (*Socket, *driver.Error) {
	s := ws.(*View).s
	if err := s.giveAway(); err != nil {
		ours, theirs := newSockets()
		ours.mode, ours.used, ours.peer = returned, true, peerLost
		theirs.finished = true
		return ours, err
	}
	return s, nil
}

func (s *Socket) giveAway() *driver.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.mode {
	case hibernatable:
		return driver.TypeError(msgReturnHibernate)
	case accepted:
		return driver.TypeError(msgReturnAccepted)
	case returned:
		return driver.TypeError(msgReturnUsed)
	}
	s.mode, s.used = returned, true
	return nil
}

// TakeBack makes the socket of a response, if it has one, usable by the code that got the response.
func TakeBack(ws driver.Socket) {
	v, ok := ws.(*View)
	if !ok {
		return
	}
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	if v.s.mode == returned {
		v.s.mode = fresh
	}
}

// Discard drops the connection of a response's socket, if it has one, that nobody wants any more.
func Discard(ws driver.Socket) {
	if v, ok := ws.(*View); ok {
		v.s.shut()
	}
}

// Outgoing makes the socket of a connection that a Worker or an object opens.
func Outgoing(n *Network, open func(wire.Handler) (*wire.Conn, error)) (driver.Socket, error) {
	ours, theirs := newSockets()
	theirs.mode = returned
	t, err := open(ours)
	if err != nil {
		return nil, err
	}
	ours.outbound = true
	ours.Connect(n, t, nil)
	return ours.view, nil
}

// Tags are those that the socket was accepted with.
func (s *Socket) Tags() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tags
}

// Buffered is how many bytes wait for the peer to take them, without what is staged.
func (s *Socket) Buffered() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := int64(len(s.out))
	if s.t != nil {
		n += s.t.Buffered()
	}
	return n
}

// Attachment returns a fresh copy of serializeAttachment()'s value, nil if there is none.
func (s *Socket) Attachment() (driver.Value, error) {
	s.mu.Lock()
	data := s.attachment
	s.mu.Unlock()
	if data == nil {
		return nil, nil
	}
	return v8.Decode(data)
}
