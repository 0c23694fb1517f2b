package emulator

import "github.com/seed-36a2c969/emu/emulator/internal/host"

// EventType is the kind of an [Event].
type EventType = host.EventType

// The types of event.
const (
	EventReady     = host.EventReady     // the server listens: Message is its address
	EventRequest   = host.EventRequest   // a request was answered: Method, Path, Status, Millis
	EventStart     = host.EventStart     // an object was constructed that had no sockets
	EventWake      = host.EventWake      // an object was constructed that had hibernated with sockets
	EventHibernate = host.EventHibernate // an object left memory, its sockets stay: Sockets
	EventEvict     = host.EventEvict     // an object without sockets left memory
	EventReset     = host.EventReset     // an object was reset: Message says why
	EventAlarm     = host.EventAlarm     // an alarm's handler began: Retry counts from 0
	EventLog       = host.EventLog       // a line for the reader
	EventWarning   = host.EventWarning   // a handler hangs: Handler
	EventError     = host.EventError     // an exception that user code did not catch, or an error of emu
)

// Event is something that happened in a world, as `emu dev --log-format json`
// prints it: one object a line, fields without a value left out.
type Event = host.Event
