package emulator

// Sockets accepted with accept(), which cannot hibernate.
// https://developers.cloudflare.com/workers/runtime-apis/websockets/#accept

import (
	"context"
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// receiver is what an accepted socket has received, guarded by the socket's mu.
type receiver struct {
	halfOpen    bool // a Close frame is not answered
	at          driver.Place
	queue       []driver.Message
	ended       error        // after the queue
	news        *host.Signal // sent when there is something; nil if nobody waits
	receivers   int          // events that have asked for messages and have not ended
	busy        bool         // a message was given out, and nobody has asked for the next
	told        bool         // who receives has come to the end
	endReturned bool         // a Receive has returned ended
	after       error        // what follows ended
	deferred    bool         // the answer to it waits for somebody to receive at all
}

// accept makes the socket one whose messages wait for Receive.
func (s *socket) accept(halfOpen bool, at driver.Place) error {
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
	if s.lost {
		s.plain.ended = &driver.Closed{Code: 1006, Reason: msgDisconnected}
	}
	s.startReading()
	s.mu.Unlock()
	s.join()
	return nil
}

// adopt makes the instance the socket's owner, which it pins until it ends. The
// pin's place is where the socket was accepted, if that is known.
func (s *socket) adopt(in *instance, kind driver.PinKind, at driver.Place) error {
	s.belongs(in.o.ns.w)
	return in.o.own(in, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		ended := s.plain != nil && s.plain.ended != nil
		if s.owner != nil || ended || s.mode == hibernatable || (s.mode == fresh && kind == driver.PinSocket) {
			return nil
		}
		if s.plain != nil && s.plain.at != (driver.Place{}) {
			at = s.plain.at
		}
		if err := in.o.sockets.addPlain(s); err != nil {
			return err
		}
		s.owner, s.hold = in, &pin{kind: kind, at: at}
		in.pin(s.hold)
		return nil
	})
}

// belongs notes the socket's world.
func (s *socket) belongs(w *World) {
	s.mu.Lock()
	known := s.w != nil
	s.w = w
	s.mu.Unlock()
	if !known {
		s.join()
	}
}

// deliver queues a message. s.mu is held.
func (s *socket) deliver(m driver.Message) int {
	if s.plain == nil || s.plain.ended != nil {
		return 0
	}
	s.plain.queue = append(s.plain.queue, m)
	s.plain.wake()
	return len(m.Data) + messageCost
}

func (p *receiver) wake() {
	if p.news != nil {
		p.news.Send()
		p.news = nil
	}
}

// receive waits for a message or the end. after is called with what must be left
// when the caller has its turn again.
func (s *socket) receive(ctx context.Context, after func(*host.Signal)) (m driver.Message, err error) {
	for {
		s.mu.Lock()
		p := s.plain
		if p == nil {
			s.mu.Unlock()
			return m, driver.TypeError(msgNotAccepted)
		}
		if len(p.queue) > 0 {
			m, p.queue, p.busy = p.queue[0], p.queue[1:], true
			t := s.t
			s.mu.Unlock()
			if t != nil {
				t.Consumed(len(m.Data) + messageCost)
			}
			return m, nil
		}
		p.busy = false
		if p.ended != nil {
			s.replyToClose()
			err := p.ended
			if p.endReturned && p.after != nil {
				err = p.after
			}
			p.endReturned = true
			s.mu.Unlock()
			return m, err
		}
		if p.news == nil {
			p.news = s.w.host.NewSignal()
			after(p.news)
		}
		news := p.news
		s.mu.Unlock()
		select {
		case <-news.Sent():
		case <-ctx.Done():
			return m, context.Cause(ctx)
		}
	}
}

