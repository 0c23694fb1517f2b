package stacks

import (
	"context"
	"fmt"
	"runtime/pprof"
	"slices"
	"sync"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// workers are the goroutines that run the Worker's code. They are noted only if Watch.Foreign is set,
// since the number of a goroutine costs a microsecond to find.
type workers struct {
	mu     sync.Mutex
	set    map[uint64]string // by the goroutine's number: what it runs
	label  string
	labels context.Context // with the label
}

// Works notes that the calling goroutine runs code of the Worker until end is called.
func (w *Watch) Works(what string) (end func()) {
	if w.Foreign == nil {
		return func() {}
	}
	id, s := Goroutine(), &w.workers
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.set == nil {
		s.set, s.label = map[uint64]string{}, w.Label()
		s.labels = Labelled(context.Background(), s.label)
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

// Working returns a line for each goroutine that runs code of the Worker, most of them at most, and the
// number of the rest.
func (w *Watch) Working(most int) (lines []string, more int) {
	s := &w.workers
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, what := range s.set {
		if len(lines) >= most {
			more++
		} else if at := Where(id); at != (driver.Place{}) {
			lines = append(lines, fmt.Sprintf("the Worker: %s at %s", what, at))
		}
	}
	slices.Sort(lines)
	return lines, more
}

func (s *workers) currentLabel() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.label
}
