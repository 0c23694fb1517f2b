package socket

// Sockets accepted with accept(), which cannot hibernate.
// https://developers.cloudflare.com/workers/runtime-apis/websockets/#accept

import (
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// receiver is the receiving side of an accepted socket, guarded by the socket's mu.
type receiver struct {
	halfOpen    bool // a Close frame is not answered
	at          driver.Place
	queue       []driver.Message
	ended       error  // what follows the queue, once the connection has ended
	after       error  // what follows ended
	endReturned bool   // Receive has returned ended
	closeSeen   bool   // the receiver has read the end: the peer's Close frame, mostly
	asks        []*Ask // of events that wait for the queue or the end
	receivers   int    // events that have asked and have not ended
	busy        bool   // a message was received, and nobody has asked for the next
	deferred    bool   // the answer to the Close frame waits for an event that may still ask
}

// accept makes the socket one whose messages wait for Receive.
func (s *Socket) accept(halfOpen bool, at driver.Place) error {
	s.mu.Lock()
	switch s.mode {
	case hibernatable:
		s.mu.Unlock()
		return driver.TypeError(msgAcceptHibernate)
	case returned:
		s.mu.Unlock()
		return driver.TypeError(msgAcceptUsed)
	case accepted:
		s.mu.Unlock()
		return nil
	}
	s.mode = accepted
	s.plain = &receiver{halfOpen: halfOpen, at: at}
	if s.peer == peerLost {
		s.plain.ended = &driver.Closed{Code: 1006, Reason: msgDisconnected}
	}
	s.startReading()
	s.mu.Unlock()
	s.join()
	return nil
}

// adopt makes the instance the socket's owner, which it pins until it ends. The
// pin's place is where the socket was accepted, if that is known.
func (s *Socket) adopt(in Instance, kind driver.PinKind, at driver.Place) error {
	list := in.Sockets()
	s.belongs(list.net)
	return in.Own(func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		ended := s.plain != nil && s.plain.ended != nil
		if s.owner != nil || ended || s.mode == hibernatable || (s.mode == fresh && kind == driver.PinSocket) {
			return nil
		}
		if s.plain != nil && s.plain.at != (driver.Place{}) {
			at = s.plain.at
		}
		if err := list.addPlain(s); err != nil {
			return err
		}
		s.owner, s.unpin = in, in.Pin(kind, at)
		return nil
	})
}

// OpenedBy makes the instance that has opened a connection the owner of its socket. An instance that is gone gets none.
func OpenedBy(in Instance, ws driver.Socket, at driver.Place) error {
	v, ok := ws.(*View)
	if !ok {
		return nil // the response was no 101
	}
	v.in = in
	err := v.s.adopt(in, driver.PinOutgoing, at)
	if err != nil {
		v.s.shut()
	}
	return err
}

