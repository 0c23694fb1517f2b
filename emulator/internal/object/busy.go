package object

// What keeps a world from ending or settling, for messages.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
)

// maxBusy is how many lines Busy has at most.
const maxBusy = 10

// busy is something that keeps an object in memory.
type busy struct {
	class, name string
	pin         Pin
	label       string // of the handler's goroutine, if the pin is the handler that has the turn
}

// Busy names the pins of all objects and the code of the Worker that runs, a line each. It names
// ten: first the handlers that have a turn, then the oldest pins. The last line counts the rest.
func Busy(objects []*Object, watch *stacks.Watch) string {
	all := busyObjects(objects)
	slices.SortFunc(all, func(a, b busy) int {
		switch {
		case a.label != "" && b.label == "":
			return -1 // the rest may only wait for the handler that has the turn
		case a.label == "" && b.label != "":
			return 1
		}
		return cmp.Or(a.pin.Since.Compare(b.pin.Since), cmp.Compare(a.class, b.class), cmp.Compare(a.name, b.name))
	})
	first := all[:min(len(all), maxBusy)]
	lines, more := watch.Working(maxBusy - len(first))
	more += len(all) - len(first)
	var text strings.Builder
	var places map[string]driver.Place
	for _, b := range first {
		if b.label != "" {
			if places == nil {
				places = stacks.Handlers()
			}
			b.pin.Place = places[b.label]
		}
		fmt.Fprintf(&text, "\n  %s %s: %s since %s", b.class, b.name, b.pin, b.pin.Since.Format(time.TimeOnly))
	}
	for _, line := range lines {
		text.WriteString("\n  " + line)
	}
	switch {
	case more > 0:
		fmt.Fprintf(&text, "\n  and %d more", more)
	case text.Len() == 0:
		return "\n  the Worker: a handler, a response's body or a function given to waitUntil"
	}
	return text.String()
}

func busyObjects(objects []*Object) (all []busy) {
	for _, o := range objects {
		pins, running, label := o.pinned()
		if len(pins) == 0 {
			continue
		}
		class, name := o.class.Class.Name(), o.ID().Name
		if name == "" {
			name = idString(o.id)
		}
		for i, p := range pins {
			b := busy{class: class, name: name, pin: p}
			if i == running {
				b.label = label
			}
			all = append(all, b)
		}
	}
	return all
}
