package emulator_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
)

// alarmCrowd is a world in real time with many objects whose alarms are due at once, an hour
// from the start: o0 first, as it was set first.
type alarmCrowd struct {
	*emulator.World
	t     *testing.T
	due   time.Time
	alarm func(ctx context.Context, o *crowded) error

	mu    sync.Mutex
	begun []string // whose handlers have begun
}

type crowded struct {
	c   *alarmCrowd
	st  *durable.State
	env *durable.Env
}

func (o *crowded) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	if r.URL.Path == "/echo" {
		return durable.Text(200, ""), nil
	}
	return durable.Text(200, ""), o.st.Storage().SetAlarm(ctx, o.c.due)
}

func (o *crowded) Alarm(ctx context.Context, _ durable.AlarmInfo) error {
	o.c.mu.Lock()
	o.c.begun = append(o.c.begun, o.name())
	o.c.mu.Unlock()
	return o.c.alarm(ctx, o)
}

func (o *crowded) name() string { return o.st.ID().Name() }

func newAlarmCrowd(t *testing.T, many int, alarm func(ctx context.Context, o *crowded) error) *alarmCrowd {
	c := &alarmCrowd{t: t, alarm: alarm, due: time.Now().Add(time.Hour)}
	class := durable.Define("B", func(_ context.Context, st *durable.State, env *durable.Env) (*crowded, error) {
		return &crowded{c, st, env}, nil
	})
	c.World = worldOfClass(t, class.Driver(), nil, nil, 0)
	t.Cleanup(func() { c.Close() })
	for i := range many {
		c.set(fmt.Sprint("o", i))
	}
	return c
}

func (c *alarmCrowd) set(name string) {
	if got := askWorld(c.World, "/"+name); got != 200 {
		c.t.Fatalf("%s: status %d", name, got)
	}
}

// until lets d pass after the alarms are due.
func (c *alarmCrowd) until(d time.Duration) {
	time.Sleep(time.Until(c.due.Add(d)))
	synctest.Wait()
}

func (c *alarmCrowd) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.begun)
}

// Alarms that are due at once run a few at a time, in the order in which they were set,
// and what does not run yet has no goroutine. It counts those of the whole process, so it does
// not run beside other tests.
func TestAlarmsRunAFewAtATime(t *testing.T) {
	const many = 500
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		c := newAlarmCrowd(t, many, func(context.Context, *crowded) error { <-over; return nil })
		c.until(-time.Second)
		before := runtime.NumGoroutine()
		c.until(0)
		names := c.names()
		if len(names) == 0 || len(names) > 64 {
			t.Fatalf("%d run at once, expected 64", len(names))
		}
		for i := range names {
			if first := fmt.Sprint("o", i); !slices.Contains(names, first) {
				t.Errorf("%s waits for others that were set after it", first)
			}
		}
		if more := runtime.NumGoroutine() - before; more > 200 {
			t.Errorf("%d goroutines more", more)
		}
		close(over)
		synctest.Wait()
		if n := len(c.names()); n != many {
			t.Errorf("%d have run", n)
		}
	})
}

// Handlers that wait hold nobody up, whatever they wait for.
func TestAlarmsThatWaitHoldNobodyUp(t *testing.T) {
	t.Parallel()
	const many = 1200 // more than the bounds
	for _, tt := range []struct {
		name  string
		alarm func(ctx context.Context, o *crowded, last <-chan struct{}) error
		// within is how long after the others the last may run.
		within time.Duration
	}{
		{"for hours", func(ctx context.Context, o *crowded, _ <-chan struct{}) error {
			return durable.Sleep(ctx, 10*time.Hour)
		}, time.Second},
		{"for the last alarm", func(ctx context.Context, o *crowded, last <-chan struct{}) error {
			return durable.Await(ctx, func() error { <-last; return nil })
		}, time.Second},
		{"for another object", func(ctx context.Context, o *crowded, last <-chan struct{}) error {
			r, err := durable.NewRequest("GET", "http://b/echo", nil)
			if err == nil {
				_, err = o.env.DurableObject("B").GetByName("hub").Fetch(ctx, r)
			}
			return err
		}, 0},
		{"in a way that emu does not know", func(ctx context.Context, o *crowded, last <-chan struct{}) error {
			<-last
			return nil
		}, time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				last := make(chan struct{})
				c := newAlarmCrowd(t, many, func(ctx context.Context, o *crowded) error {
					if o.name() == "last" {
						close(last)
						return nil
					}
					return tt.alarm(ctx, o, last)
				})
				c.set("last")
				c.until(tt.within)
				if names := c.names(); len(names) != many+1 {
					t.Errorf("%d have begun, the last %v", len(names), slices.Contains(names, "last"))
				}
				select {
				case <-last:
				default:
					close(last)
				}
			})
		})
	}
}

// A world that ends begins none of the alarms that are due.
func TestCloseBeginsNoAlarm(t *testing.T) {
	const many = 500
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		c := newAlarmCrowd(t, many, func(context.Context, *crowded) error { <-over; return nil })
		c.until(0)
		closed := make(chan struct{})
		go func() { defer close(closed); c.Close() }()
		synctest.Wait()
		close(over)
		<-closed
		if n := len(c.names()); n > 64 {
			t.Errorf("%d have run", n)
		}
	})
}