// ReturnedBy makes the instance that has returned the other end its owner.
func (s *Socket) ReturnedBy(in Instance) error {
	if err := s.adopt(in, driver.PinSocket, driver.Place{}); err != nil {
		return err
	}
	if v := s.view; v != nil && v.in == nil {
		v.in = in
	}
	return nil
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

// deliver queues a message. s.mu is held.
func (s *Socket) deliver(m driver.Message) int {
	if s.plain == nil || s.plain.ended != nil {
		return 0
	}
	s.plain.queue = append(s.plain.queue, m)
	s.plain.wake()
	return len(m.Data) + messageCost
}

// wake calls those who wait. Several may wait for one message: each looks when it has its turn.
func (p *receiver) wake() {
	for _, a := range p.asks {
		a.ready()
	}
	p.asks = nil
}

// Ask is a wait for what an accepted socket receives.
type Ask struct {
	s     *Socket
	ready func()
}

// Begin has ready called when there is a message or the end, at once if there is already. It is called under the socket's
// lock and must not use the socket.
func (a *Ask) Begin(ready func()) {
	s := a.s
	a.ready = ready
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.plain
	switch {
	case p == nil, len(p.queue) > 0:
		ready()
		return
	case p.ended != nil:
		p.busy = false
		s.replyToClose()
		ready()
		return
	}
	p.busy = false
	p.asks = append(p.asks, a)
}

// Stop ends the wait.
func (a *Ask) Stop() {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	if p := a.s.plain; p != nil {
		p.asks = slices.DeleteFunc(p.asks, func(other *Ask) bool { return other == a })
	}
}

// receive takes the next message, or the end. It is not ok if neither is there.
func (s *Socket) receive() (m driver.Message, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.plain
	switch {
	case p == nil:
		return m, false, driver.TypeError(msgNotAccepted)
	case len(p.queue) > 0:
		m, p.queue, p.busy = p.queue[0], p.queue[1:], true
		if s.t != nil {
			s.t.Consumed(len(m.Data) + messageCost)
		}
		return m, true, nil
	case p.ended == nil:
		return m, false, nil
	}
	s.replyToClose()
	err = p.ended
	if p.endReturned && p.after != nil {
		err = p.after
	}
	p.endReturned = true
	return m, false, err
}

// endWith is the end of an accepted socket's connection. s.mu is held.
func (s *Socket) endWith(c *driver.Closed) {
	p := s.plain
	s.peer = peerClosed
	if !c.WasClean {
		s.peer = peerLost
		if p == nil || p.idle() {
			s.finish()
			s.end(c)
			p.seenIfIdle()
			return
		}
	}
	if p != nil && p.ended == nil {
		p.ended = c
		p.wake()
	}
	switch {
	case p == nil || p.idle():
		s.replyToClose()
	case p.receivers == 0 && s.owner == nil: // a Worker may still ask
	case p.receivers == 0:
		// Noted first, for an event that ends while the others are looked at.
		p.deferred = true
		s.owner.Sockets().deferred.Add(1)
		if !s.owner.MayReceive(nil) {
			s.noLongerDeferred()
			s.replyToClose()
		}
	}
}

// noLongerDeferred: s.mu is held.
func (s *Socket) noLongerDeferred() {
	if s.plain.deferred {
		s.plain.deferred = false
		s.owner.Sockets().deferred.Add(-1)
	}
}

// replyToClose answers the peer's Close frame, unless the socket was accepted half
// open; without one it ends the connection. It is called when who receives has come to the end, so that what it
// sends for the messages before is still sent. s.mu is held.
func (s *Socket) replyToClose() {
	p := s.plain
	if p != nil && s.peer != peerOpen {
		p.closeSeen = true
	}
	if s.peer == peerLost {
		s.finish()
		s.end(nil)
		return
	}
	if p == nil || s.peer != peerClosed {
		return
	}
	c, _ := p.ended.(*driver.Closed)
	if c != nil && !p.halfOpen && s.net.host.Flags.WebSocketAutoReplyToClose && !s.closeSent && s.t != nil {
		s.closeSent = true
		s.closedSecond()
		code := c.Code
		if code == 1005 {
			code = 0
		}
		s.t.Write(wire.AppendClose(nil, code, c.Reason))
	}
	if s.closeSent {
		s.finish()
		s.end(nil)
	}
}

// closedSecond is called when the socket closes. If its peer has closed before, workerd then
// takes the end of the connection for an error, where that is one that it opened itself or
// the other end of the pair was accepted likewise. s.mu is held.
func (s *Socket) closedSecond() {
	if s.peer != peerClosed || s.plain == nil {
		return
	}
	l, paired := s.t.(*local)
	if s.outbound || paired && l.between {
		s.plain.after = &driver.Error{Name: "Error", Message: "Uncaught Error: " + msgLost, Retryable: true}
	}
}

// Receives are the sockets that an event has asked for messages.
type Receives struct{ sockets []*Socket }

func (r *Receives) add(s *Socket) {
	if !slices.Contains(r.sockets, s) {
		r.sockets = append(r.sockets, s)
		s.received(1)
	}
}

// End is called when the event has ended: a Close frame that it has not come to is answered.
func (r *Receives) End(l *List) {
	for _, s := range r.sockets {
		s.received(-1)
	}
	r.sockets = nil
	if l.deferred.Load() > 0 {
		for _, s := range l.accepted() {
			s.endDeferral(r)
		}
	}
}

// Run is the run of user code that asks a socket for messages: an object's event or a Worker's invocation.
type Run interface {
	// Receives are the sockets that an object's event has asked for messages, and its instance. Both are nil in a Worker.
	Receives() (*Receives, Instance)
	Network() *Network
	// Ask begins an ask, which pins the instance, and calls ready when it is answered.
	Ask(a *Ask, at driver.Place, ready func()) (driver.Operation, error)
}

// receivedBy notes who asks for messages.
func (v *View) receivedBy(e Run, at driver.Place) error {
	r, in := e.Receives()
	if r == nil {
		v.s.belongs(e.Network())
		v.s.receivedByWorker()
		return nil
	}
	if err := v.s.adopt(in, driver.PinSocket, at); err != nil {
		return err
	}
	v.in = in
	r.add(v.s)
	return nil
}

// endDeferral answers a Close frame for which nobody is left, when an event has ended.
func (s *Socket) endDeferral(ending *Receives) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owner == nil || !s.plain.deferred || s.plain.receivers == 0 && s.owner.MayReceive(ending) {
		return
	}
	s.noLongerDeferred()
	if s.plain.receivers == 0 {
		s.replyToClose()
	}
}

// receivedByWorker notes that an invocation of the Worker asks for messages, whose functions for waitUntil may go
// on receiving when the invocation has ended.
func (s *Socket) receivedByWorker() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.plain; p != nil && p.receivers == 0 {
		p.receivers = 1
	}
}

// received counts who has asked for messages.
func (s *Socket) received(change int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.plain
	if p == nil {
		return
	}
	p.receivers += change
	if p.receivers == 0 {
		p.busy = false
		s.replyToClose()
	}
}

// failWith is the end of an accepted socket by a violation of the protocol. s.mu is held.
func (s *Socket) failWith(err *driver.Error) {
	s.peer = peerFailed
	err.Message = "Uncaught Error: " + err.Message
	s.finish()
	s.end(err)
	s.plain.seenIfIdle()
}

// seenIfIdle notes the end as seen where nobody is on the way to it.
func (p *receiver) seenIfIdle() {
	if p != nil && p.idle() {
		p.closeSeen = true
	}
}

// idle reports whether everything that came has been received, and dealt with.
func (p *receiver) idle() bool { return len(p.queue) == 0 && (p.receivers == 0 || !p.busy) }

// end gives who receives the end, and lets the owner go. s.mu is held.
func (s *Socket) end(err error) {
	if p := s.plain; p != nil {
		if p.ended == nil && err != nil {
			p.ended = err
		}
		p.wake()
	}
	if in := s.owner; in != nil {
		if s.plain != nil {
			s.noLongerDeferred()
		}
		s.owner = nil
		in.Sockets().forgetPlain(s)
		s.unpin()
	}
}
