package socket

// Sockets in responses: a handler gives an end away, the code that gets the response takes it.
// https://developers.cloudflare.com/workers/runtime-apis/response/

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// GiveAway marks the socket of a response as returned, and returns it. workerd finds out that it cannot be returned when it
// has sent the 101. So with an error comes another socket, whose other end is gone: the client gets the 101 and a bare FIN.
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

// TakeBack makes the socket of a response, if it has one, usable by the code that got the response.
func TakeBack(ws driver.Socket) {
	if s, ok := Of(ws); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.mode == returned {
			s.mode = fresh
		}
	}
}

// Discard drops the connection of a response that nobody wants any more, if it has one.
func Discard(ws driver.Socket) {
	if s, ok := Of(ws); ok {
		s.shut()
	}
}

// ReturnedBy makes the instance that has returned the other end the socket's owner.
func (s *Socket) ReturnedBy(in Instance) error {
	if err := s.adopt(in, driver.PinSocket, driver.Place{}); err != nil {
		return err
	}
	if v := s.view; v != nil && v.in == nil {
		v.in = in
	}
	return nil
}

// Relay passes on what the connection of a returned socket receives to the connection that the other end is about to get,
// and back. A returned socket without a connection has its other end in an object or a Worker, and needs no relay.
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
	s.mu.Lock() // only now may the connection be read: its messages find the other end ready
	defer s.mu.Unlock()
	s.startReading()
}

// relay passes on what a connection has received. When both peers have sent a Close frame both connections end.
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

// closeFrame returns a Close frame with the code and reason of another one. 1005 stands for a frame without a code.
func closeFrame(c *driver.Closed) []byte {
	code := c.Code
	if code == 1005 {
		code = 0
	}
	return wire.AppendClose(nil, code, c.Reason)
}

// Outgoing makes the socket of a connection to the outside. open makes the connection.
func Outgoing(n *Network, open func(wire.Handler) (*wire.Conn, error)) (driver.Socket, error) {
	ours, theirs := newPair()
	theirs.mode = returned // nobody has the other end
	t, err := open(ours)
	if err != nil {
		return nil, err
	}
	ours.outbound = true
	ours.Connect(n, t, nil)
	return ours.view, nil
}

// OpenedBy makes the instance that has opened a connection the owner of the response's socket, if there is one. If the
// instance is gone the connection is dropped.
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

// adopt makes the instance the socket's owner, which it pins until it ends. The pin's place is where the socket was
// accepted, if that is known.
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
