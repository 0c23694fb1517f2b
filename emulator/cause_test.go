package emulator_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// causeClass is a class whose constructor, fetch and alarm a test chooses.
type causeClass struct{ fetch, alarm func(context.Context) error }

func (c causeClass) Fetch(ctx context.Context, _ *durable.Request) (*durable.Response, error) {
	return durable.Text(200, ""), c.fetch(ctx)
}

func (c causeClass) Alarm(ctx context.Context, _ durable.AlarmInfo) error { return c.alarm(ctx) }

// fetchFrom sends a request to an object of the class.
func fetchFrom(ctx context.Context, env *durable.Env, class string) (*durable.Response, error) {
	r, err := durable.NewRequest("GET", "http://h/", nil)
	if err != nil {
		return nil, err
	}
	return env.DurableObject(class).GetByName("one").Fetch(ctx, r)
}

// TestCauses: each event names the earlier one that led to it. The chain goes from a request that
// failed through the stub fetch and its exception to the exception that reset the object behind it,
// and from there to that object's next construction.
func TestCauses(t *testing.T) {
	broken, runs := true, 0
	inner := durable.Define("Inner", func(context.Context, *durable.State, *durable.Env) (causeClass, error) {
		if broken {
			return causeClass{}, errors.New("broken")
		}
		return causeClass{fetch: func(context.Context) error { return nil }}, nil
	})
	outer := durable.Define("Outer", func(_ context.Context, st *durable.State, env *durable.Env) (causeClass, error) {
		return causeClass{
			fetch: func(ctx context.Context) error {
				if err := st.Storage().SetAlarm(ctx, durable.Now(ctx).Add(-time.Hour)); err != nil {
					return err
				}
				_, err := fetchFrom(ctx, env, "Inner")
				return err
			},
			alarm: func(ctx context.Context) error {
				if runs++; runs == 1 {
					return errors.New("not yet")
				}
				_, err := fetchFrom(ctx, env, "Inner")
				return err
			},
		}, nil
	})
	w := emutest.New(t, emutest.Classes(inner, outer), emutest.Worker(durable.WorkerFunc(func(ctx context.Context, _ *durable.Request, env *durable.Env) (*durable.Response, error) {
		return fetchFrom(ctx, env, "Outer")
	})))
	if got := w.Fetch("GET", "/"); got.Status != 500 {
		t.Fatal(got)
	}
	broken = false
	w.Advance(time.Minute)
	events := w.Events()
	find := func(class string, kind emulator.EventType, handler string, retry int) emulator.Event {
		i := slices.IndexFunc(events, func(e emulator.Event) bool {
			return e.Class == class && e.Type == kind && e.Handler == handler && e.Retry == retry
		})
		if i < 0 {
			t.Fatalf("no %s %s of %s in %+v", kind, handler, class, events)
		}
		if e := events[i]; e.Number != uint64(i)+1 {
			t.Errorf("event %d has number %d", i+1, e.Number)
		}
		return events[i]
	}
	chain := func(name string, chain ...emulator.Event) {
		t.Helper()
		for i, e := range chain[1:] {
			if e.Cause != chain[i].Number {
				t.Errorf("%s: event %+v\nhas not the cause %+v", name, e, chain[i])
			}
		}
	}
	started := find("Outer", emulator.EventStart, "", 0)
	thrown := find("Inner", emulator.EventError, "constructor", 0)
	reset := find("Inner", emulator.EventReset, "", 0)
	chain("the request", started, thrown, reset, find("Outer", emulator.EventError, "fetch", 0),
		find("", emulator.EventError, "worker", 0), find("", emulator.EventRequest, "", 0))
	failed := find("Outer", emulator.EventError, "alarm", 0)
	first, retry := find("Outer", emulator.EventAlarm, "", 0), find("Outer", emulator.EventAlarm, "", 1)
	chain("the alarm", started, first, failed, retry, find("Inner", emulator.EventStart, "", 0))
	chain("the end of the instance", started, find("Outer", emulator.EventEvict, "", 0))
}

// TestCauseOfReconstruction: without another cause, what took an object out of memory led to its next construction.
func TestCauseOfReconstruction(t *testing.T) {
	class := durable.Define("P", func(_ context.Context, st *durable.State, _ *durable.Env) (causeClass, error) {
		return causeClass{fetch: func(context.Context) error { st.Abort("again"); return nil }}, nil
	})
	w := emutest.New(t, emutest.Classes(class), emutest.Worker(durable.WorkerFunc(func(ctx context.Context, _ *durable.Request, env *durable.Env) (*durable.Response, error) {
		return fetchFrom(ctx, env, "P")
	})))
	w.Fetch("GET", "/")
	w.Fetch("GET", "/")
	var got []emulator.EventType
	var before emulator.Event
	for _, e := range w.Events() {
		if e.Class != "P" {
			continue
		}
		if got = append(got, e.Type); e.Cause != before.Number {
			t.Errorf("%+v has not the cause %+v", e, before)
		}
		before = e
	}
	if want := []emulator.EventType{emulator.EventStart, emulator.EventReset, emulator.EventStart, emulator.EventReset}; !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
}
