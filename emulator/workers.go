package emulator

import (
	"fmt"
	"slices"
	"sync"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// workers are the goroutines that run the Worker's code, by their numbers, and what
// each runs. They are noted only for Options.Foreign, as who has a turn is.
type workers struct {
	mu  sync.Mutex
	set map[uint64]string
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
		s.set = map[uint64]string{}
	}
	before, nested := s.set[id]
	s.set[id] = what
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if delete(s.set, id); nested {
			s.set[id] = before
		}
	}
}

// busy names what runs of the Worker, and where it is.
func (s *workers) busy() (lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, what := range s.set {
		if at := whereIs(id); at != (driver.Place{}) {
			lines = append(lines, fmt.Sprintf("the Worker: %s at %s", what, at))
		}
	}
	slices.Sort(lines)
	return lines
}
