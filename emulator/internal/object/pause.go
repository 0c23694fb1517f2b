package object

// Waits of user code in a function, off the turn.

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Run is the run of user code that a context belongs to: an event of an object, or an
// invocation of the Worker.
type Run interface {
	driver.Event
	Pause(p Wait) error
	Begin(o Starter)
	// PassesOn is called with each request that user code sends to an object.
	PassesOn(body bool)
	// Owns makes a response that was fetched that of the run.
	Owns(resp *driver.Response, at driver.Place) error
}

// Wait is a wait in a function.
type Wait struct {
	kind driver.PinKind
	at   driver.Place
	// f waits, off the turn.
	F func() error
	// instant is set if f takes no time: the world counts as active meanwhile.
	Instant bool
	// outside is set if f waits for something outside the world: see Options.Patience.
	Outside bool
	// over, if set, is called when the turn, or a place in its queue, has been taken
	// again. It may be called twice.
	Over func()
}

// WaitIn runs f off the turn of e. Who hands over a piece of a body waits for the world
// itself, which is active meanwhile.
func WaitIn(e Run, kind driver.PinKind, at driver.Place, f func() error) error {
	return e.Pause(Wait{
		kind: kind, at: at, F: f,
		Instant: kind == driver.PinFlush, Outside: kind == driver.PinAwait || kind == driver.PinFetch,
	})
}
