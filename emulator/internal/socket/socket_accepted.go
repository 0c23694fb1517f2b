package socket

// Sockets accepted with accept(), which cannot hibernate.
// https://developers.cloudflare.com/workers/runtime-apis/websockets/#accept

import (
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// receiver is the receiving side of an accepted socket. It is guarded by the socket's mu.
type receiver struct {
	halfOpen    bool // a Close frame is not answered
	at          driver.Place
	queue       []driver.Message
	ended       error   // follows the queue, once the connection has ended
	after       error   // follows ended
	endReturned bool    // Receive has returned ended
	closeSeen   bool    // the receiver has read the end, or has nothing to read before it
	asks        []Asker // wait for the queue or the end
	receivers   int     // events that have asked and have not ended
	busy        bool    // a message was received and the next one not asked for: the event may still send an answer
	deferred    bool    // the answer to the Close frame waits for an event that may still ask
}

// idle reports whether everything that has arrived is received and dealt with.
func (p *receiver) idle() bool { return len(p.queue) == 0 && (p.receivers == 0 || !p.busy) }

// wake answers all asks. If there is one message only, each looks in its turn whether it is still there.
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

// queue takes what an accepted socket has received. s.mu is held.
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

// Asker waits for what an accepted socket receives. Ready is called under the socket's lock and must not use the socket.
type Asker interface{ Ready() }

// Ask calls a's Ready when there is a message or the end, at once if there is one.
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
	case p.receivers > 0 || s.owner == nil: // a receiver reads the end later, and a Worker may ask yet
	default:
		// Counted before the look at the events: one that ends meanwhile finds the deferral.
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

// seeEnd notes that nothing has to be read before the end, if that is so. s.mu is held.
func (s *Socket) seeEnd() {
	if p := s.plain; p != nil && p.idle() {
		p.closeSeen = true
	}
}

// end makes an error the end of what is received, and releases the owner. s.mu is held.
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

// replyToClose answers the peer's Close frame, unless the socket was accepted half open, and ends the connection if there was
// none. It is called when the receiver has read everything before the end: its answers leave before the Close frame. s.mu is held.
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

// closedSecond is called when the socket closes. If the peer has closed before, workerd takes the end of the connection for
// an error where it has opened the connection itself, or where both ends of a pair were accepted. s.mu is held.
func (s *Socket) closedSecond() {
	if s.peer != peerClosed || s.plain == nil {
		return
	}
	l, paired := s.t.(*local)
	if s.outbound || paired && l.between {
		s.plain.after = &driver.Error{Name: "Error", Message: "Uncaught Error: " + driver.ConnectionLost, Retryable: true}
	}
}

// endDeferral takes back that the answer to a Close frame is deferred. s.mu is held.
func (s *Socket) endDeferral() {
	if s.plain.deferred {
		s.plain.deferred = false
		s.owner.Sockets().deferred.Add(-1)
	}
}

// Receives are the sockets that an event has asked for messages.
type Receives struct{ sockets []*Socket }

// End is called when the event has ended. A Close frame that it has not read is answered.
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

// answerDeferred answers a Close frame for which no event is left when one has ended.
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

// countReceivers counts the events that have asked for messages. It is false for a socket that is not accepted.
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

// Run is the run of user code that asks for messages: an object's event or a Worker's invocation.
type Run interface {
	// Receives are the sockets that an object's event has asked, and its instance. Both are nil in a Worker.
	Receives() (*Receives, Instance)
	Network() *Network
	// Ask asks the socket, which pins the instance until ready is called or the operation is stopped.
	Ask(s *Socket, at driver.Place, ready func()) (driver.Operation, error)
}

// askedBy notes which run of user code asks for messages.
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
	if !owned { // only before the first message
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
