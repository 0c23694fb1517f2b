package emulator_test

// https://developers.cloudflare.com/durable-objects/api/alarms/

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// setIn sets the alarm d from now.
func setIn(d time.Duration) method {
	return func(ctx context.Context, o *obj) (any, error) {
		return nil, o.st.Storage().SetAlarm(ctx, durable.Now(ctx).Add(d))
	}
}

// getAlarm returns the alarm in ms since the start, or null.
func getAlarm(ctx context.Context, o *obj) (any, error) {
	at, err := o.st.Storage().Alarm(ctx)
	if err != nil || at.IsZero() {
		return nil, err
	}
	return at.Sub(emutest.Start).Milliseconds(), nil
}

func deleteAlarm(ctx context.Context, o *obj) (any, error) {
	return nil, o.st.Storage().DeleteAlarm(ctx)
}

// logsAlarm notes when the alarm runs, its retry count, and getAlarm().
func logsAlarm(ctx context.Context, o *obj) error {
	at, err := getAlarm(ctx, o)
	var scheduled int64
	var retry int
	var is bool
	fmt.Sscan(o.arg, &scheduled, &retry, &is)
	o.rig.logf("at %d: scheduled %d retry %d %v, getAlarm %v %v", durable.Now(ctx).Sub(emutest.Start).Milliseconds(),
		scheduled-emutest.Start.UnixMilli(), retry, is, at, err)
	return nil
}

func alarmRuns(ctx context.Context, o *obj) (any, error) { return nil, logsAlarm(ctx, o) }

