package emulator

// Goroutines that a class left running pin its object, as a JavaScript timer
// does. They are found by the label that an event's goroutine hands down.

import (
	"bytes"
	"regexp"
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

// labelOf is a label for a new instance, unique in the process. It is no state
// that worlds share: nothing is ever looked up by it but in a profile.
func labelOf(*instance) string { return strconv.FormatUint(labels.Add(1), 36) }

// sampler reads the goroutine profile once for all objects that fall idle
// together.
type sampler struct {
	mu    sync.Mutex
	taken time.Time
	found map[string]driver.Place
}

// sampleAge is how old, in machine time, a sample may be.
const sampleAge = 100 * time.Millisecond

// leftBehind returns a pin for a goroutine that the instance's class left
// running, nil if there is none.
func (s *sampler) leftBehind(in *instance) *pin {
	label, _ := pprof.Label(in.ctx, labelKey)
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.taken) > sampleAge {
		s.found, s.taken = sample(), time.Now()
	}
	at, ok := s.found[label]
	if !ok {
		return nil
	}
	return &pin{kind: driver.PinGoroutine, at: at}
}

// Leftovers returns where goroutines are that classes of the world have left
// running, in objects that are in memory.
func (w *World) Leftovers() (places []driver.Place) {
	for _, o := range w.objects() {
		o.mu.Lock()
		in := o.inst
		o.mu.Unlock()
		if in == nil {
			continue
		}
		if p := w.samples.leftBehind(in); p != nil {
			places = append(places, p.at)
		}
	}
	return places
}

var (
	labelLine = regexp.MustCompile(`"` + labelKey + `":"([0-9a-z]+)"`)
	frameLine = regexp.MustCompile(`^#\t0x[0-9a-f]+\t(\S+)\+0x[0-9a-f]+\s+(.*):(\d+)$`)
)

// sample returns where the labelled goroutines of the process are, by label: of
// each stack the outermost frame that is not the emulator's, which is the
// function of the go statement.
func sample() map[string]driver.Place {
	var b bytes.Buffer
	pprof.Lookup("goroutine").WriteTo(&b, 1)
	found := map[string]driver.Place{}
	for _, record := range strings.Split(b.String(), "\n\n") {
		m := labelLine.FindStringSubmatch(record)
		if m == nil {
			continue
		}
		if at, ok := userFrame(record); ok {
			found[m[1]] = at
		}
	}
	return found
}

// userFrame is the outermost frame of a goroutine that belongs to neither the
// emulator nor the standard library; a goroutine without one, such as a kept
// connection's, is nobody's timer.
func userFrame(record string) (at driver.Place, ok bool) {
	for line := range strings.SplitSeq(record, "\n") {
		m := frameLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		function := m[1]
		if strings.HasPrefix(function, emulatorPath+".(*instance)") {
			return driver.Place{}, false // an event of its own
		}
		if isStandard(function) || strings.HasPrefix(function, emulatorPath) {
			continue
		}
		n, _ := strconv.Atoi(m[3])
		at, ok = driver.Place{File: m[2], Line: n}, true
	}
	return at, ok
}

const emulatorPath = "github.com/seed-36a2c969/emu/emulator"

// isStandard reports whether a function is the standard library's, whose import
// paths have no dot in their first element.
func isStandard(function string) bool {
	path := function
	if i := strings.LastIndex(function, "/"); i >= 0 {
		path = function[:i]
		first, _, _ := strings.Cut(path, "/")
		return !strings.Contains(first, ".")
	}
	name, _, _ := strings.Cut(path, ".")
	return name != "main"
}
