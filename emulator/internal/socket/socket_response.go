package socket

// Sockets in responses: a handler returns one end of a pair, and the caller that gets the response uses it.
// https://developers.cloudflare.com/workers/runtime-apis/response/

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// GiveAway marks the socket of a response as returned. If the socket cannot be returned GiveAway makes another one, whose other
// end is gone, and an exception: workerd notices the mistake only when it has sent the 101, so that the client gets the 101 and
// then a bare FIN.
func GiveAway(ws driver.Socket) (*Socket, *driver.Error) {
	s, _ := Of(ws)
	s.mu.Lock()
	defer s.mu.Unlock()
	why := ""
	switch s.mode {
	case hibernatable:
		why = msgReturnHibernate
	case accepted:
		why = msgReturnAccepted
	case returned:
		why = msgReturnUsed
	default:
		s.mode, s.used = returned, true
		return s, nil
	}
	ours, theirs := newPair()
	ours.mode, ours.used, ours.peer = returned, true, peerLost
	theirs.finished = true
	return ours, driver.TypeError(why)
}

// TakeBack makes the socket of a response usable for the caller that got the response. ws may be nil.
func TakeBack(ws driver.Socket) {
	if s, ok := Of(ws); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.mode == returned {
			s.mode = fresh
		}
	}
}

// Discard drops the connection of a response whose caller no longer waits for it. ws may be nil.
func Discard(ws driver.Socket) {
	if s, ok := Of(ws); ok {
		s.shut()
	}
}

// ReturnedBy makes the instance the socket's owner: it keeps this end and has returned the other one in a response.
func (s *Socket) ReturnedBy(in Instance) error {
	if err := s.adopt(in, driver.PinSocket, driver.Place{}); err != nil {
		return err
	}
	if v := s.view; v != nil && v.in == nil {
		v.in = in
	}
	return nil
}

// Relay connects two connections: s has one, and its other end is about to get one, as when a Worker returns the WebSocket of a
// fetch() to its client. The messages of each go to the other. A returned socket without a connection has its other end in an
// object or a Worker, and needs no relay.
func (s *Socket) Relay() {
	s.mu.Lock()
	connected := s.t != nil
	if connected {
		s.mode = relayed
	}
	s.mu.Unlock()
	if !connected {
		return
	}
	s.other.mu.Lock()
	s.other.mode = relayed
	s.other.mu.Unlock()
	s.mu.Lock() // the connection is read only from now on, when the other end can take its messages
	defer s.mu.Unlock()
	s.startReading()
}

// relay passes an event of one connection to the other. When both peers have sent a Close frame both connections end.
func (s *Socket) relay(e Event) {
	o := s.other
	if e.Closed == nil && e.Err == nil {
		o.write(messageFrame(e.Message)(nil))
		return
	}
	if e.Err != nil || !e.Closed.WasClean {
		s.shut()
		o.shut()
		return
	}
	s.mu.Lock()
	s.peer = peerClosed
	answered := s.closeSent
	s.mu.Unlock()
	o.mu.Lock()
	o.closeSent = true
	o.send(closeFrame(e.Closed))
	o.mu.Unlock()
	if answered {
		for _, end := range []*Socket{s, o} {
			end.mu.Lock()
			end.finish()
			end.mu.Unlock()
		}
	}
}

// closeFrame returns a Close frame with the code and reason of a received one. The code 1005 stands for none.
func closeFrame(c *driver.Closed) []byte {
	code := c.Code
	if code == 1005 {
		code = 0
	}
	return wire.AppendClose(nil, code, c.Reason)
}

// Outgoing makes a socket for a connection that this program opens. open makes the connection.
func Outgoing(n *Network, open func(wire.Handler) (*wire.Conn, error)) (driver.Socket, error) {
	ours, theirs := newPair()
	theirs.mode = returned // no code gets the other end
	t, err := open(ours)
	if err != nil {
		return nil, err
	}
	ours.outbound = true
	ours.Connect(n, t, nil)
	return ours.view, nil
}

// OpenedBy makes the instance that has opened a connection with fetch() the owner of the response's socket, which may be nil.
// If the instance is gone the connection is dropped.
func OpenedBy(in Instance, ws driver.Socket, at driver.Place) error {
	s, ok := Of(ws)
	if !ok {
		return nil
	}
	s.view.in = in
	err := s.adopt(in, driver.PinOutgoing, at)
	if err != nil {
		s.shut()
	}
	return err
}

// adopt makes the instance the socket's owner. The socket pins its owner until the connection ends; the pin names the place of
// accept() if that is known.
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
