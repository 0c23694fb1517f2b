package stacks

// A goroutine that a class has left running pins its object, as a timer does in JavaScript. It is
// found in the goroutine profile, by the label that it has inherited from the event that started it.

import (
	"bytes"
	"iter"
	"maps"
	"regexp"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// sampler takes samples of the goroutine profile. Objects that become idle together share one: that of
// a large program takes milliseconds.
type sampler struct {
	begun atomic.Uint64 // how many samples have begun

	mu    sync.Mutex
	taken time.Time
	found map[string]driver.Place // by label: where a class started a goroutine
	from  map[string][]goroutine  // the sample from which found was made
}

// sampleAge is how old, in machine time, a sample may be.
const sampleAge = 100 * time.Millisecond

// sampleTries is how many samples in succession may find goroutines that have not begun to run.
const sampleTries = 1000

// renew takes a sample, unless the latest has a higher number than since and is young. s.mu is held.
func (s *sampler) renew(since uint64) {
	if s.begun.Load() > since && time.Since(s.taken) <= sampleAge {
		return
	}
	s.begun.Add(1)
	running, again := sample()
	for tries := 0; again && tries < sampleTries; tries++ {
		runtime.Gosched()
		running, again = sample()
	}
	s.taken = time.Now()
	// The same goroutines as before were started at the same places. To look for them again would
	// stop the whole program.
	if maps.EqualFunc(running, s.from, slices.Equal[[]goroutine]) {
		return
	}
	s.found, s.from = map[string]driver.Place{}, running
	if len(running) > 0 {
		created := creations()
		for label, list := range running {
			for _, g := range list {
				if at := g.place(created); at != (driver.Place{}) {
					s.found[label] = at
				}
			}
		}
	}
}

var (
	labelLine = regexp.MustCompile(`"` + labelKey + `":"([0-9a-z]+-[0-9a-z]+)"`)
	frameLine = regexp.MustCompile(`^#\t0x[0-9a-f]+\t(\S+)\+0x[0-9a-f]+\s+(.*):(\d+)$`)
	dumpLine  = regexp.MustCompile(`^\t(.*):(\d+)(?: \+0x[0-9a-f]+)?$`)
)

// sample finds the labelled goroutines of the process that run neither events nor the Worker, by their
// labels. again says that a goroutine has not begun to run, so that the sample must be taken again.
func sample() (running map[string][]goroutine, again bool) {
	for label, record := range labelled {
		g, ours := readRecord(record)
		switch {
		case ours:
		case g.entry == "":
			again = true
		default:
			if running == nil {
				running = map[string][]goroutine{}
			}
			running[label] = append(running[label], g)
		}
	}
	return running, again
}

// labelled yields the records of the goroutine profile that have a label under labelKey.
func labelled(yield func(label, record string) bool) {
	var b bytes.Buffer
	pprof.Lookup("goroutine").WriteTo(&b, 1)
	for record := range strings.SplitSeq(b.String(), "\n\n") {
		if m := labelLine.FindStringSubmatch(record); m != nil && !yield(m[1], record) {
			return
		}
	}
}

// frames yields the functions of a record, each with its place. The outermost comes last.
func frames(record string) iter.Seq2[string, driver.Place] {
	return func(yield func(string, driver.Place) bool) {
		for line := range strings.SplitSeq(record, "\n") {
			if m := frameLine.FindStringSubmatch(line); m != nil && !yield(m[1], placeOf(m[2], m[3])) {
				return
			}
		}
	}
}

// goroutine is a goroutine in the profile.
type goroutine struct {
	entry string       // the function that it was started with
	user  driver.Place // where it is in the outermost function of the user's code; zero if it is in none
}

// creation is the place of the go statement that starts a function.
type creation struct {
	at      driver.Place
	several bool // other go statements start the same function
}

// place is where the user's code started the goroutine or, if several go statements start its function,
// where it is now in the user's code. It is zero if the goroutine is not the user's.
func (g goroutine) place(created map[string]creation) driver.Place {
	c := created[g.entry]
	if c.at == (driver.Place{}) || c.several && g.user != (driver.Place{}) {
		return g.user
	}
	return c.at
}

// readRecord reads a record of the profile. ours says that the goroutine runs events or the Worker.
func readRecord(record string) (g goroutine, ours bool) {
	for function, place := range frames(record) {
		if slices.ContainsFunc(runners, func(ours string) bool { return strings.HasPrefix(function, ours) }) {
			return g, true
		}
		if g.entry = function; isUsers(function) {
			g.user = place
		}
	}
	return g, false
}

// creations returns the go statements of the user's code that have started the goroutines which run
// now, by the functions that they have started.
func creations() map[string]creation {
	var b bytes.Buffer
	pprof.Lookup("goroutine").WriteTo(&b, 2)
	found := map[string]creation{}
	for block := range strings.SplitSeq(b.String(), "\n\n") {
		frames, creator, ok := strings.Cut(strings.TrimSpace(block), "\ncreated by ")
		if !ok {
			continue
		}
		function, rest, _ := strings.Cut(creator, " in goroutine ")
		_, line, _ := strings.Cut(rest, "\n")
		at := dumpLine.FindStringSubmatch(line)
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
		place := placeOf(at[1], at[2])
		before, ok := found[entry]
		found[entry] = creation{place, ok && (before.several || before.at != place)}
	}
	return found
}

func placeOf(file, line string) driver.Place {
	n, _ := strconv.Atoi(line)
	return driver.Place{File: file, Line: n}
}
