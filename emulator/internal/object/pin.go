package object

import (
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Pin is something that keeps an object in memory.
type Pin struct {
	Kind driver.PinKind
	// Handler is the handler that runs or waits, if Kind is event.
	Handler string
	// Place is where the user's code created the pin. Of a handler that has the turn it is where
	// the handler is now, which is known only with Options.Foreign.
	Place driver.Place
	Since time.Time
}

type pin struct {
	kind  driver.PinKind
	at    driver.Place
	since time.Time
	of    any // the event, if kind is event or waitUntil; else nil
	index int // in instance.pins
}

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