func TestSetAlarm(t *testing.T) {
	t.Parallel()
	t.Run("get, set, delete", func(t *testing.T) {
		s := newObjects(t, methods{"alarm": alarmRuns, "get": getAlarm, "delete": deleteAlarm, "later": setIn(time.Hour),
			"past": setIn(-time.Hour), "fraction": setIn(time.Hour + 999*time.Microsecond)})
		s.call("a", "get").want("null")
		s.call("a", "later").want("null")
		s.call("a", "get").want("3600000")
		s.call("a", "fraction")
		s.call("a", "get").want("3600000")
		for range 2 {
			s.call("a", "delete").want("null")
			s.call("a", "get").want("null")
		}
		s.Advance(2 * time.Hour)
		s.wantLog()
		s.call("a", "past")
		s.call("a", "get").want("7200000") // now
		s.Advance(0)
		s.wantLog("at 7200000: scheduled 7200000 retry 0 false, getAlarm <nil> <nil>")
	})
	t.Run("what setAlarm refuses", func(t *testing.T) {
		o := alarmWorld(t)
		const far = "TypeError: This API doesn't support dates after 2189."
		for _, tt := range []struct {
			ms   float64
			want string
		}{
			{0, "TypeError: setAlarm() cannot be called with an alarm time <= 0"},
			{-5, "TypeError: setAlarm() cannot be called with an alarm time <= 0"},
			{math.NaN(), "TypeError: The value cannot be converted because it is not a valid Date."},
			{math.Inf(1), "TypeError: The value cannot be converted because it is not a valid Date."},
			{8640000000000000, far},
			{9223372036854.775, far},
			{9223372036855, far},
			{9223372036854.7, "ok"},
			{9223372036854, "ok"},
		} {
			got := "ok"
			if err := o.Storage(func(st driver.Storage) error { return st.SetAlarm(tt.ms) }); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("%v: %s, want %s", tt.ms, got, tt.want)
			}
		}
		if err := o.Storage(func(st driver.Storage) error {
			ms, ok, err := st.Alarm()
			if ms != 9223372036854 || !ok {
				t.Error(ms, ok)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	})
	t.Run("a class without the handler", func(t *testing.T) {
		inside := false
		s := newObjects(t, methods{"set": setIn(time.Hour), "get": getAlarm, "new": func(ctx context.Context, o *obj) (any, error) {
			if inside {
				return nil, o.st.Storage().SetAlarm(ctx, durable.Now(ctx).Add(time.Second))
			}
			return nil, nil
		}})
		s.call("a", "set").want("TypeError: Your Durable Object class must have an alarm() handler in order to call setAlarm() +remote +durableObjectId")
		inside = true // the constructor is not asked
		s.call("b", "get").want("1000")
		s.Advance(time.Second)
		s.call("b", "get").want("null")
	})
}

func TestAlarmHandler(t *testing.T) {
	t.Parallel()
	t.Run("the handler's argument, and getAlarm in it", func(t *testing.T) {
		s := newObjects(t, methods{"alarm": alarmRuns, "set": setIn(1500 * time.Millisecond), "get": getAlarm})
		s.call("a", "set")
		s.Advance(1500 * time.Millisecond)
		s.wantLog("at 1500: scheduled 1500 retry 0 false, getAlarm <nil> <nil>")
		s.call("a", "get").want("null")
	})
	t.Run("set again in the handler", func(t *testing.T) {
		runs := 0
		s := newObjects(t, methods{"set": setIn(time.Second), "get": getAlarm, "alarm": func(ctx context.Context, o *obj) (any, error) {
			logsAlarm(ctx, o)
			if runs++; runs > 2 {
				return nil, nil
			}
			_, err := setIn(time.Second)(ctx, o)
			logsAlarm(ctx, o)
			return nil, err
		}})
		s.call("a", "set")
		s.Advance(time.Minute)
		s.wantLog("at 1000: scheduled 1000 retry 0 false, getAlarm <nil> <nil>",
			"at 1000: scheduled 1000 retry 0 false, getAlarm 2000 <nil>",
			"at 2000: scheduled 2000 retry 0 false, getAlarm <nil> <nil>",
			"at 2000: scheduled 2000 retry 0 false, getAlarm 3000 <nil>",
			"at 3000: scheduled 3000 retry 0 false, getAlarm <nil> <nil>")
		s.call("a", "get").want("null")
	})
	t.Run("set again for now in the handler", func(t *testing.T) {
		runs := 0
		s := newObjects(t, methods{"set": setIn(time.Second), "alarm": func(ctx context.Context, o *obj) (any, error) {
			logsAlarm(ctx, o)
			if runs++; runs == 3 {
				return nil, nil
			}
			return setIn(0)(ctx, o)
		}})
		s.call("a", "set")
		s.Advance(time.Second)
		const line = "at 1000: scheduled 1000 retry 0 false, getAlarm <nil> <nil>"
		s.wantLog(line, line, line)
	})
	t.Run("set again, and then failed", func(t *testing.T) {
		runs := 0
		s := newObjects(t, methods{"set": setIn(time.Second), "alarm": func(ctx context.Context, o *obj) (any, error) {
			logsAlarm(ctx, o)
			if runs++; runs > 1 {
				return nil, nil
			}
			_, err := setIn(1500*time.Millisecond)(ctx, o)
			return nil, errors.Join(err, errors.New("q"))
		}})
		s.call("a", "set")
		s.Advance(time.Minute)
		s.wantLog("at 1000: scheduled 1000 retry 0 false, getAlarm <nil> <nil>", "at 2500: scheduled 2500 retry 0 false, getAlarm <nil> <nil>")
	})
	t.Run("deleted, and then failed", func(t *testing.T) {
		s := newObjects(t, methods{"set": setIn(time.Second), "alarm": func(ctx context.Context, o *obj) (any, error) {
			o.rig.logf("run")
			return nil, errors.Join(o.st.Storage().DeleteAlarm(ctx), errors.New("q"))
		}})
		s.call("a", "set")
		s.Advance(time.Hour)
		s.wantLog("run")
	})
	t.Run("set by another event while it runs", func(t *testing.T) {
		s := newObjects(t, methods{"set": setIn(time.Second), "later": setIn(5 * time.Second), "get": getAlarm, "alarm": func(ctx context.Context, o *obj) (any, error) {
			logsAlarm(ctx, o)
			arg := o.arg
			err := durable.Sleep(ctx, 2*time.Second)
			o.arg = arg
			logsAlarm(ctx, o)
			return nil, err
		}})
		s.call("a", "set")
		s.Advance(2 * time.Second)
		s.call("a", "get").want("null")
		s.call("a", "later")
		s.call("a", "get").want("7000")
		s.Advance(time.Minute)
		s.wantLog("at 1000: scheduled 1000 retry 0 false, getAlarm <nil> <nil>", "at 3000: scheduled 1000 retry 0 false, getAlarm 7000 <nil>",
			"at 7000: scheduled 7000 retry 0 false, getAlarm <nil> <nil>", "at 9000: scheduled 7000 retry 0 false, getAlarm <nil> <nil>")
	})
	t.Run("one that is due while the one before runs waits for its end", func(t *testing.T) {
		for _, failure := range []error{nil, errors.New("x")} {
			runs := 0
			s := newObjects(t, methods{"set": setIn(time.Second), "soon": setIn(100 * time.Millisecond), "alarm": func(ctx context.Context, o *obj) (any, error) {
				logsAlarm(ctx, o)
				if runs++; runs > 1 {
					return nil, nil
				}
				err := durable.Sleep(ctx, time.Second)
				o.rig.logf("end")
				return nil, errors.Join(err, failure)
			}})
			s.call("a", "set")
			s.Advance(1500 * time.Millisecond)
			s.call("a", "soon")
			s.Advance(time.Minute)
			s.wantLog("at 1000: scheduled 1000 retry 0 false, getAlarm <nil> <nil>", "end",
				"at 2000: scheduled 1600 retry 0 false, getAlarm <nil> <nil>")
		}
	})
}

func TestAlarmRetries(t *testing.T) {
	t.Parallel()
	t.Run("six retries, then dropped", func(t *testing.T) {
		var at []time.Duration
		s := newObjects(t, methods{"set": setIn(time.Second), "get": getAlarm, "alarm": func(ctx context.Context, o *obj) (any, error) {
			at = append(at, durable.Now(ctx).Sub(emutest.Start))
			o.rig.logf("%s", o.arg)
			return nil, errors.New("always")
		}})
		s.call("a", "set")
		s.Advance(time.Hour)
		scheduled := emutest.Start.Add(time.Second).UnixMilli()
		want := []string{fmt.Sprintf("%d 0 false", scheduled)}
		for i := 1; i <= 6; i++ {
			want = append(want, fmt.Sprintf("%d %d true", scheduled, i))
		}
		s.wantLog(want...)
		for i := 1; i < len(at); i++ {
			least := 2 * time.Second << (i - 1)
			if wait := at[i] - at[i-1]; wait < least || wait > least*5/4 {
				t.Errorf("retry %d after %v, want %v to %v", i, wait, least, least*5/4)
			}
		}
		s.call("a", "get").want("null")
	})
	t.Run("one that is set while the one before is dropped", func(t *testing.T) {
		runs := 0
		dropped := func(e emulator.Event) bool { return strings.HasSuffix(e.Message, "the alarm is dropped") }
		s := newObjects(t, methods{"set": setIn(time.Second), "get": getAlarm, "again": func(ctx context.Context, o *obj) (any, error) {
			for !slices.ContainsFunc(o.rig.Events(), dropped) {
				runtime.Gosched()
			}
			return setIn(time.Hour)(ctx, o)
		}, "alarm": func(ctx context.Context, o *obj) (any, error) {
			if runs++; runs == 7 {
				o.st.WaitUntil(func(ctx context.Context) error { return second(o.run(ctx, "again")) })
			}
			return nil, errors.New("always")
		}})
		s.call("a", "set")
		s.Advance(10 * time.Minute)
		s.Advance(time.Hour)
		if runs < 8 {
			t.Error("it was dropped too")
		}
	})
	t.Run("the jitter is the world's chance", func(t *testing.T) {
		runs := func(seed uint64) (at []int64) {
			s := newObjects(t, methods{"set": setIn(time.Second), "alarm": func(ctx context.Context, o *obj) (any, error) {
				at = append(at, durable.Now(ctx).UnixNano())
				return nil, errors.New("always")
			}}, emutest.Seed(seed))
			s.call("a", "set")
			s.Advance(time.Hour)
			return at
		}
		if a, b, c := jsonOf(runs(1)), jsonOf(runs(1)), jsonOf(runs(2)); a != b || a == c {
			t.Errorf("%s %s %s", a, b, c)
		}
	})
	t.Run("a constructor that fails does not count", func(t *testing.T) {
		poison := false
		s := newObjects(t, methods{"set": setIn(time.Minute), "alarm": alarmRuns, "new": func(context.Context, *obj) (any, error) {
			if poison {
				return nil, errors.New("poison")
			}
			return nil, nil
		}})
		s.call("a", "set")
		s.Advance(30 * time.Second)
		poison = true
		s.Advance(2 * time.Hour)
		made := s.instances()
		if made < 10 {
			t.Errorf("%d instances: an alarm is tried until the object can be constructed", made)
		}
		poison = false
		s.Advance(time.Hour)
		if got := s.takeLog(); len(got) != 1 {
			t.Error(got)
		}
	})
	t.Run("between retries", func(t *testing.T) {
		fail := true
		s := newObjects(t, methods{"set": setIn(time.Second), "get": getAlarm, "alarm": func(ctx context.Context, o *obj) (any, error) {
			o.rig.logf("%d", s0(o.arg))
			if fail {
				return nil, errors.New("x")
			}
			return nil, nil
		}})
		s.call("a", "set")
		s.Advance(time.Minute) // the runs at 1, 3, 7, 15, 31 s, more or less
		s.call("a", "get").want("1000")
		s.Advance(10 * time.Second)
		if got := s.Object("Obj", "a").State(); got != emulator.Absent {
			t.Error("not evicted between retries:", got)
		}
		fail = false
		s.AdvanceToNextAlarm()
		s.call("a", "get").want("null")
		s.wantLog("0", "1", "2", "3", "4", "5")
	})
}

func TestAlarmOfSleepingObject(t *testing.T) {
	t.Parallel()
	t.Run("an alarm wakes a hibernated object", func(t *testing.T) {
		s := newObjects(t, methods{"set": setIn(15 * time.Second), "alarm": func(ctx context.Context, o *obj) (any, error) {
			for _, ws := range o.st.WebSockets() {
				if err := ws.Send("alarm"); err != nil {
					return nil, err
				}
			}
			return alarmRuns(ctx, o)
		}})
		c := s.Dial("/a")
		s.call("a", "set")
		s.Advance(10 * time.Second)
		if got := s.Object("Obj", "a").State(); got != emulator.Hibernated {
			t.Error(got)
		}
		s.Advance(5 * time.Second) // HB-9
		c.Expect("alarm")
		s.wantLog("at 15000: scheduled 15000 retry 0 false, getAlarm <nil> <nil>")
		if s.instances() != 2 {
			t.Error(s.instances())
		}
	})
	t.Run("alarms outlive the process", func(t *testing.T) {
		dir := t.TempDir()
		m := methods{"now": setIn(0), "later": setIn(time.Hour),
			"alarm": func(ctx context.Context, o *obj) (any, error) {
				o.rig.logf("%q %s", o.st.ID().Name(), o.arg)
				return nil, nil
			}}
		t.Run("before", func(t *testing.T) {
			s := newObjects(t, m, emutest.Persist(dir))
			s.call("a", "now")
			s.call("b", "later")
			s.wantLog() // the clock stands
		})
		s := newObjects(t, m, emutest.Persist(dir))
		s.Advance(0)
		s.wantLog(fmt.Sprintf(`"a" %d 0 false`, emutest.Start.UnixMilli()))
		s.Advance(time.Hour)
		s.wantLog(fmt.Sprintf(`"b" %d 0 false`, emutest.Start.Add(time.Hour).UnixMilli()))
	})
	t.Run("the object's name is kept with its alarm", func(t *testing.T) {
		s := newObjects(t, methods{"set": setIn(time.Hour), "alarm": func(_ context.Context, o *obj) (any, error) { o.rig.logf("%q", o.st.ID().Name()); return nil, nil }})
		s.call("a", "set")
		s.Advance(time.Hour)
		s.wantLog(`"a"`)
	})
}

func TestAlarmHandlerLosesWrites(t *testing.T) {
	t.Parallel()
	t.Run("abort in the handler", func(t *testing.T) {
		s := newObjects(t, methods{"set": setIn(time.Second), "alarm": func(ctx context.Context, o *obj) (any, error) {
			retry := s0(o.arg)
			o.rig.logf("%d", retry)
			if err := o.st.Storage().Put(ctx, fmt.Sprint("x", retry), true); err != nil {
				return nil, err
			}
			if retry < 2 {
				o.st.Abort("al abort")
			}
			return nil, nil
		}})
		s.call("a", "set")
		s.Advance(time.Minute)
		s.wantLog("0", "1", "2")
		if got := jsonOf(s.stored("a")); got != `{"x2":true}` {
			t.Error(got)
		}
	})
	t.Run("a failed commit in the handler", func(t *testing.T) {
		s := newObjects(t, methods{"set": setIn(time.Second), "new": tables, "alarm": func(ctx context.Context, o *obj) (any, error) {
			o.rig.logf("%d", s0(o.arg))
			if s0(o.arg) < 2 {
				return violate(ctx, o)
			}
			return nil, nil
		}})
		s.call("a", "set")
		s.Advance(time.Minute)
		s.wantLog("0", "1", "2")
	})
}

func TestDeleteAllOfAlarm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		date string
		want string
	}{{"2026-02-24", "null"}, {"2026-02-23", "60000"}} {
		t.Run("deleteAll at compatibility date "+tt.date, func(t *testing.T) {
			s := newObjects(t, methods{"set": setIn(time.Minute), "get": getAlarm, "alarm": alarmRuns, "deleteAll": func(ctx context.Context, o *obj) (any, error) {
				return nil, o.st.Storage().DeleteAll(ctx)
			}}, configured(t, tt.date, nil, "Obj", "Other"))
			s.call("a", "set")
			s.call("a", "deleteAll")
			s.call("a", "get").want(tt.want)
			s.Advance(time.Minute)
			if ran := len(s.takeLog()) > 0; ran != (tt.want != "null") {
				t.Error("ran:", ran)
			}
		})
	}
}