// endWith is the end of an accepted socket's connection. s.mu is held.
func (s *socket) endWith(c *driver.Closed) {
	p := s.plain
	if s.lost = !c.WasClean; s.lost && (p == nil || p.idle()) {
		s.finish()
		s.end(c)
		p.tellIfIdle()
		return
	}
	s.peerClosed = c.WasClean
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
		s.owner.o.sockets.deferred.Add(1)
		if !s.mayReceive(nil) {
			s.noLongerDeferred()
			s.replyToClose()
		}
	}
}

// mayReceive reports whether an event that is under way, but for one that is ending, may
// still ask for the messages that wait. s.mu is held.
func (s *socket) mayReceive(ending *event) bool {
	in := s.owner
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, p := range in.pins.all {
		if p.event != nil && p.event != ending {
			return true
		}
	}
	return false
}

// noLongerDeferred: s.mu is held.
func (s *socket) noLongerDeferred() {
	if s.plain.deferred {
		s.plain.deferred = false
		s.owner.o.sockets.deferred.Add(-1)
	}
}

// replyToClose answers the peer's Close frame, unless the socket was accepted half
// open; without one it ends the connection. It is called when who receives has come to the end, so that what it
// sends for the messages before is still sent. s.mu is held.
func (s *socket) replyToClose() {
	p := s.plain
	if p != nil && (s.peerClosed || s.lost || s.failed) {
		p.told = true
	}
	if s.lost {
		s.finish()
		s.end(nil)
		return
	}
	if p == nil || !s.peerClosed {
		return
	}
	c, _ := p.ended.(*driver.Closed)
	if c != nil && !p.halfOpen && s.w.host.Flags.WebSocketAutoReplyToClose && !s.closeSent && s.t != nil {
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
func (s *socket) closedSecond() {
	if !s.peerClosed || s.plain == nil {
		return
	}
	l, paired := s.t.(*local)
	if s.outbound || paired && l.between {
		s.plain.after = &driver.Error{Name: "Error", Message: "Uncaught Error: " + msgConnectionLost, Retryable: true}
	}
}

// receivesFrom notes that the event asks the socket for messages.
func (e *event) receivesFrom(s *socket) {
	if !slices.Contains(e.receives, s) {
		e.receives = append(e.receives, s)
		s.received(1)
	}
}

// stopReceiving is called when the event has ended: a Close frame that it has not
// come to is answered.
func (e *event) stopReceiving() {
	for _, s := range e.receives {
		s.received(-1)
	}
	e.receives = nil
	if e.in.o.sockets.deferred.Load() > 0 {
		for _, s := range e.in.o.sockets.accepted() {
			s.endDeferral(e)
		}
	}
}

// endDeferral answers a Close frame for which nobody is left, when e has ended.
func (s *socket) endDeferral(e *event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owner == nil || !s.plain.deferred || s.plain.receivers == 0 && s.mayReceive(e) {
		return
	}
	s.noLongerDeferred()
	if s.plain.receivers == 0 {
		s.replyToClose()
	}
}

// receivedByWorker is receivesFrom in a Worker, whose functions for waitUntil may go
// on receiving when the invocation has ended.
func (s *socket) receivedByWorker() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.plain; p != nil && p.receivers == 0 {
		p.receivers = 1
	}
}

// received counts who has asked for messages.
func (s *socket) received(change int) {
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
func (s *socket) failWith(err *driver.Error) {
	s.failed = true
	err.Message = "Uncaught Error: " + err.Message
	s.finish()
	s.end(err)
	s.plain.tellIfIdle()
}

// tellIfIdle notes the end as seen where nobody is on the way to it.
func (p *receiver) tellIfIdle() {
	if p != nil && p.idle() {
		p.told = true
	}
}

// idle reports whether everything that came has been received, and dealt with.
func (p *receiver) idle() bool { return len(p.queue) == 0 && (p.receivers == 0 || !p.busy) }

// end gives who receives the end, and lets the owner go. s.mu is held.
func (s *socket) end(err error) {
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
		in.o.sockets.forgetPlain(s)
		in.unpin(s.hold)
	}
}
