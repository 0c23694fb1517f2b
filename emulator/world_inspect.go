package emulator

// A world seen from outside, by tests and tools.

import (
	"fmt"
	"time"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator/internal/object"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
)

// Warnings are what the start found questionable.
func (w *World) Warnings() []diagnostic.Diagnostic { return w.warnings }

// Applied says which migrations the start applied, a line each.
func (w *World) Applied() []string { return w.applied }

// Now is the world's time.
func (w *World) Now() time.Time { return w.host.Now() }

// NextAlarm returns when the earliest alarm, or its retry, runs.
func (w *World) NextAlarm() (at time.Time, ok bool) { return w.alarms.Next() }

// Events calls f with the newest of the events that were kept, last of them at most, and
// then with each that comes, one at a time, until stop is called. Events are kept from when somebody
// first reads them. f must neither use the world nor call stop.
func (w *World) Events(last int, f func(Event)) (stop func()) { return w.host.Events.Read(last, f) }

// Hold counts something outside the world as activity until Hold(false), so that
// [World.Settle] waits for it.
func (w *World) Hold(more bool) {
	if more {
		w.host.Activity.Begin()
	} else {
		w.host.Activity.End()
	}
}

// Settle waits until nothing happens in the world but by time passing or from
// outside: no handler runs, except those that wait.
func (w *World) Settle() { w.SettleBy(nil) }

// SettleBy is Settle until late has something: then it reports false.
func (w *World) SettleBy(late <-chan time.Time) bool { return w.host.Activity.Settle(late) }

// Object returns the object of that name in the namespace of a binding. Looking
// at it does not start it.
func (w *World) Object(binding, name string) (*Object, error) {
	n, ok := w.env.namespaces[binding]
	if !ok {
		return nil, fmt.Errorf("no Durable Object binding %q", binding)
	}
	return n.Outside(n.IDFromName(name)), nil
}

// Objects returns the objects that have been addressed since the world was
// made, in memory or not, in no particular order.
func (w *World) Objects() (all []*Object) {
	for _, o := range w.objects() {
		all = append(all, o.Handle())
	}
	return all
}

// objects returns every object that has been addressed.
func (w *World) objects() (all []*object.Object) {
	for _, n := range w.classes {
		all = append(all, n.All()...)
	}
	return all
}

// Busy names what keeps objects in memory and, with Options.Foreign, what runs of the
// Worker, a line each: ten of them, first the handlers that have a turn and
// then what is oldest, and how many more there are.
func (w *World) Busy() string { return object.Busy(w.objects(), w.watch) }

// Leftover is a goroutine that user code has left running.
type Leftover = stacks.Leftover

// Leftovers returns the goroutines that the classes of the world have left running, of
// objects that have left memory too, one for each time that an object was in memory; and,
// with Options.Foreign, one that the Worker has.
func (w *World) Leftovers() []Leftover { return w.watch.Leftovers() }

// ForeignCall is a call of package durable that touched an object from a goroutine
// that did not have its turn.
type ForeignCall = stacks.ForeignCall
