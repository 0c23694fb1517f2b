package socket

// https://developers.cloudflare.com/durable-objects/api/state/#setwebsocketautoresponse

import (
	"sync/atomic"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// AutoResponse is an object's setWebSocketAutoResponse(): a text that emu answers without the class, also while the object
// hibernates.
//
// The method match decides, at one of two moments. A message that arrives while no other event of its socket is under way is
// answered at once, by Socket.submit. A message behind others is answered when its turn comes, by Event.Begin, with the pair
// that is set by then: its response has to leave after the frames of the handlers before it.
type AutoResponse struct{ pair atomic.Pointer[responsePair] }

type responsePair struct{ request, response string }

// Set sets the pair.
func (a *AutoResponse) Set(request, response string) error {
	if len(request) > maxAutoResponse {
		return driver.RangeError(msgAutoResponse("Request", len(request)))
	}
	if len(response) > maxAutoResponse {
		return driver.RangeError(msgAutoResponse("Response", len(response)))
	}
	a.pair.Store(&responsePair{request, response})
	return nil
}

// Unset removes the pair.
func (a *AutoResponse) Unset() { a.pair.Store(nil) }

// Get returns the pair if there is one.
func (a *AutoResponse) Get() (request, response string, ok bool) {
	if p := a.pair.Load(); p != nil {
		return p.request, p.response, true
	}
	return "", "", false
}

// match decides whether a message is answered automatically: it must be a text that equals the pair's request. The result
// is nil if the class gets the message.
func (a *AutoResponse) match(m driver.Message) *responsePair {
	if p := a.pair.Load(); p != nil && !m.Binary && p.request == string(m.Data) {
		return p
	}
	return nil
}

// respond sends the response to a message that is answered automatically. In a turn the response goes to the outbox; on arrival
// out is nil, and the response leaves at once. If the object has closed the socket no response leaves, and the class gets no
// message either.
func (a *AutoResponse) respond(s *Socket, m driver.Message, out *Outbox) (answered bool) {
	p := a.match(m)
	if p == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closeSent || out == nil && s.t == nil:
		return true
	case out != nil:
		out.add(s, p.append)
	default:
		f := newFrames()
		f.b = p.append(f.b)
		s.t.Write(f.b)
		recycle(f)
	}
	s.answered.Store(s.net.host.Now().UnixMilli())
	return true
}

func (p *responsePair) append(b []byte) []byte {
	return wire.AppendFrame(b, wire.OpText, []byte(p.response))
}
