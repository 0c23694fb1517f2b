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
	// Adopt makes a fetched response the run's.
	Adopt(resp *driver.Response, at driver.Place) error
}

// Wait is a wait in a function.
type Wait struct {
	kind driver.PinKind
	at   driver.Place
	// F waits, off the turn.
	F func() error
	// Instant is set if F takes no time: the world counts as active meanwhile.
	Instant bool
	// Outside is set if F waits for something outside the world: see Options.Patience.
	Outside bool
	// Over, if set, is called when the turn, or a place in its queue, has been taken
	// again. It may be called twice.
	Over func()
}

// WaitIn runs f off the turn of e. The reader of a flushed piece is a part of the world, so
// that a clock which moved meanwhile would run ahead of it: PinFlush counts as activity.
func WaitIn(e Run, kind driver.PinKind, at driver.Place, f func() error) error {
	return e.Pause(Wait{
		kind: kind, at: at, F: f,
		Instant: kind == driver.PinFlush, Outside: kind == driver.PinAwait || kind == driver.PinFetch,
	})
}
