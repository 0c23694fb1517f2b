package emulator

import (
	"context"
	"fmt"
	"runtime/pprof"
	"slices"
	"sync"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// workers are the goroutines that run the Worker's code, by their numbers, and what
// each runs. They are noted, and labelled as those of objects are, only for
// Options.Foreign, as who has a turn is.
type workers struct {
	mu     sync.Mutex
	set    map[uint64]string
	label  string
	labels context.Context
}

// working notes that the calling goroutine runs the Worker's code until end is called.
func (w *World) working(what string) (end func()) {
	if w.opts.Foreign == nil {
		return func() {}
	}
	id, s := goroutineID(), &w.workers
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.set == nil {
		s.set, s.label = map[uint64]string{}, w.label+newLabel()
		s.labels = pprof.WithLabels(context.Background(), pprof.Labels(labelKey, s.label))
		w.peopled.Store(true)
	}
	s.set[id] = what
	pprof.SetGoroutineLabels(s.labels)
	return func() {
		pprof.SetGoroutineLabels(context.Background())
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.set, id)
	}
}

// busy names what runs of the Worker, and where it is: at most most of it, and how many
// more there are.
func (s *workers) busy(most int) (lines []string, more int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, what := range s.set {
		if len(lines) >= most {
			more++
		} else if at := whereIs(id); at != (driver.Place{}) {
			lines = append(lines, fmt.Sprintf("the Worker: %s at %s", what, at))
		}
	}
	slices.Sort(lines)
	return lines, more
}
