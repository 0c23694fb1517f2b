package emutest_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// In real time too, what is due has run when Advance returns, whether the time package
// has started it before or not.
func TestRealTimeRunsWhatIsDue(t *testing.T) {
	var rung atomic.Int32
	w := emutest.New(t, emutest.RealTime(), script{
		fetch: func(ctx context.Context, o *Scripted, _ *durable.Request) (*durable.Response, error) {
			return durable.Text(200, "ok"), o.state.Storage().SetAlarm(ctx, durable.Now(ctx))
		},
		alarm: func(context.Context, *Scripted) error { rung.Add(1); return nil },
	}.class())
	for i := range int32(20) {
		w.Fetch("GET", "/Scripted/a")
		w.Advance(0)
		if n := rung.Load(); n != i+1 {
			t.Fatalf("after %d alarms that were due %d have run", i+1, n)
		}
	}
}
