package socket

// https://developers.cloudflare.com/durable-objects/api/state/#setwebsocketautoresponse

import (
	"sync/atomic"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// autoResponse is an object's setWebSocketAutoResponse(): a text that is answered without the class, also while the
// object hibernates.
//
// Whether a message is answered is decided by answers, at one of two moments. A message that finds nothing else of its
// socket under way is answered on arrival. One that comes behind others is looked at when its turn comes, with the pair
// that is set then, so that the answer leaves behind what was sent before it.
type autoResponse struct{ pair atomic.Pointer[responsePair] }

type responsePair struct{ request, response string }

func (a *autoResponse) Set(request, response string) error {
	if len(request) > maxAutoResponse {
		return driver.RangeError(msgAutoResponse("Request", len(request)))
	}
	if len(response) > maxAutoResponse {
		return driver.RangeError(msgAutoResponse("Response", len(response)))
	}
	a.pair.Store(&responsePair{request, response})
	return nil
}

func (a *autoResponse) Unset() { a.pair.Store(nil) }

func (a *autoResponse) Get() (request, response string, ok bool) {
	if p := a.pair.Load(); p != nil {
		return p.request, p.response, true
	}
	return "", "", false
}

// answers decides whether a message is answered automatically: it is a text, and equal to the request of the pair. It returns
// nil if the class gets the message.
func (a *autoResponse) answers(m driver.Message) *responsePair {
	if p := a.pair.Load(); p != nil && !m.Binary && p.request == string(m.Data) {
		return p
	}
	return nil
}

// onArrival answers a message at once, if it is answered automatically and nothing of its socket is under way: behind says
// that something is. It runs on the goroutine that reads the connection.
func (a *autoResponse) onArrival(s *Socket, m driver.Message, behind bool) (answered bool) {
	if behind {
		return false
	}
	p := a.answers(m)
	if p == nil {
		return false
	}
	f := pool.Get().(*frames)
	f.b = p.append(f.b)
	s.mu.Lock()
	if !s.closeSent && s.t != nil {
		s.t.Write(f.b)
		s.autoAnswered()
	}
	s.mu.Unlock()
	recycle(f)
	return true
}

// inTurn stages the answer to a message that came behind others, if it is answered automatically, in the turn of its event.
func (a *autoResponse) inTurn(s *Socket, m driver.Message, out *Outbox) (answered bool) {
	p := a.answers(m)
	if p == nil {
		return false
	}
	s.mu.Lock()
	closed := s.closeSent
	s.mu.Unlock()
	if !closed {
		out.add(s, p.append)
		s.autoAnswered()
	}
	return true
}

func (p *responsePair) append(b []byte) []byte {
	return wire.AppendFrame(b, opText, []byte(p.response))
}
