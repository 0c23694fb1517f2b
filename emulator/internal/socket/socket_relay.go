package socket

// A Worker that returns the response of an outgoing WebSocket as it is.
// https://developers.cloudflare.com/workers/examples/websockets/

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

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
