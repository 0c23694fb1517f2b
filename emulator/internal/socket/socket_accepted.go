package socket

// Sockets accepted with accept(), which cannot hibernate.
// https://developers.cloudflare.com/workers/runtime-apis/websockets/#accept

import (
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// receiver is the receiving side of an accepted socket: its messages wait for Receive. The socket's mu guards it.
type receiver struct {
	halfOpen    bool // the socket does not answer a Close frame by itself
	at          driver.Place
	queue       []driver.Message
	ended       error   // the error that Receive returns after the queue; nil while the connection lasts
	after       error   // what later calls return; nil: ended again
	endReturned bool    // Receive has returned ended
	closeSeen   bool    // the receiver has read the end, or has nothing to read before it
	asks        []Asker // waits for a message or the end
	receivers   int     // events that have asked for messages and have not ended
	busy        bool    // an event has received a message and not asked for the next: it may still send an answer
	deferred    bool    // the peer's Close frame is answered only when no event can ask for messages any more
}

// idle reports whether every message is received, and its receiver has asked for the next or ended.
func (p *receiver) idle() bool { return len(p.queue) == 0 && (p.receivers == 0 || !p.busy) }

// wake ends all waits. Several events may wait for one message: each looks in its turn whether the message is still there.
func (p *receiver) wake() {
	for i, a := range p.asks {
		a.Ready()
		p.asks[i] = nil
	}
	p.asks = p.asks[:0]
}

// accept is accept(): the socket's messages wait for Receive.
func (s *Socket) accept(halfOpen bool, at driver.Place) error {
	s.mu.Lock()
	if s.mode != fresh {
		defer s.mu.Unlock()
		switch s.mode {
		case hibernatable:
			return driver.TypeError(msgAcceptHibernate)
		case returned, relayed:
			return driver.TypeError(msgAcceptUsed)
		}
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

// queue keeps a message of an accepted socket for Receive, or notes the end of the connection. s.mu is held.
func (s *Socket) queue(e Event) (cost int) {
	p := s.plain
	switch {
	case e.Closed != nil:
		s.closedAccepted(e.Closed)
	case e.Err != nil:
		s.failedAccepted(e.Err)
	case p != nil && p.ended == nil:
		p.queue = append(p.queue, e.Message)
		p.wake()
		return e.cost
	}
	return 0
}

// Asker waits for a message of an accepted socket. Ready is called under the socket's lock and must not use the socket.
type Asker interface{ Ready() }

// Ask calls a.Ready when a message or the end of the connection is there to be received, which may be at once.
func (s *Socket) Ask(a Asker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.plain
	if p == nil || len(p.queue) > 0 {
		a.Ready()
		return
	}
	p.busy = false
	if p.ended != nil {
		s.replyToClose()
		a.Ready()
		return
	}
	p.asks = append(p.asks, a)
}

// Forget ends the wait of a.
func (s *Socket) Forget(a Asker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.plain; p != nil {
		p.asks = slices.DeleteFunc(p.asks, func(other Asker) bool { return other == a })
	}
}

// receive takes the next message. ok is false if there is none; err is then the end of the connection, or nil before that.
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

// closedAccepted notes the end of an accepted socket's connection. s.mu is held.
func (s *Socket) closedAccepted(c *driver.Closed) {
	p := s.plain
	idle := p == nil || p.idle()
	if s.peer = peerClosed; !c.WasClean {
		s.peer = peerLost
		if idle {
			s.finish()
			s.end(c)
			s.seeEnd()
			return
		}
	}
	if p != nil && p.ended == nil {
		p.ended = c
		p.wake()
	}
	switch {
	case idle:
		s.replyToClose()
	case p.receivers > 0 || s.owner == nil: // the receiver answers when it reads the end; a Worker may still ask
	default:
		// Counted before MayReceive looks: an event that ends between the two must find the deferral.
		p.deferred = true
		s.owner.Sockets().deferred.Add(1)
		if !s.owner.MayReceive(nil) {
			s.endDeferral()
			s.replyToClose()
		}
	}
}

// failedAccepted notes that the peer of an accepted socket has violated the protocol. s.mu is held.
func (s *Socket) failedAccepted(err *driver.Error) {
	s.peer = peerFailed
	err.Message = "Uncaught Error: " + err.Message
	s.finish()
	s.end(err)
	s.seeEnd()
}

// seeEnd sets closeSeen if no message has to be received before the end. s.mu is held.
func (s *Socket) seeEnd() {
	if p := s.plain; p != nil && p.idle() {
		p.closeSeen = true
	}
}

// end makes err the last result of Receive, unless there is one, and lets the owner go. s.mu is held.
func (s *Socket) end(err error) {
	p := s.plain
	if p != nil {
		if p.ended == nil && err != nil {
			p.ended = err
		}
		p.wake()
	}
	if s.owner != nil {
		if p != nil {
			s.endDeferral()
		}
		s.owner.Sockets().forgetPlain(s)
		s.owner = nil
		s.unpin()
	}
}

// replyToClose answers the peer's Close frame, unless the socket was accepted half open. If the connection was lost without a
// Close frame it ends the socket. It is called when the receiver has read every message before the end, so that the receiver's
// answers leave before the Close frame. s.mu is held.
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
		s.t.Write(closeFrame(c))
	}
	s.finishClosed()
}

// closedSecond is called when this side sends its Close frame. If the peer was first, workerd reports the end of the connection
// as an error in two cases: it has opened the connection itself, or both ends of a pair are accepted. s.mu is held.
func (s *Socket) closedSecond() {
	if s.peer != peerClosed || s.plain == nil {
		return
	}
	l, paired := s.t.(*local)
	if s.outbound || paired && l.between {
		s.plain.after = &driver.Error{Name: "Error", Message: "Uncaught Error: " + driver.ConnectionLost, Retryable: true}
	}
}

// endDeferral clears deferred. s.mu is held.
func (s *Socket) endDeferral() {
	if s.plain.deferred {
		s.plain.deferred = false
		s.owner.Sockets().deferred.Add(-1)
	}
}

// Receives are the sockets that an event has asked for messages.
type Receives struct{ sockets []*Socket }

// End is called when the event has ended. Close frames that the event has not read are answered.
func (r *Receives) End(l *List) {
	for _, s := range r.sockets {
		s.countReceivers(-1)
	}
	r.sockets = nil
	if l.deferred.Load() > 0 {
		for _, s := range l.accepted() {
			s.answerDeferred(r)
		}
	}
}

// answerDeferred answers the peer's Close frame if the event that ends was the last that could have asked for messages.
func (s *Socket) answerDeferred(ending *Receives) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owner == nil || !s.plain.deferred || s.plain.receivers == 0 && s.owner.MayReceive(ending) {
		return
	}
	s.endDeferral()
	if s.plain.receivers == 0 {
		s.replyToClose()
	}
}

