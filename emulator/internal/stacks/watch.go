// Package stacks says whose goroutine one is, by its stack.
package stacks

import (
	"context"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Watch looks at the goroutines of one world.
type Watch struct {
	// Foreign is called with each call that touches an object from a goroutine that does not
	// have its turn, on that goroutine; nil is not to look.
	Foreign func(ForeignCall)

	blind   bool        // it takes no samples
	label   string      // how the labels of its instances begin
	used    atomic.Bool // user code has run
	samples sampler
	workers workers
}

// NewWatch makes the watch of a world.
func NewWatch(foreign func(ForeignCall)) *Watch {
	return &Watch{Foreign: foreign, label: nextLabel() + "-"}
}

// NoWatch makes the watch of classes that start no goroutines.
func NoWatch() *Watch { return &Watch{blind: true, label: nextLabel() + "-"} }

// labelKey is the profiler's label of a goroutine that runs user code.
const labelKey = "durable-object"

// labels counts the labels of the process. Worlds share no state by it: nothing is ever
// looked up by a label but in a profile.
var labels atomic.Uint64

func nextLabel() string { return strconv.FormatUint(labels.Add(1), 36) }

// Label returns a label that nobody has, for the goroutines of an instance.
func (w *Watch) Label() string {
	w.used.Store(true)
	return w.label + nextLabel()
}

// Labelled is ctx with a label, for pprof.SetGoroutineLabels.
func Labelled(ctx context.Context, label string) context.Context {
	return pprof.WithLabels(ctx, pprof.Labels(labelKey, label))
}

// Unlabelled runs f so that the goroutines which it starts do not count as those of the
// class that calls it.
func Unlabelled(ctx context.Context, f func(ctx context.Context)) {
	pprof.Do(ctx, pprof.Labels(labelKey, ""), f)
}

// Samples is how many samples of the goroutines have been begun.
func (w *Watch) Samples() uint64 { return w.samples.begun.Load() }

// LeftBehind returns where the class started a goroutine that still runs under a label. It
// looks at a sample that is taken after the one with the number since.
func (w *Watch) LeftBehind(label string, since uint64) (at driver.Place, found bool) {
	if w.blind {
		return at, false
	}
	s := &w.samples
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renew(since)
	at, found = s.found[label]
	return at, found
}

// Leftover is a goroutine that user code has left running.
type Leftover struct {
	Place  driver.Place // where it was started or is
	Worker bool         // the Worker has started it, not a class
}

// Leftovers returns the goroutines that are left running, one for each label.
func (w *Watch) Leftovers() (list []Leftover) {
	if !w.used.Load() {
		return nil // and no sample, which takes longer than a world
	}
	worker := w.workers.currentLabel()
	s := &w.samples
	since := s.begun.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renew(since)
	for label, at := range s.found {
		if strings.HasPrefix(label, w.label) {
			list = append(list, Leftover{at, label == worker})
		}
	}
	return list
}