// TestAlarmOrder: alarms run in the order of their times, whatever the object.
func TestAlarmOrder(t *testing.T) {
	t.Parallel()
	s := newObjects(t, methods{"set3": setIn(3 * time.Second), "set4": setIn(4 * time.Second), "set1": setIn(time.Second), "set2": setIn(2 * time.Second),
		"alarm": func(_ context.Context, o *obj) (any, error) { o.rig.logf("%s", o.st.ID().Name()); return nil, nil }})
	s.call("a", "set3")
	s.call("b", "set1")
	s.call("c", "set2")
	s.call("d", "set1")
	s.call("d", "set4")
	s.Advance(time.Minute)
	s.wantLog("b", "c", "a", "d")
}

// TestAlarmOfLostBatch: an alarm in a batch that is lost is as it was.
func TestAlarmOfLostBatch(t *testing.T) {
	t.Parallel()
	s := newObjects(t, methods{"set": setIn(time.Minute), "get": getAlarm, "alarm": alarmRuns,
		"sooner": func(ctx context.Context, o *obj) (any, error) {
			setIn(time.Second)(ctx, o)
			o.st.Abort("x")
			return nil, nil
		},
		"later": func(ctx context.Context, o *obj) (any, error) {
			setIn(time.Hour)(ctx, o)
			o.st.Abort("x")
			return nil, nil
		},
		"none": func(ctx context.Context, o *obj) (any, error) { deleteAlarm(ctx, o); o.st.Abort("x"); return nil, nil },
	})
	s.call("a", "set")
	for _, lost := range []string{"sooner", "later", "none"} {
		s.call("a", lost)
		s.call("a", "get").want("60000")
	}
	s.Advance(time.Hour)
	s.wantLog("at 60000: scheduled 60000 retry 0 false, getAlarm <nil> <nil>")
}

// alarmWorld returns an object of a class with an alarm handler.
func alarmWorld(t *testing.T) *emulator.Object {
	t.Helper()
	return objectOf(t, configOf(t, "w", "Obj"))
}

// objectOf is an object of the class Obj in the world of a configuration.
func objectOf(t *testing.T, path string) *emulator.Object {
	t.Helper()
	class := durable.Define("Obj", func(context.Context, *durable.State, *durable.Env) (withAlarm, error) { return withAlarm{}, nil })
	loaded := config.Load(config.Options{Config: path})
	w, err := emulator.New(emulator.Options{Config: loaded.Config, Classes: []driver.Class{class.Driver()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	o, err := w.Object("NS", "a")
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// s0 is the retry count in a handler's argument.
func s0(arg string) (retry int) {
	var scheduled int64
	fmt.Sscan(arg, &scheduled, &retry)
	return retry
}
