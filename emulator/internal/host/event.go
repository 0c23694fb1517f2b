package host

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// EventType is the kind of an [Event].
type EventType string

// The types of event.
const (
	EventReady     EventType = "ready"     // the server listens: Message is its address
	EventRequest   EventType = "request"   // a request was answered: Method, Path, Status, Millis
	EventStart     EventType = "start"     // an object was constructed that had no sockets
	EventWake      EventType = "wake"      // an object was constructed that had hibernated with sockets
	EventHibernate EventType = "hibernate" // an object left memory, its sockets stay: Sockets
	EventEvict     EventType = "evict"     // an object without sockets left memory
	EventReset     EventType = "reset"     // an object was reset: Message says why
	EventAlarm     EventType = "alarm"     // an alarm's handler began: Retry counts from 0
	EventLog       EventType = "log"       // a line for the reader
	EventWarning   EventType = "warning"   // a handler hangs: Handler
	EventError     EventType = "error"     // an exception that user code did not catch, or an error of emu
)

// Event is something that happened in a world, as `emu dev --log-format json`
// prints it: one object a line, fields without a value left out.
type Event struct {
	// Number counts a world's events from 1. Cause is the number of the earlier event that led to
	// this one, 0 if there is none: an exception leads to a reset, the reset of one object to an
	// exception in another, a reset or an eviction to the next start, a failed run of an alarm to
	// its retry.
	Number uint64 `json:"-"`
	Cause  uint64 `json:"-"`

	Time    time.Time `json:"time"`
	Type    EventType `json:"type"`
	Class   string    `json:"class,omitempty"`
	ID      string    `json:"id,omitempty"`
	Name    string    `json:"name,omitempty"`
	Handler string    `json:"handler,omitempty"` // of an error: fetch, webSocketMessage, …
	Method  string    `json:"method,omitempty"`
	Path    string    `json:"path,omitempty"`
	Status  int       `json:"status,omitempty"`
	Millis  int64     `json:"ms,omitempty"`
	Sockets int       `json:"sockets,omitempty"`
	Retry   int       `json:"retry,omitempty"`
	Level   string    `json:"level,omitempty"` // of a line that user code logs: log, warn, error, …
	Message string    `json:"message,omitempty"`
	Stack   string    `json:"stack,omitempty"`
}

// String says what happened, to which object.
func (e Event) String() string {
	who := e.Class
	switch {
	case e.Name != "":
		who += " " + strconv.Quote(e.Name)
	case e.ID != "":
		who += " " + e.ID
	}
	with := fmt.Sprintf(" with %d sockets", e.Sockets)
	if e.Sockets == 1 {
		with = " with 1 socket"
	}
	switch e.Type {
	case EventRequest:
		return fmt.Sprintf("%s %s %d", e.Method, e.Path, e.Status)
	case EventStart:
		return who + " started"
	case EventWake:
		return who + " woke" + with
	case EventHibernate:
		return who + " hibernated" + with
	case EventEvict:
		return who + " left memory"
	case EventReset:
		return who + " was reset: " + e.Message
	case EventAlarm:
		if e.Retry > 0 {
			return who + " ran its alarm, retry " + strconv.Itoa(e.Retry)
		}
		return who + " ran its alarm"
	}
	if who != "" {
		return who + ": " + e.Message
	}
	return e.Message
}

// Fault emits an exception that user code did not catch, for a world or for one of its objects. Its
// cause is the event that has reported it before, in another object, or else the one given. The
// result is the exception with the number of the new event.
func Fault(emit func(Event) uint64, handler string, err *driver.Error, cause uint64) *driver.Error {
	number := emit(Event{Type: EventError, Cause: cmp.Or(err.Event, cause), Handler: handler, Message: err.Uncaught(), Stack: err.Stack})
	if number == 0 {
		return err // nobody reads
	}
	reported := *err // the class may keep err
	reported.Event = number
	return &reported
}

// kept is how many of the latest events a new reader can have.
const kept = 256

// Events is a world's stream of events, for any number of readers.
type Events struct {
	observed atomic.Bool // there is a reader

	mu      sync.Mutex // held while readers are called: each gets one event at a time, in order
	number  uint64     // of the latest event
	ring    []Event    // the latest events; the one with number n stands at (n-1) % kept
	readers []*reader
}

type reader struct{ f func(Event) }

// Observed reports whether anybody reads. If nobody does the caller need not make an event.
func (s *Events) Observed() bool { return s.observed.Load() }

// Read calls f with the latest events, last of them at most, and then with each new one until stop is
// called. There are no events from before the first reader. f must neither emit an event nor call stop.
func (s *Events) Read(last int, f func(Event)) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.number + 1 - uint64(min(max(last, 0), len(s.ring)))
	for n := first; n <= s.number; n++ {
		f(s.ring[(n-1)%kept])
	}
	r := &reader{f}
	s.readers = append(s.readers, r)
	s.observed.Store(true)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.readers = slices.DeleteFunc(s.readers, func(other *reader) bool { return other == r })
		s.observed.Store(len(s.readers) > 0)
	}
}

func (s *Events) add(e Event) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number++
	e.Number = s.number
	if len(s.ring) < kept {
		s.ring = append(s.ring, e)
	} else {
		s.ring[(e.Number-1)%kept] = e
	}
	for _, r := range s.readers {
		r.f(e)
	}
	return e.Number
}
