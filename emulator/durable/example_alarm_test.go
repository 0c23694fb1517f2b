//go:build !js

package durable_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// Reminder does its work an hour after it was asked to.
type Reminder struct{ state *durable.State }

var reminder = durable.Define("Reminder", func(ctx context.Context, state *durable.State, env *durable.Env) (*Reminder, error) {
	return &Reminder{state}, nil
})

func (o *Reminder) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	at := durable.Now(ctx).Add(time.Hour)
	return durable.Text(202, "at "+at.UTC().Format(time.TimeOnly)), o.state.Storage().SetAlarm(ctx, at)
}

func (o *Reminder) Alarm(ctx context.Context, info durable.AlarmInfo) error {
	fmt.Println("alarm of", info.ScheduledTime.UTC().Format(time.TimeOnly), "retry:", info.RetryCount)
	if info.RetryCount == 0 {
		return errors.New("not now") // runs again after about two seconds
	}
	return nil
}

// An alarm wakes the object, and runs again until it succeeds.
func ExampleAlarmHandler() {
	run(func(w *emutest.World) {
		fmt.Println(w.Fetch("POST", "/Reminder/a").Body)
		w.Advance(time.Hour)
		w.Advance(time.Minute)
	}, emutest.Classes(reminder)) // its clock stands at midnight
	// Output:
	// at 01:00:00
	// alarm of 01:00:00 retry: 0
	// alarm of 01:00:00 retry: 1
}
