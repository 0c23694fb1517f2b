package clock_test

import (
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/internal/clock"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestManual(t *testing.T) {
	m := clock.NewManual(start)
	var got []string
	at := func(what string, d time.Duration, then func()) clock.Timer {
		return m.At(m.Now().Add(d), func() {
			got = append(got, fmt.Sprint(what, " ", m.Now().Sub(start)))
			if then != nil {
				then()
			}
		})
	}
	at("b", 2*time.Second, nil)
	at("a", time.Second, func() { at("a2", 500*time.Millisecond, nil); at("late", time.Hour, nil) })
	at("b too", 2*time.Second, nil)
	stopped := at("never", 1500*time.Millisecond, nil)
	if !stopped.Stop() || stopped.Stop() {
		t.Error("Stop does not report whether it prevented the call")
	}
	m.Advance(3 * time.Second)
	want := []string{"a 1s", "a2 1.5s", "b 2s", "b too 2s"}
	if !slices.Equal(got, want) {
		t.Errorf("called %q, expected %q", got, want)
	}
	if now := m.Now(); !now.Equal(start.Add(3 * time.Second)) {
		t.Errorf("it stands at %v", now)
	}
}

func TestManualSettles(t *testing.T) {
	m := clock.NewManual(start)
	var log []string
	m.Settle = func() bool { log = append(log, "settle"); return true }
	m.At(m.Now().Add(time.Second), func() { log = append(log, "a") })
	m.At(m.Now().Add(0), func() { log = append(log, "now") })
	if err := m.Advance(time.Second); err != nil {
		t.Error(err)
	}
	if want := []string{"settle", "now", "settle", "a", "settle"}; !slices.Equal(log, want) {
		t.Errorf("%q, expected %q", log, want)
	}
}

// A clock whose callbacks do not end stands, and so does one whose callbacks set timers
// to the same time for ever. Many timers at one time are nothing of that kind.
func TestManualStands(t *testing.T) {
	m := clock.NewManual(start)
	called := 0
	m.At(m.Now().Add(time.Second), func() { called++ })
	m.Settle = func() bool { return false }
	if err := m.Advance(time.Minute); !errors.Is(err, clock.ErrUnsettled) || called != 0 || !m.Now().Equal(start) {
		t.Errorf("%v, called %d times, it stands at %v", err, called, m.Now())
	}
	m.Settle = nil
	for range 50_000 {
		m.At(m.Now().Add(time.Second), func() { m.At(m.Now().Add(0), func() { called++ }) })
	}
	if err := m.Advance(time.Minute); err != nil || called != 50_001 {
		t.Errorf("%v, called %d times", err, called)
	}
	var again func()
	again = func() { m.At(m.Now(), again) }
	again()
	if err := m.Advance(0); !errors.Is(err, clock.ErrEndless) {
		t.Errorf("%v, expected %v", err, clock.ErrEndless)
	}
}

// Whatever timers are set and stopped, the others are called once each, in the
// order of their times.
func TestManualOrder(t *testing.T) {
	for seed := range int64(200) {
		r := rand.New(rand.NewSource(seed))
		m := clock.NewManual(start)
		var called []time.Duration
		left := 0
		for range 50 {
			d := time.Duration(r.Intn(20)) * time.Second
			timer := m.At(m.Now().Add(d), func() { called = append(called, m.Now().Sub(start)) })
			if left++; r.Intn(3) == 0 && timer.Stop() {
				left--
			}
		}
		for range 30 {
			m.Advance(time.Duration(r.Intn(3)) * time.Second)
		}
		m.Advance(time.Minute)
		if len(called) != left || !slices.IsSorted(called) {
			t.Fatalf("seed %d: called %d of %d: %v", seed, len(called), left, called)
		}
	}
}
