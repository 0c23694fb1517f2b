package socket

// A Worker that returns the response of an outgoing WebSocket as it is.
// https://developers.cloudflare.com/workers/examples/websockets/

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// Relay connects the connection of a socket that was returned to the one that its
// other end is about to get. A socket without a connection of its own has its
// other end in an object or Worker, and needs none.
func (s *Socket) Relay() {
	s.mu.Lock()
	if s.t == nil {
		s.mu.Unlock()
		return
	}
	s.mode = relayed
	s.mu.Unlock()
	s.other.mu.Lock()
	s.other.mode = relayed
	s.other.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.startReading()
}

// relayClose passes the end of one connection on to the other. When both have sent
// a Close frame both end.
func (s *Socket) relayClose(c *driver.Closed) {
	s.mu.Lock()
	s.peer = peerClosed
	answered := s.closeSent
	s.mu.Unlock()
	if !c.WasClean {
		s.shut()
		s.other.shut()
		return
	}
	code := c.Code
	if code == 1005 {
		code = 0
	}
	o := s.other
	o.mu.Lock()
	o.closeSent = true
	o.hand(wire.AppendClose(nil, code, c.Reason))
	o.mu.Unlock()
	if answered {
		for _, end := range []*Socket{s, o} {
			end.mu.Lock()
			end.finish()
			end.mu.Unlock()
		}
	}
}
