package emulator

// The methods by which tests and tools look at a world.

import (
	"fmt"
	"time"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator/internal/object"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
)

// Warnings are the warnings of the start.
func (w *World) Warnings() []diagnostic.Diagnostic { return w.warnings }

// Applied are the migrations that the start has applied, a line each.
func (w *World) Applied() []string { return w.applied }

func (w *World) Now() time.Time { return w.host.Now() }

// NextAlarm returns when the next alarm or retry runs.
func (w *World) NextAlarm() (at time.Time, ok bool) { return w.alarms.Next() }

// Events calls f with the latest events, last of them at most, and then with each new one, one at a time,
// until stop is called. There are no events from before the first reader. f must neither use the world
// nor call stop.
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

// Settle waits until nothing happens in the world unless time passes or somebody outside acts: no handler
// runs, except those that wait.
func (w *World) Settle() { w.SettleBy(nil) }

// SettleBy is Settle with a limit: it reports false if late sends first.
func (w *World) SettleBy(late <-chan time.Time) bool { return w.host.Activity.Settle(late) }

// Object returns the object with a name in the namespace of a binding. It does not start the object.
func (w *World) Object(binding, name string) (*Object, error) {
	n, ok := w.env.namespaces[binding]
	if !ok {
		return nil, fmt.Errorf("no Durable Object binding %q", binding)
	}
	return n.Outside(n.IDFromName(name)), nil
}

// Objects returns the objects that somebody has called, in memory or not, in no particular order.
func (w *World) Objects() (all []*Object) {
	for _, o := range w.objects() {
		all = append(all, o.Handle())
	}
	return all
}

func (w *World) objects() (all []*object.Object) {
	for _, n := range w.classes {
		all = append(all, n.All()...)
	}
	return all
}

// Busy names what keeps objects in memory and, with Options.Foreign, the running code of the Worker, a
// line each. It names ten: first the handlers that have a turn, then the oldest pins. The last line
// counts the rest.
func (w *World) Busy() string { return object.Busy(w.objects(), w.watch) }

// Leftover is a goroutine that user code has left running.
type Leftover = stacks.Leftover

// Leftovers returns the goroutines that user code has left running: one for each construction of an
// object, also of those that have left memory, and with Options.Foreign one of the Worker.
func (w *World) Leftovers() []Leftover { return w.watch.Leftovers() }

// ForeignCall is a call of package durable that used an object from a goroutine that did not have
// its turn.
type ForeignCall = stacks.ForeignCall
