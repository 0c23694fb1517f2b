package emutest

// What a test leaves open: goroutines are the world's to know, files and sockets
// the whole process's.

import (
	"maps"
	"slices"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
)

// CheckFiles fails the test for files, pipes and sockets that were opened after New
// and are still open when the world has ended, on Linux. It is the whole process that
// is looked at: not for a test that runs while others open files.
func CheckFiles() Option { return func(s *settings) { s.files = true } }

// presently calls left until it returns nothing, or a quarter of a second is over: what
// the test has told to end may still be about to.
func presently[T any](left func() []T) []T {
	for wait := time.Millisecond; ; wait *= 2 {
		l := left()
		if len(l) == 0 || wait > 128*time.Millisecond {
			return l
		}
		time.Sleep(wait)
	}
}

// leftRunning returns the goroutines that user code has left running.
func (w *World) leftRunning() []emulator.Leftover { return presently(w.world.Leftovers) }

// leftOpen returns what is open and was not when the world began.
func (w *World) leftOpen() []string {
	return presently(func() []string {
		now := openFiles()
		maps.DeleteFunc(now, func(key, _ string) bool {
			_, before := w.files[key]
			return before
		})
		return slices.Sorted(maps.Values(now))
	})
}