// countReceivers changes the number of events that have asked for messages. It reports false for a socket that is not accepted.
func (s *Socket) countReceivers(change int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.plain
	if p == nil {
		return false
	}
	if p.receivers += change; p.receivers == 0 {
		p.busy = false
		s.replyToClose()
	}
	return true
}

// Run is the run of user code that receives: an object's event or a Worker's invocation.
type Run interface {
	// Receives returns the sockets that an object's event has asked for messages, and its instance. Both are nil in a Worker.
	Receives() (*Receives, Instance)
	Network() *Network
	// Ask asks the socket, which pins the instance until ready is called or the operation is stopped.
	Ask(s *Socket, at driver.Place, ready func()) (driver.Operation, error)
}

// askedBy notes that a run of user code asks the socket for messages.
func (v *View) askedBy(run Run, at driver.Place) error {
	s := v.s
	r, in := run.Receives()
	if in == nil {
		s.belongs(run.Network())
		s.mu.Lock()
		defer s.mu.Unlock()
		if p := s.plain; p != nil && p.receivers == 0 {
			p.receivers = 1 // for ever: functions for waitUntil may ask when the invocation has ended
		}
		return nil
	}
	s.mu.Lock()
	owned := s.owner == in
	s.mu.Unlock()
	if !owned {
		if err := s.adopt(in, driver.PinSocket, at); err != nil {
			return err
		}
	}
	v.in = in
	if !slices.Contains(r.sockets, s) && s.countReceivers(1) {
		r.sockets = append(r.sockets, s)
	}
	return nil
}
