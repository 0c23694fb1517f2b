package emulator

// Waits of user code in a function, off the turn.

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// runner is the run of user code that a context belongs to: an event of an object, or an
// invocation of the Worker.
type runner interface {
	driver.Event
	pause(p pause) error
	begin(o starter)
}

// pause is a wait in a function.
type pause struct {
	kind driver.PinKind
	at   driver.Place
	// f waits, off the turn.
	f func() error
	// instant is set if f takes no time: the world counts as active meanwhile.
	instant bool
	// outside is set if f waits for something outside the world: see Options.Patience.
	outside bool
	// over, if set, is called when the turn, or a place in its queue, has been taken
	// again. It may be called twice.
	over func()
}

// waitIn runs f off the turn of e. Who hands over a piece of a body waits for the world
// itself, which is active meanwhile.
func waitIn(e runner, kind driver.PinKind, at driver.Place, f func() error) error {
	return e.pause(pause{
		kind: kind, at: at, f: f,
		instant: kind == driver.PinFlush, outside: kind == driver.PinAwait || kind == driver.PinFetch,
	})
}
