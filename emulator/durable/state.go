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

// ID returns the object's id. It has the name by which the object was addressed, if
// that has at most 1,024 characters.
func (s *State) ID() ID { return ID{s.st.ID()} }

// Storage returns the object's private storage.
func (s *State) Storage() *Storage { return &s.storage }

// AcceptWebSocket makes ws hibernatable: its events go to the class's handlers,
// and the object may leave memory while it is open. A socket can have 10 tags of at
// most 256 bytes, an object 32,768 sockets.
func (s *State) AcceptWebSocket(ws *WebSocket, tags ...string) error {
	if ws == nil {
		return caught(s.st.AcceptWebSocket(nil, tags))
	}
	return caught(s.st.AcceptWebSocket(ws.s, tags))
}

// WebSockets returns the accepted sockets that have not closed, the newest first. With
// a tag it returns only those that have the tag, the oldest first. For the life of the
// instance, the same connection is the same pointer.
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

// SetWebSocketAutoResponse makes the runtime answer a text message that equals request
// with response, without waking the object. It applies to all accepted sockets of the
// object. Each text has at most 2,048 bytes.
func (s *State) SetWebSocketAutoResponse(request, response string) error {
	return caught(s.st.SetAutoResponse(request, response))
}

// UnsetWebSocketAutoResponse removes the automatic response.
func (s *State) UnsetWebSocketAutoResponse() { s.st.UnsetAutoResponse() }

// WebSocketAutoResponse returns the texts given to [State.SetWebSocketAutoResponse].
func (s *State) WebSocketAutoResponse() (request, response string, ok bool) {
	return s.st.AutoResponse()
}

// WebSocketAutoResponseTimestamp returns the time of the last automatic response on ws,
// or the zero time.
func (s *State) WebSocketAutoResponseTimestamp(ws *WebSocket) time.Time {
	return s.st.AutoResponseTimestamp(ws.s)
}

// SetHibernatableWebSocketEventTimeout limits the time of a WebSocket event, in whole
// milliseconds up to 7 days; 0 is no limit. An event that waits when its time is over
// is given up: its context ends, and what it does later fails. The socket and the
// object stay. As in workerd all storage calls of the object then fail until it has
// left memory.
func (s *State) SetHibernatableWebSocketEventTimeout(d time.Duration) error {
	return caught(s.st.SetEventTimeout(d))
}

// HibernatableWebSocketEventTimeout returns the limit, 0 if none is set.
func (s *State) HibernatableWebSocketEventTimeout() time.Duration { return s.st.EventTimeout() }

// BlockConcurrencyWhile runs f. Until f returns no other event starts. If f returns an
// error or takes more than 30 seconds, the object is reset and the call does not
// return: the goroutine ends as with [State.Abort].
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

// WaitUntil runs f after the current event, as an event of its own. The object stays in
// memory until f returns.
func (s *State) WaitUntil(f func(ctx context.Context) error) {
	s.st.WaitUntil(func(ctx context.Context) error { return thrown(f(ctx)) }, caller())
}

// AbortOptions are abort()'s options; the zero value is the default.
type AbortOptions struct {
	// NoAlarmRetry is retryAlarm: false: the alarm whose handler runs is not retried. As
	// in workerd it is deleted, unless the abort undoes a write: then it stays in the
	// files and runs after the next start.
	NoAlarmRetry bool
}

// Abort resets the object. The current event and those that wait fail, and writes that
// are not committed are undone. Abort does not return: the goroutine ends as with
// runtime.Goexit, which runs its deferred calls. Only the first AbortOptions counts.
func (s *State) Abort(reason string, o ...AbortOptions) {
	s.st.Abort(reason, len(o) == 0 || !o[0].NoAlarmRetry)
	runtime.Goexit()
}

// caller returns the line of the user's code that has called into this package.
func caller() driver.Place { return driver.CallerOutside() }

// callerOf is caller for an event of an object. Elsewhere nobody uses the place.
func callerOf(ctx context.Context) driver.Place {
	if e := driver.EventOf(ctx); e != nil && e.InObject() {
		return driver.CallerOutside()
	}
	return driver.Place{}
}
