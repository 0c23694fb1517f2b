package emulator

import (
	"slices"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
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
	event *event // that is in flight
	index int
}

// pins are an instance's, guarded by its mu.
type pins struct{ all []*pin }

// addPin and removePin: in.mu is held.
func (in *instance) addPin(p *pin) {
	p.since = in.host.Now()
	p.index = len(in.pins.all)
	in.pins.all = append(in.pins.all, p)
}

func (in *instance) removePin(p *pin) {
	all := in.pins.all
	last := len(all) - 1
	all[p.index] = all[last]
	all[p.index].index = p.index
	all[last] = nil
	in.pins.all = all[:last]
}

// pin adds a pin to the instance.
func (in *instance) pin(p *pin) {
	in.mu.Lock()
	in.addPin(p)
	in.mu.Unlock()
}

// unpin removes it, from where the idle time counts if it was the last.
func (in *instance) unpin(p *pin) {
	in.mu.Lock()
	in.removePin(p)
	if !in.busy {
		in.checkIdle()
	}
	in.mu.Unlock()
}

// Pins returns what keeps the object in memory now, oldest first.
func (o *object) Pins() []Pin {
	list, running := o.pinned()
	if running.pin >= 0 && running.goroutine != 0 {
		list[running.pin].Place = stacks.Where(running.goroutine)
	}
	slices.SortStableFunc(list, func(a, b Pin) int { return a.Since.Compare(b.Since) })
	return list
}

// running says which pin is the handler that has the turn, -1 if none has or the pin has
// a place, and how it is found.
type running struct {
	pin       int
	goroutine uint64 // with Options.Foreign
	label     string
}

// pinned is Pins in no order and without the place of what has the turn: to look for it
// stops the whole process.
func (o *object) pinned() ([]Pin, running) {
	r := running{pin: -1}
	in := o.instance()
	if in == nil {
		return nil, r
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	list := make([]Pin, len(in.pins.all))
	h, current := in.holder.Load(), in.current.Load()
	for i, p := range in.pins.all {
		list[i] = Pin{Kind: p.kind, Place: p.at, Since: p.since}
		if p.event != nil {
			list[i].Handler = p.event.handler
			if current == p.event && p.at == (driver.Place{}) {
				r = running{pin: i, label: in.label}
				if h != nil && h.e == current {
					r.goroutine = h.goroutine
				}
			}
		}
	}
	return list, r
}
