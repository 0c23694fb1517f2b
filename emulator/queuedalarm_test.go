package emulator_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// slowAlarm is a class whose alarm takes a second, and which can be held.
type slowAlarm struct {
	st   *durable.State
	gate chan struct{}
	runs chan string
}

func (o *slowAlarm) Alarm(ctx context.Context, info durable.AlarmInfo) error {
	o.runs <- fmt.Sprint(info.RetryCount)
	return durable.Sleep(ctx, time.Second)
}

func (o *slowAlarm) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	st := o.st.Storage()
	switch r.URL.Query().Get("do") {
	case "alarm":
		return durable.Text(200, ""), st.SetAlarm(ctx, durable.Now(ctx))
	case "wait":
		<-o.gate
	case "abort":
		if err := st.SetAlarm(ctx, durable.Now(ctx).Add(time.Hour)); err != nil {
			return nil, err
		}
		o.st.Abort("enough")
	}
	return durable.Text(200, ""), st.Put(ctx, "k", 1)
}

// An abort that undoes an alarm, behind events that wrote, leaves the alarm that runs to
// its retry: it is not set anew.
func TestQueuedAbortOfAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, runs := make(chan struct{}), make(chan string, 9)
		class := durable.Define("SlowAlarm", func(_ context.Context, st *durable.State, _ *durable.Env) (*slowAlarm, error) {
			return &slowAlarm{st, gate, runs}, nil
		})
		w := emutest.New(t, emutest.RealTime(), emutest.Classes(class))
		w.Fetch("GET", "/SlowAlarm/x?do=alarm")
		synctest.Wait() // its handler sleeps
		for _, do := range []string{"wait", "a", "abort"} {
			go w.Fetch("GET", "/SlowAlarm/x?do="+do)
			synctest.Wait()
		}
		close(gate)
		time.Sleep(1900 * time.Millisecond)
		if len(runs) != 1 {
			t.Errorf("%d runs before the retry is due", len(runs))
		}
		time.Sleep(time.Minute)
		if len(runs) != 2 {
			t.Fatalf("%d runs", len(runs))
		}
		if first, second := <-runs, <-runs; first != "0" || second != "1" {
			t.Errorf("retries %s and %s", first, second)
		}
	})
}
