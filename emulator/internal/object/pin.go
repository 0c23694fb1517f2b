package object

import (
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Pin is something that keeps an object in memory.
type Pin struct {
	Kind driver.PinKind
	// Handler is the handler that is in flight, of a pin of kind event.
	Handler string
	// Place is where the user's code created it; of a handler that has the turn, where
	// it is, which is known only with Options.Foreign.
	Place driver.Place
	Since time.Time
}

type pin struct {
	kind  driver.PinKind
	at    driver.Place
	since time.Time
	of    any // the event that is in flight, nil of any other pin
	index int
}

// running says which pin is the handler that has the turn, -1 if none has or the pin has
// a place, and how it is found.
type running struct {
	pin       int
	goroutine uint64 // with Options.Foreign
	label     string
}

// String is the pin as a message shows it.
func (p Pin) String() string {
	s := string(p.Kind)
	if p.Handler != "" && p.Handler != s {
		s += " " + p.Handler
	}
	if p.Place != (driver.Place{}) {
		s += " at " + p.Place.String()
	}
	return s
}
