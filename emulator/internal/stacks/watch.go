// Package stacks finds out by their stacks which goroutines run user code.
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
	// Foreign, if not nil, is called with each call that uses an object from a goroutine that does
	// not have its turn. That goroutine calls it.
	Foreign func(ForeignCall)

	blind   bool        // it takes no samples
	label   string      // the beginning of all labels of the world
	used    atomic.Bool // user code has run
	samples sampler
	workers workers
}

func NewWatch(foreign func(ForeignCall)) *Watch {
	return &Watch{Foreign: foreign, label: nextLabel() + "-"}
}

// NoWatch makes the watch of classes that start no goroutines.
func NoWatch() *Watch { return &Watch{blind: true, label: nextLabel() + "-"} }

// labelKey is the key of the profiler's label that goroutines have which run user code. A goroutine
// inherits the label of the one that starts it.
const labelKey = "durable-object"

// labels counts the labels of the process: worlds in one process need different ones, since they share
// the goroutine profile.
var labels atomic.Uint64

func nextLabel() string { return strconv.FormatUint(labels.Add(1), 36) }

// Label returns a new label, for the goroutines of an instance.
func (w *Watch) Label() string {
	w.used.Store(true)
	return w.label + nextLabel()
}

// Labelled is ctx with a label, for pprof.SetGoroutineLabels.
func Labelled(ctx context.Context, label string) context.Context {
	return pprof.WithLabels(ctx, pprof.Labels(labelKey, label))
}

// Unlabelled runs f without the label: goroutines that f starts do not count as the class's.
func Unlabelled(ctx context.Context, f func(ctx context.Context)) {
	pprof.Do(ctx, pprof.Labels(labelKey, ""), f)
}

// Samples is the number of the latest sample.
func (w *Watch) Samples() uint64 { return w.samples.begun.Load() }

// LeftBehind returns where the class started a goroutine that has the label and still runs. It
// takes a sample unless there is one with a higher number than since.
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
	Place  driver.Place // where it was started or, if that is not known, where it is
	Worker bool         // the Worker has started it, not a class
}

// Leftovers returns the goroutines that user code has left running, one for each label.
func (w *Watch) Leftovers() (list []Leftover) {
	if !w.used.Load() {
		return nil // without a sample, which takes more time than a small test
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
