package durable

// https://developers.cloudflare.com/durable-objects/api/state/

import (
	"context"
	"runtime"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// State is an object's ctx: identity, storage and WebSockets.
type State struct {
	st      driver.State
	storage Storage
}

// ID returns the object's id, with the name by which it was addressed (names up
// to 1,024 characters).
func (s *State) ID() ID { return ID{s.st.ID()} }

// Storage returns the object's private storage.
func (s *State) Storage() *Storage { return &s.storage }

// AcceptWebSocket makes ws hibernatable: its events go to the class's handlers
// and the object may leave memory while it is open. At most 10 tags of at most
// 256 bytes; at most 32,768 sockets.
func (s *State) AcceptWebSocket(ws *WebSocket, tags ...string) error {
	if ws == nil {
		return caught(s.st.AcceptWebSocket(nil, tags))
	}
	return caught(s.st.AcceptWebSocket(ws.s, tags))
}

// WebSockets returns the accepted sockets which have not closed, newest first, or
// those with the given tag, oldest first. The same connection is the same
// pointer for the life of the instance.
func (s *State) WebSockets(tag ...string) []*WebSocket {
	var of *string
	if len(tag) > 0 {
		of = &tag[0]
	}
	sockets := s.st.WebSockets(of)
	all := make([]*WebSocket, len(sockets))
	for i, ws := range sockets {
		all[i] = socketOf(ws)
	}
	return all
}

// Tags returns the tags that ws was accepted with.
func (s *State) Tags(ws *WebSocket) ([]string, error) {
	tags, err := s.st.Tags(ws.s)
	return tags, caught(err)
}

// SetWebSocketAutoResponse answers a text message equal to request with response
// without waking the object; at most 2,048 bytes each. It holds for all accepted
// sockets of the object.
func (s *State) SetWebSocketAutoResponse(request, response string) error {
	return caught(s.st.SetAutoResponse(request, response))
}

// UnsetWebSocketAutoResponse removes the automatic response.
func (s *State) UnsetWebSocketAutoResponse() { s.st.UnsetAutoResponse() }

// WebSocketAutoResponse returns what [State.SetWebSocketAutoResponse] set.
func (s *State) WebSocketAutoResponse() (request, response string, ok bool) {
	return s.st.AutoResponse()
}

// WebSocketAutoResponseTimestamp is when ws was last auto-answered; zero if never.
func (s *State) WebSocketAutoResponseTimestamp(ws *WebSocket) time.Time {
	return s.st.AutoResponseTimestamp(ws.s)
}

// SetHibernatableWebSocketEventTimeout limits a WebSocket event, in whole
// milliseconds up to 7 days; 0 is no limit. An event that waits when it is over it
// has its context cancelled and is given up: what it goes on to do fails and has no
// effect. The socket and the object stay, but nobody can use the object's storage
// until it has left memory, as in workerd.
func (s *State) SetHibernatableWebSocketEventTimeout(d time.Duration) error {
	return caught(s.st.SetEventTimeout(d))
}

// HibernatableWebSocketEventTimeout returns the limit, 0 if none is set.
func (s *State) HibernatableWebSocketEventTimeout() time.Duration { return s.st.EventTimeout() }

// BlockConcurrencyWhile runs f with no other event let in. If f fails or takes
// more than 30 seconds the object is reset and the call does not return: the
// goroutine ends as with [State.Abort].
func (s *State) BlockConcurrencyWhile(ctx context.Context, f func(ctx context.Context) error) error {
	end, err := s.st.BeginBlock(ctx, caller())
	if err != nil {
		return caught(err)
	}
	returned := false
	defer func() {
		if !returned { // f has ended the goroutine
			end(nil)
		}
	}()
	failed := catch(func() error { return thrown(f(ctx)) })
	returned = true
	if end(failed) != nil {
		runtime.Goexit()
	}
	return nil
}

// WaitUntil runs f after the current event, in turn with other events.
func (s *State) WaitUntil(f func(ctx context.Context) error) {
	s.st.WaitUntil(func(ctx context.Context) error { return thrown(f(ctx)) }, caller())
}

// AbortOptions are abort()'s options; the zero value is the default.
type AbortOptions struct {
	// NoAlarmRetry is retryAlarm: false: the alarm whose handler runs is not tried
	// again. As with workerd it is gone if everything written was committed; if the
	// abort undoes a write the alarm stays stored, and runs after the next start.
	NoAlarmRetry bool
}

// Abort resets the object; the current event and those waiting fail, and what was
// written and not committed yet is undone. It does not return: the goroutine ends as
// with runtime.Goexit, its deferred calls run. At most one AbortOptions is used.
func (s *State) Abort(reason string, o ...AbortOptions) {
	s.st.Abort(reason, len(o) == 0 || !o[0].NoAlarmRetry)
	runtime.Goexit()
}

// caller is the place in the user's code that called into this package.
func caller() driver.Place { return driver.CallerOutside() }

// callerOf is caller where the place is of use.
func callerOf(ctx context.Context) driver.Place {
	if e := driver.EventOf(ctx); e != nil && e.InObject() {
		return driver.CallerOutside()
	}
	return driver.Place{}
}
