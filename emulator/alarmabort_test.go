package emulator_test

// https://developers.cloudflare.com/durable-objects/api/state/#abort

import (
	"context"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// Asked of wrangler dev: an alarm is not retried after abort(…, {retryAlarm: false}). It
// is deleted, unless the abort undid a write; then it still shows, and runs after the
// next start.
func TestAbortWithoutRetry(t *testing.T) {
	abort := func(o *obj) { o.st.Abort("no retry", durable.AbortOptions{NoAlarmRetry: true}) }
	put := func(ctx context.Context, o *obj) error { return o.st.Storage().Put(ctx, "k", 1) }
	wait := func(ctx context.Context) error { return durable.Sleep(ctx, time.Second) }
	for name, tt := range map[string]struct {
		alarm   method
		from    string // another event that aborts, while the alarm's waits
		deleted bool
	}{
		"nothing written": {alarm: func(ctx context.Context, o *obj) (any, error) { abort(o); return nil, nil }, deleted: true},
		"a write undone": {alarm: func(ctx context.Context, o *obj) (any, error) {
			err := put(ctx, o)
			abort(o)
			return nil, err
		}},
		"a write committed": {alarm: func(ctx context.Context, o *obj) (any, error) {
			if err := put(ctx, o); err != nil {
				return nil, err
			}
			err := wait(ctx)
			abort(o)
			return nil, err
		}, deleted: true},
		"one committed, one undone": {alarm: func(ctx context.Context, o *obj) (any, error) {
			if err := put(ctx, o); err != nil {
				return nil, err
			}
			if err := wait(ctx); err != nil {
				return nil, err
			}
			err := put(ctx, o)
			abort(o)
			return nil, err
		}},
		"an alarm set and undone": {alarm: func(ctx context.Context, o *obj) (any, error) {
			_, err := setIn(time.Minute)(ctx, o)
			abort(o)
			return nil, err
		}},
		"by another event": {alarm: func(ctx context.Context, o *obj) (any, error) {
			if err := put(ctx, o); err != nil {
				return nil, err
			}
			return nil, wait(ctx)
		}, from: "abort", deleted: true},
		"by another event, a write undone": {alarm: func(ctx context.Context, o *obj) (any, error) { return nil, wait(ctx) }, from: "writesAndAborts"},
	} {
		t.Run(name, func(t *testing.T) {
			persist := t.TempDir()
			runs := func(ctx context.Context, o *obj) (any, error) {
				o.rig.logf("retry %d", s0(o.arg))
				return tt.alarm(ctx, o)
			}
			m := methods{"set": setIn(time.Second), "get": getAlarm, "alarm": runs,
				"abort": func(ctx context.Context, o *obj) (any, error) { abort(o); return nil, nil },
				"writesAndAborts": func(ctx context.Context, o *obj) (any, error) {
					err := put(ctx, o)
					abort(o)
					return nil, err
				}}
			var again []string
			shows := "1000"
			if tt.deleted {
				shows = "null"
			} else {
				again = []string{"runs 0"}
			}
			t.Run("world", func(t *testing.T) {
				s := newObjects(t, m, emutest.Persist(persist))
				s.call("a", "set").want("null")
				s.Advance(1500 * time.Millisecond)
				if tt.from != "" {
					s.call("a", tt.from).want("Error: no retry +durableObjectReset")
				}
				s.Advance(time.Hour)
				s.wantLog("retry 0")
				s.call("a", "get").want(shows)
			})
			t.Run("next", func(t *testing.T) {
				m["alarm"] = func(ctx context.Context, o *obj) (any, error) { o.rig.logf("runs %d", s0(o.arg)); return nil, nil }
				s := newObjects(t, m, emutest.Persist(persist))
				s.Advance(time.Minute)
				s.wantLog(again...)
				s.call("a", "get").want("null")
			})
		})
	}
}
