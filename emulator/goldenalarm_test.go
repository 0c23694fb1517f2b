package emulator_test

// https://developers.cloudflare.com/durable-objects/api/alarms/

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
)

func TestGoldenAlarms(t *testing.T) {
	t.Parallel()
	golden(t, "KV13", runs{"alarm": func(context.Context, *gold) (any, error) { return nil, nil }, "run": func(ctx context.Context, o *gold) (any, error) {
		st := o.storage
		r := map[string]any{}
		set := func(ms int64) any { return none(st.SetAlarm(ctx, time.UnixMilli(ms))) }
		get := func() any {
			at, err := st.Alarm(ctx)
			if at.IsZero() {
				return caughtOr(nil, err)
			}
			return at.UnixMilli()
		}
		r["none"], r["zero"], r["neg"] = get(), set(0), set(-5)
		r["set"], r["get"] = set(4102444800000), get()
		r["date"], r["get2"] = set(4102444800123), get()
		err := st.SetAlarm(ctx, time.UnixMilli(4102444800000).Add(700*time.Microsecond))
		r["frac"] = caughtOr(get(), err)
		r["del"], r["get3"] = none(st.DeleteAlarm(ctx)), get()
		r["del2"] = none(st.DeleteAlarm(ctx))
		r["big"] = set(8640000000000000)
		return r, nil
	}})
	golden(t, "KV13b", runs{
		"new": func(ctx context.Context, o *gold) (any, error) {
			o.failed = o.storage.SetAlarm(ctx, durable.Now(ctx).Add(time.Hour))
			return nil, nil
		},
		"run": func(ctx context.Context, o *gold) (any, error) {
			r := map[string]any{"set": none(o.storage.SetAlarm(ctx, durable.Now(ctx).Add(time.Second)))}
			at, err := o.storage.Alarm(ctx)
			r["get"] = caughtOr(map[bool]any{false: "number"}[at.IsZero()], err)
			r["del"] = none(o.storage.DeleteAlarm(ctx))
			r["ctor"] = caughtOr("ctor set ok", o.failed)
			return r, nil
		},
	})
	golden(t, "KV14", runs{
		"plan":  planAlarm,
		"alarm": func(ctx context.Context, o *gold) (any, error) { return nil, runAlarm(ctx, o) },
		"set": func(ctx context.Context, o *gold) (any, error) {
			before := o.alarm(ctx)
			_, err := o.storage.Delete(ctx, "at")
			err = errors.Join(err, o.storage.SetAlarm(ctx, durable.Now(ctx).Add(1500*time.Millisecond)))
			return []any{before, typeOf(o.alarm(ctx))}, err
		},
		"del": func(ctx context.Context, o *gold) (any, error) {
			before := o.alarm(ctx)
			err := o.storage.DeleteAlarm(ctx)
			return []any{before, o.alarm(ctx)}, err
		},
		"now":     func(ctx context.Context, o *gold) (any, error) { return o.alarm(ctx), nil },
		"pending": func(ctx context.Context, o *gold) (any, error) { return typeOf(o.alarm(ctx)), nil },
		"log": func(ctx context.Context, o *gold) (any, error) {
			entries := o.list(ctx).(map[string]any)["v"].([]any)
			entries = slices.DeleteFunc(entries, func(e any) bool {
				return slices.Contains([]any{"last", "at", "plan"}, e.([]any)[0])
			})
			var plan string
			if _, err := o.storage.Get(ctx, "plan", &plan); err != nil {
				return nil, err
			}
			return map[string]any{"alarm": typeOf(o.alarm(ctx)), cmp.Or(plan, "none"): map[string]any{"$": "Map", "v": entries}, "t": o.ofColumn("SELECT x FROM t")}, nil
		},
	})
	golden(t, "KV14b", runs{
		"run": func(ctx context.Context, o *gold) (any, error) {
			return "set", o.storage.SetAlarm(ctx, durable.Now(ctx).Add(4*time.Second))
		},
		"alarm": func(ctx context.Context, o *gold) (any, error) {
			info := ctx.Value(infoKey{}).(durable.AlarmInfo)
			return nil, o.storage.Put(ctx, "fired", map[string]any{"name": o.st.ID().Name(), "retry": info.RetryCount})
		},
		"log": func(ctx context.Context, o *gold) (any, error) {
			at, err := o.storage.Alarm(ctx)
			return map[string]any{"fired": o.get(ctx, "fired"), "alarm": map[bool]any{false: at}[at.IsZero()]}, err
		},
	})
}

// typeOf is typeof of what may be null, which stays null.
func typeOf(v any) any {
	if v == nil {
		return nil
	}
	return "number"
}

// planAlarm is /plan of case KV14.
func planAlarm(ctx context.Context, o *gold) (any, error) {
	plan := ctx.Value(queryKey{}).(url.Values).Get("p")
	st, now := o.storage, durable.Now(ctx)
	err := st.Put(ctx, "plan", plan)
	set := func(at time.Time) { err = errors.Join(err, st.SetAlarm(ctx, at)) }
	switch plan {
	case "again5":
		set(now.Add(5 * time.Second))
		set(now.Add(200 * time.Millisecond))
	case "unset":
		set(now.Add(200 * time.Millisecond))
		err = errors.Join(err, st.DeleteAlarm(ctx))
	case "past":
		set(time.UnixMilli(1))
	default:
		at := now.Add(200 * time.Millisecond)
		set(at)
		err = errors.Join(err, st.Put(ctx, "at", at.UnixMilli()))
	}
	return "set", err
}

