package host

import (
	"fmt"
	"slices"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/internal/clock"
)

func TestEvents(t *testing.T) {
	h := New(Options{Clock: clock.NewManual(clock.Real{}.Now())})
	if n := h.Emit(Event{Message: "nobody reads"}); n != 0 {
		t.Errorf("an event that nobody reads has number %d", n)
	}
	collect := func(into *[]string) func(Event) {
		return func(e Event) { *into = append(*into, fmt.Sprint(e.Number, e.Message)) }
	}
	var first, second, third []string
	stop := h.Events.Read(10, collect(&first))
	h.Emit(Event{Message: "a"})
	h.Emit(Event{Message: "b"})
	stopSecond := h.Events.Read(1, collect(&second))
	cause := h.Emit(Event{Message: "c"})
	if cause != 3 {
		t.Errorf("the third event has number %d", cause)
	}
	stop()
	h.Emit(Event{Message: "d", Cause: cause})
	for name, got := range map[string][2][]string{
		"the first reader has all until it stops":             {first, {"1a", "2b", "3c"}},
		"the second has the last one before and what follows": {second, {"2b", "3c", "4d"}},
	} {
		if !slices.Equal(got[0], got[1]) {
			t.Errorf("%s: %q, want %q", name, got[0], got[1])
		}
	}
	for range kept {
		h.Emit(Event{Message: "x"})
	}
	h.Events.Read(2*kept, collect(&third))()
	if len(third) != kept || third[0] != "5x" {
		t.Errorf("a late reader has %d events from %s", len(third), third[0])
	}
	stopSecond()
	if h.Events.Observed() {
		t.Error("observed without a reader")
	}
}
