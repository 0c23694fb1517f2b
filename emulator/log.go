package emulator

import "time"

// EventType says what an [Event] tells.
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
	EventAlarm     EventType = "alarm"     // an alarm ran: Retry counts from 0
	EventLog       EventType = "log"       // a line for the reader
	EventWarning   EventType = "warning"   // a handler does not let its object go: Handler
	EventError     EventType = "error"     // user code failed, or something else did
)

// Event is something that happened in a world, as `emu dev --log-format json`
// prints it: one object a line, fields without a value left out.
type Event struct {
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
	Message string    `json:"message,omitempty"`
	Stack   string    `json:"stack,omitempty"`
}

// emit tells the observer.
func (w *World) emit(e Event) {
	if w.opts.Observe == nil {
		return
	}
	if e.Time.IsZero() {
		e.Time = w.clock.Now()
	}
	w.observe.Lock()
	defer w.observe.Unlock()
	w.opts.Observe(e)
}

// emit tells of something that happened to the object.
func (o *object) emit(e Event) {
	if o.ns.w.opts.Observe == nil {
		return
	}
	id := o.ID()
	if noted := o.noted.Load(); noted != nil && !id.HasName {
		id.Name = *noted
	}
	e.Class, e.ID, e.Name = o.ns.class.Name(), idString(o.id), id.Name
	o.ns.w.emit(e)
}
