package emulator

// Goroutines that a class left running pin its object, as a JavaScript timer
// does. They are found by the label that an event's goroutine hands down.

import (
	"bytes"
	"regexp"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// labelKey is the profiler label of an instance's goroutines.
const labelKey = "durable-object"

var labels atomic.Uint64

// newLabel is a label for a world, or the end of one for an instance, unique in the
// process. It is no state that worlds share: nothing is ever looked up by it but in a
// profile.
func newLabel() string { return strconv.FormatUint(labels.Add(1), 36) }

// sampler reads the goroutine profile once for all objects that fall idle
// together.
type sampler struct {
	begun atomic.Uint64 // how many samples have been begun

	mu      sync.Mutex
	taken   time.Time
	found   map[string]driver.Place // by label: where a class started a goroutine
	created map[string]driver.Place // where the user's code starts goroutines, by their first function
}

// sampleAge is how old, in machine time, a sample may be.
const sampleAge = 100 * time.Millisecond

// sampleTries bounds the wait for goroutines that have not begun to run.
const sampleTries = 1000

// latest is the number of the latest sample.
func (s *sampler) latest() uint64 { return s.begun.Load() }

// leftBehind returns a pin for a goroutine that the instance's class left
// running, nil if there is none, by a sample that is later than the one given.
func (s *sampler) leftBehind(in *instance, than uint64) *pin {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renew(than)
	at, ok := s.found[in.label]
	if !ok {
		return nil
	}
	return &pin{kind: driver.PinGoroutine, at: at}
}

// renew takes a sample if there is none that is later than the one given and young
// enough. s.mu is held.
func (s *sampler) renew(than uint64) {
	if s.latest() > than && time.Since(s.taken) <= sampleAge {
		return
	}
	s.begun.Add(1)
	for tries := 0; s.sample() && tries < sampleTries; tries++ {
		runtime.Gosched()
	}
	s.taken = time.Now()
}

// Leftovers returns where the classes of the world started goroutines that they
// have left running, of objects that have left memory too: one place for each
// time that an object was in memory.
func (w *World) Leftovers() (places []driver.Place) {
	if !w.peopled.Load() {
		return nil // and no sample, which takes longer than a world
	}
	s := &w.samples
	since := s.latest()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renew(since)
	for label, at := range s.found {
		if strings.HasPrefix(label, w.label) {
			places = append(places, at)
		}
	}
	return places
}

var (
	labelLine = regexp.MustCompile(`"` + labelKey + `":"([0-9a-z]+-[0-9a-z]+)"`)
	frameLine = regexp.MustCompile(`^#\t0x[0-9a-f]+\t(\S+)\+0x[0-9a-f]+\s+(.*):(\d+)$`)
	dumpLine  = regexp.MustCompile(`^\t(.*):(\d+)(?: \+0x[0-9a-f]+)?$`)
)

// sample finds the labelled goroutines of the process that the user's code
// started or is in. It reports whether one is too young to tell. s.mu is held.
func (s *sampler) sample() (again bool) {
	var b bytes.Buffer
	pprof.Lookup("goroutine").WriteTo(&b, 1)
	s.found = map[string]driver.Place{}
	for record := range strings.SplitSeq(b.String(), "\n\n") {
		m := labelLine.FindStringSubmatch(record)
		if m == nil {
			continue
		}
		g, ours := readRecord(record)
		if ours {
			continue
		}
		if g.entry == "" {
			again = true
			continue
		}
		at, ok := s.created[g.entry]
		if !ok {
			s.created = creations()
			at, ok = s.created[g.entry]
		}
		switch {
		case ok:
			s.found[m[1]] = at
		case g.user != driver.Place{}:
			s.found[m[1]] = g.user
		}
	}
	return again
}

// goroutine is what a profile tells of one.
type goroutine struct {
	entry string       // its first function
	user  driver.Place // where it is in the outermost function of the user's code, if in any
}

// readRecord reads a record of the profile. Goroutines that run events are ours.
func readRecord(record string) (g goroutine, ours bool) {
	for line := range strings.SplitSeq(record, "\n") {
		m := frameLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if strings.HasPrefix(m[1], emulatorPath+".(*instance)") {
			return g, true
		}
		g.entry = m[1]
		if isUsers(m[1]) {
			g.user = placeOf(m[2], m[3])
		}
	}
	return g, false
}

// creations returns the places of the go statements in the user's code that have
// started the goroutines there are, by their first functions.
func creations() map[string]driver.Place {
	var b bytes.Buffer
	pprof.Lookup("goroutine").WriteTo(&b, 2)
	found := map[string]driver.Place{}
	for block := range strings.SplitSeq(b.String(), "\n\n") {
		frames, creator, ok := strings.Cut(strings.TrimSpace(block), "\ncreated by ")
		if !ok {
			continue
		}
		function, rest, _ := strings.Cut(creator, " in goroutine ")
		_, place, _ := strings.Cut(rest, "\n")
		at := dumpLine.FindStringSubmatch(place)
		if at == nil || !isUsers(function) {
			continue
		}
		lines := strings.Split(frames, "\n")
		if len(lines) < 3 {
			continue
		}
		entry := lines[len(lines)-2] // function(arguments), and then its place
		if i := strings.LastIndexByte(entry, '('); i > 0 {
			entry = entry[:i]
		}
		found[entry] = placeOf(at[1], at[2])
	}
	return found
}

func placeOf(file, line string) driver.Place {
	n, _ := strconv.Atoi(line)
	return driver.Place{File: file, Line: n}
}

const emulatorPath = "github.com/seed-36a2c969/emu/emulator"

// isUsers reports whether a function belongs neither to the emulator nor to the
// standard library.
func isUsers(function string) bool {
	if function == emulatorPath || strings.HasPrefix(function, emulatorPath+".") || strings.HasPrefix(function, emulatorPath+"/") {
		return false
	}
	return strings.HasPrefix(function, "main.") || !isStandard(function)
}

// isStandard reports whether a function is the standard library's: in none of
// the program's modules or, if the program does not know them, in an import path
// whose first element has no dot.
func isStandard(function string) bool {
	if modules := programModules(); len(modules) > 0 {
		for _, m := range modules {
			if rest, ok := strings.CutPrefix(function, m); ok && rest != "" && strings.ContainsRune("./_", rune(rest[0])) {
				return false
			}
		}
		return true
	}
	first, _, _ := strings.Cut(function, "/")
	return !strings.Contains(first, ".") || !strings.Contains(function, "/")
}

// programModules returns the paths of the modules of which the program is built.
var programModules = sync.OnceValue(func() (paths []string) {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Path == "" {
		return nil
	}
	paths = append(paths, info.Main.Path)
	for _, d := range info.Deps {
		paths = append(paths, d.Path)
	}
	return paths
})
