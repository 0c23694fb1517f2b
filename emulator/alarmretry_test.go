package emulator_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAlarmSetBeforeRetry: an alarm that is set while the one before is to be retried waits for that. If its
// time has come by then, the retry runs in its place; if the retry fails, it follows at once.
func TestAlarmSetBeforeRetry(t *testing.T) {
	const first, retry = "at 1000: scheduled 1000 retry 0 false, getAlarm <nil> <nil>", "scheduled 1000 retry 1 true, getAlarm <nil> <nil>"
	for name, c := range map[string]struct {
		fails int
		does  []string // at 2 s
		want  []string // what runs then
		get   string   // getAlarm before it
	}{
		"now":                 {1, []string{"now"}, []string{retry}, "2000"},
		"before the retry":    {1, []string{"soon"}, []string{retry}, "2500"},
		"behind the retry":    {1, []string{"later"}, []string{"scheduled 6000 retry 0 false, getAlarm <nil> <nil>"}, "6000"},
		"now and later":       {1, []string{"now", "later"}, []string{"scheduled 6000 retry 0 false, getAlarm <nil> <nil>"}, "6000"},
		"later and now":       {1, []string{"later", "now"}, []string{retry}, "2000"},
		"the retry fails":     {2, []string{"now"}, []string{retry, "scheduled 2000 retry 0 false, getAlarm <nil> <nil>"}, "2000"},
		"deleted":             {1, []string{"now", "delete"}, nil, "null"},
		"deleted and set":     {1, []string{"delete", "now"}, []string{"scheduled 2000 retry 0 false, getAlarm <nil> <nil>"}, "2000"},
		"set, deleted, set":   {1, []string{"now", "delete", "now"}, []string{"scheduled 2000 retry 0 false, getAlarm <nil> <nil>"}, "2000"},
		"deleted, set, fails": {2, []string{"delete", "now"}, []string{"scheduled 2000 retry 0 false, getAlarm <nil> <nil>", "scheduled 2000 retry 1 true, getAlarm <nil> <nil>"}, "2000"},
	} {
		t.Run(name, func(t *testing.T) {
			fails := c.fails
			s := newObjects(t, methods{"set": setIn(time.Second), "now": setIn(0), "soon": setIn(500 * time.Millisecond), "later": setIn(4 * time.Second),
				"get": getAlarm, "delete": deleteAlarm, "alarm": func(ctx context.Context, o *obj) (any, error) {
					logsAlarm(ctx, o)
					if fails--; fails >= 0 {
						return nil, errors.New("failed")
					}
					return nil, nil
				}})
			s.call("a", "set")
			s.Advance(time.Second)
			s.wantLog(first)
			s.Advance(time.Second)
			for _, do := range c.does {
				s.call("a", do)
			}
			s.call("a", "get").want(c.get)
			s.Advance(time.Minute)
			got := s.takeLog()
			for i := range got {
				_, got[i], _ = strings.Cut(got[i], ": ") // the time of a retry is random
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("it went %q, want %q", got, c.want)
			}
			s.call("a", "get").want("null")
		})
	}
}

// TestAlarmBackoff: the delay doubles with each failure, nine times, and a quarter of it at
// most is added. A constructor that fails does not count as a run, so that the alarm is
// never given up.
func TestAlarmBackoff(t *testing.T) {
	fails := false
	s := newObjects(t, methods{
		"set":   setIn(time.Hour),
		"alarm": func(context.Context, *obj) (any, error) { return nil, nil },
		"new": func(context.Context, *obj) (any, error) {
			if fails {
				return nil, errors.New("not yet")
			}
			return nil, nil
		},
	})
	s.call("a", "set")
	s.Advance(time.Minute) // out of memory
	fails = true
	s.AdvanceToNextAlarm()
	for i, want := range []int{2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024, 1024} {
		before, least := s.Now(), time.Duration(want)*time.Second
		s.AdvanceToNextAlarm()
		if d := s.Now().Sub(before); d < least || d > least+least/4 {
			t.Errorf("retry %d after %v, want %v and up to a quarter more", i+1, d, least)
		}
	}
}