// alarmRun is what an alarm of case KV14 notes down.
type alarmRun struct {
	RetryCount int    `json:"retryCount"`
	IsRetry    bool   `json:"isRetry"`
	SameTime   *bool  `json:"sameTime"`
	Alarm      any    `json:"alarm"`
	Name       string `json:"name"`
	Wait       *bool  `json:"wait"`
}

// runAlarm is alarm() of case KV14.
func runAlarm(ctx context.Context, o *gold) error {
	info := ctx.Value(infoKey{}).(durable.AlarmInfo)
	st, now := o.storage, durable.Now(ctx)
	var plan string
	var at, last int64
	var list []alarmRun
	_, err := st.Get(ctx, "plan", &plan)
	timed, aerr := st.Get(ctx, "at", &at)
	ran, lerr := st.Get(ctx, "last", &last)
	_, rerr := st.Get(ctx, "runs", &list)
	one := alarmRun{RetryCount: info.RetryCount, IsRetry: info.IsRetry, Alarm: o.alarm(ctx), Name: o.st.ID().Name()}
	if timed {
		one.SameTime = ref(info.ScheduledTime.UnixMilli() == at)
	}
	if ran && info.IsRetry {
		waited, n := now.UnixMilli()-last, info.RetryCount-1
		one.Wait = ref(waited >= 2000<<n && waited < 2500<<n+1000)
	}
	list = append(list, one)
	put := func(key string, v any) { err = errors.Join(err, st.Put(ctx, key, v)) }
	put("runs", list)
	put("last", now.UnixMilli())
	if err := errors.Join(err, aerr, lerr, rerr); err != nil {
		return err
	}
	n := len(list)
	in := func(d time.Duration) { err = errors.Join(err, st.SetAlarm(ctx, now.Add(d))) }
	anew := func(d time.Duration) {
		_, derr := st.Delete(ctx, "at")
		err = errors.Join(err, derr)
		in(d)
	}
	if plan == "again" && n < 3 {
		anew(200 * time.Millisecond)
		put(fmt.Sprint("in", n), o.alarm(ctx) == any(now.Add(200*time.Millisecond).UnixMilli()))
	}
	if plan == "retry" && n < 3 || plan == "always" || plan == "retryAgain" && n == 1 {
		return errors.New("fail")
	}
	if plan == "retryAgain" && n == 2 {
		anew(200 * time.Millisecond)
	}
	switch plan {
	case "del":
		err = st.DeleteAlarm(ctx)
		put("in", o.alarm(ctx))
	case "slow":
		err = durable.Sleep(ctx, time.Second)
		put("late", o.alarm(ctx))
	}
	if n > 1 || err != nil {
		return err
	}
	switch plan { // at the first run
	case "againThrow":
		anew(300 * time.Millisecond)
		return failing(err, errors.New("set and failed"))
	case "same":
		_, derr := st.Delete(ctx, "at")
		return errors.Join(derr, st.SetAlarm(ctx, info.ScheduledTime))
	case "delThrow":
		return failing(st.DeleteAlarm(ctx), errors.New("deleted and failed"))
	case "setDel":
		in(200 * time.Millisecond)
		err = errors.Join(err, st.DeleteAlarm(ctx))
		put("in", o.alarm(ctx))
	case "abort", "abortNoRetry":
		if err := st.Sync(ctx); err != nil {
			return err
		}
		o.st.Abort("aborted", durable.AbortOptions{NoAlarmRetry: plan == "abortNoRetry"})
	case "sql":
		return failing(o.exec("CREATE TABLE t(x); INSERT INTO t VALUES (1)"), o.exec("SELECT * FROM nope"))
	case "txn":
		st.Transaction(ctx, func(ctx context.Context) error {
			in(100 * time.Millisecond)
			return errors.New("r")
		})
		put("in", o.alarm(ctx))
	case "txnSync":
		st.TransactionSync(func() error { in(100 * time.Millisecond); return errors.New("r") })
		put("in", typeOf(o.alarm(ctx)))
	case "txnKept":
		err = st.Transaction(ctx, func(ctx context.Context) error { anew(100 * time.Millisecond); return nil })
		put("in", typeOf(o.alarm(ctx)))
	case "txnDel":
		st.Transaction(ctx, func(ctx context.Context) error { return failing(st.DeleteAlarm(ctx), errors.New("r")) })
		put("in", o.alarm(ctx))
		return failing(err, errors.New("fail"))
	case "all":
		err = st.DeleteAll(ctx)
		put("in", o.alarm(ctx))
	case "slowSet":
		err = durable.Sleep(ctx, time.Second)
		put("late", typeOf(o.alarm(ctx)))
	case "slowSetThrow", "slowDel":
		return failing(durable.Sleep(ctx, time.Second), errors.New("late"))
	}
	return err
}
