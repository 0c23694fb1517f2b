package emutest

// The world's time, which the test moves, and waiting until the world has nothing left to do.

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/internal/clock"
)

// Now is the world's time.
func (w *World) Now() time.Time { return w.world.Now() }

// settlePatience is how long Settle waits, in the time of package time.
const settlePatience = 30 * time.Second

// outsidePatience is how long Settle waits for a handler that waits for something outside the world, in
// the time of package time.
const outsidePatience = time.Second

// Settle waits until the world has dealt with what the test has sent: until no handler
// runs. It does not wait for handlers that wait for the world's time. For a handler that
// waits for something outside the world, in durable.Fetch or durable.Await, it waits one
// second at most: so a server of the test can answer, and a handler that waits for the
// test itself does not block it. After 30 seconds the test fails, with what still runs.
// Both are seconds of package time.
func (w *World) Settle() {
	w.t.Helper()
	if !w.settles() {
		w.unsettled()
	}
}

func (w *World) unsettled() {
	w.t.Helper()
	w.t.Fatalf("emutest: after %v something still runs: %s", settlePatience, w.world.Busy())
}

func (w *World) settles() bool {
	patience := settlePatience
	if w.stuck.Load() {
		patience = Patience // the last call has already waited long
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	settled := w.settlesBy(late.C)
	w.stuck.Store(!settled)
	return settled
}

// settlesBy reports whether the world settles before late. In real time it also waits for timers that
// are due and that package time has not started yet.
func (w *World) settlesBy(late <-chan time.Time) bool {
	for w.real != nil {
		called := w.real.Called()
		if !w.world.SettleBy(late) {
			return false
		}
		due := w.real.Due()
		switch {
		case due == nil && w.real.Called() == called:
			return true
		case due == nil:
			continue
		}
		select {
		case <-due:
		case <-late:
			return false
		}
	}
	return w.world.SettleBy(late)
}

// Advance moves the clock by d. The alarms, sleeps and idle times that end on the way run
// in their order; before each of them Advance waits as Settle does. In real time it sleeps
// for d. An alarm that sets itself to the same time again and again fails the test.
func (w *World) Advance(d time.Duration) {
	w.t.Helper()
	if d < 0 {
		w.t.Fatalf("emutest: advance by %v: time does not go back", d)
	}
	if w.clock == nil {
		w.Settle() // idle times begin when handlers have ended: before the sleep
		time.Sleep(d)
		w.Settle()
		return
	}
	switch err := w.clock.Advance(d); {
	case errors.Is(err, clock.ErrUnsettled):
		w.unsettled()
	case err != nil:
		w.t.Fatalf("emutest: advance: %s", w.endless())
	}
}

// endless says why the clock cannot move on.
func (w *World) endless() string {
	now := w.Now()
	events := w.Events()
	for i := len(events) - 1; i >= 0 && events[i].Time.Equal(now); i-- {
		if e := events[i]; e.Type == emulator.EventAlarm {
			return fmt.Sprintf("the alarm of %s %s is set to the time that it is, %s, again and again", e.Class, shortName(e.Name, e.ID), now.Format(time.TimeOnly))
		}
	}
	return fmt.Sprintf("something sleeps for no time, at %s, again and again: %s", now.Format(time.TimeOnly), w.world.Busy())
}

// AdvanceToNextAlarm moves the clock to the time of the earliest alarm, which runs. If no
// alarm is set the test fails.
func (w *World) AdvanceToNextAlarm() {
	w.t.Helper()
	w.Settle()
	at, ok := w.world.NextAlarm()
	if !ok {
		w.t.Fatalf("emutest: no alarm is set")
	}
	w.Advance(max(at.Sub(w.Now()), 0))
}
