package emutest

// The world's time, which the test moves, and when all that the test did is dealt with.

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/internal/clock"
)

// Now is the world's time.
func (w *World) Now() time.Time { return w.world.Now() }

// settlePatience is how long, in the time package's time, Settle waits.
const settlePatience = 30 * time.Second

// outsidePatience is how long, in the time package's time, a wait for something outside
// the world holds Settle up.
const outsidePatience = time.Second

// Settle waits until what the test has sent is dealt with: no handler runs, but those
// that wait for time, and those that have been waiting for something outside the world,
// in durable.Fetch or durable.Await, for a second of the time package's time. So a server
// of the test is waited for, and what the test gives only later holds nothing up for
// long. If it takes 30 seconds the test fails, with what runs.
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
		patience = Patience // it has been waited for already
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	settled := w.settlesBy(late.C)
	w.stuck.Store(!settled)
	return settled
}

// settlesBy waits in real time also for what is due, which the time package may be
// about to start.
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

// Advance moves the clock by d; alarms, sleeps and idle times that fall due on
// the way run in their order, each one to its end, as Settle defines it, before the next.
// In real time it sleeps. An alarm that sets itself to the same time again and again
// fails the test.
func (w *World) Advance(d time.Duration) {
	w.t.Helper()
	if d < 0 {
		w.t.Fatalf("emutest: advance by %v: time does not go back", d)
	}
	if w.clock == nil {
		w.Settle() // so that the idle time of what has run counts from before
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

// endless says what does not let the clock go on.
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

// AdvanceToNextAlarm moves the clock to the earliest alarm and runs it. Without an
// alarm the test fails.
func (w *World) AdvanceToNextAlarm() {
	w.t.Helper()
	w.Settle()
	at, ok := w.world.NextAlarm()
	if !ok {
		w.t.Fatalf("emutest: no alarm is set")
	}
	w.Advance(max(at.Sub(w.Now()), 0))
}
