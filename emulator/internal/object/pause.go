package object

// Waits of user code in a function that runs without the turn.

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Run is one run of user code: an event of an object or an invocation of the Worker.
type Run interface {
	driver.Event
	Pause(p Wait) error
	Begin(o Starter)
	// PassesOn is called when user code sends a request, with a body or without.
	PassesOn(body bool)
	// Adopt makes the response of a fetch() the run's.
	Adopt(resp *driver.Response, at driver.Place) error
}

// Wait is one wait, as Pause takes it.
type Wait struct {
	kind driver.PinKind
	at   driver.Place
	// F waits. It runs without the turn.
	F func() error
	// Instant says that F does not wait for time to pass: the world counts as active while it runs.
	// Without it a manual clock could move on during a read from memory.
	Instant bool
	// Outside says that F waits for something outside the world: see Options.Patience.
	Outside bool
	// Over, if set, is called when the event has its turn again or is queued for it. It may be
	// called twice.
	Over func()
}

// WaitIn gives the turn of e up while f runs. A flush is instant: the reader of the flushed piece
// belongs to the world, and a manual clock must not move on before it has read.
func WaitIn(e Run, kind driver.PinKind, at driver.Place, f func() error) error {
	return e.Pause(Wait{
		kind: kind, at: at, F: f,
		Instant: kind == driver.PinFlush, Outside: kind == driver.PinAwait || kind == driver.PinFetch,
	})
}
