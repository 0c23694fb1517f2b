package stacks

import (
	"context"
	"fmt"
	"runtime/pprof"
	"slices"
	"sync"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// workers are the goroutines that run the Worker's code, by their numbers, with what each
// runs. They are noted only if Watch.Foreign is set: to number a goroutine costs a microsecond.
type workers struct {
	mu     sync.Mutex
	set    map[uint64]string
	label  string
	labels context.Context
}

// Works notes that the calling goroutine runs the Worker's code until end is called.
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

// Working says what the Worker runs and where that is, at most so many lines, and how
// many there are beyond that.
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
