package emulator_test

// https://developers.cloudflare.com/durable-objects/best-practices/error-handling/

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

func count(_ context.Context, o *obj) (any, error) {
	o.n++
	return o.n, nil
}

func throws(err error) method {
	return func(context.Context, *obj) (any, error) { return nil, err }
}

// code is an own property of an exception.
func code(n float64) durable.Value {
	return durable.ValueOf(&driver.Object{Properties: []driver.Property{{Key: "code", Value: driver.Number(n)}}})
}

// abort aborts with the argument as the reason.
func abort(_ context.Context, o *obj) (any, error) {
	defer o.rig.logf("deferred")
	o.st.Abort(o.arg)
	o.rig.logf("went on")
	return nil, nil
}

func TestException(t *testing.T) {
	t.Parallel()
	const noResponse = "TypeError: Incorrect type for Promise: the Promise did not resolve to 'Response'."
	t.Run("EX-1 the object returns an error", func(t *testing.T) {
		s := newObjects(t, methods{"count": count,
			"range": throws(&durable.Error{Name: "RangeError", Message: "sync boom"}),
			"code":  throws(&durable.Error{Message: "m", Props: code(5)}),
			"late": func(ctx context.Context, o *obj) (any, error) {
				return nil, errors.Join(durable.Sleep(ctx, 0), fmt.Errorf("late: %w", &durable.Error{Name: "TypeError", Message: "boom"}))
			},
			"flags": throws(&durable.Error{Name: "Error", Message: "m", Retryable: true, Overloaded: true}),
		})
		s.fetch("a", "count").want("1")
		s.fetch("a", "range").want("RangeError: sync boom +remote")
		s.fetch("a", "code").want(`Error: m +remote {"code":5}`)
		late := s.fetch("a", "late")
		s.Advance(0)
		late.want("TypeError: late: boom +remote")
		s.fetch("a", "flags").want("Error: m +remote +retryable +overloaded")
		s.fetch("a", "count").want("2")
	})
	t.Run("EX-2 an error of Go is an Error", func(t *testing.T) {
		s := newObjects(t, methods{"count": count, "string": throws(errors.New("a string")), "eof": throws(fmt.Errorf("reading: %w", io.ErrUnexpectedEOF))})
		s.fetch("a", "count")
		s.fetch("a", "string").want("Error: a string +remote")
		s.fetch("a", "eof").want("Error: reading: unexpected EOF +remote")
		s.fetch("a", "count").want("2")
	})
	t.Run("EX-4 no response", func(t *testing.T) {
		s := newObjects(t, methods{"count": count, "nil": func(context.Context, *obj) (any, error) { return (*durable.Response)(nil), nil }})
		s.fetch("a", "count")
		s.fetch("a", "nil").want(noResponse + " +remote")
		s.fetch("a", "count").want("2")
	})
	for _, tt := range []struct{ name, reason, want string }{
		{"EX-5 abort", "", "Error: Application called abort() to reset Durable Object."},
		{"EX-6 abort with a reason", "why", "Error: why"},
		{"EX-6 abort with a reason that begins with spaces", "  why not ", "Error: why not "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newObjects(t, methods{"count": count, "abort": abort, "sleep": sleeper(time.Hour)})
			s.fetch("a", "count")
			waiting := s.call("a", "sleep w")
			s.fetch("a", "abort "+tt.reason).want(tt.want + " +remote +durableObjectReset")
			waiting.want(tt.want + " +durableObjectReset")
			s.call("a", "abort "+tt.reason).want(tt.want + " +durableObjectReset")
			s.wantLog("in w", "deferred", "deferred") // EX-11: abort does not return
			s.fetch("a", "count").want("1")
		})
	}
}

func TestExceptionThatResets(t *testing.T) {
	t.Parallel()
	t.Run("EX-7 the constructor fails", func(t *testing.T) {
		s := newObjects(t, methods{"count": count, "new": throws(&durable.Error{Name: "TypeError", Message: "ctor boom", Props: code(7)})})
		for range 2 {
			s.fetch("a", "count").want(`TypeError: ctor boom +remote +durableObjectReset {"code":7}`)
			s.call("a", "count").want(`TypeError: ctor boom +durableObjectReset {"code":7}`)
		}
		if s.instances() != 4 {
			t.Error("every request tries again, there were", s.instances())
		}
	})
	t.Run("EX-8 blockConcurrencyWhile fails in the constructor", func(t *testing.T) {
		s := newObjects(t, methods{"count": count, "new": func(ctx context.Context, o *obj) (any, error) {
			return nil, o.st.BlockConcurrencyWhile(ctx, throwsInside("bcw"))
		}})
		for range 2 {
			s.fetch("a", "count").want("Error: bcw +remote +durableObjectReset")
		}
		if s.instances() != 2 {
			t.Error(s.instances())
		}
	})
	t.Run("EX-9 waitUntil fails", func(t *testing.T) {
		s := newObjects(t, methods{"count": count, "wait": func(ctx context.Context, o *obj) (any, error) {
			o.st.WaitUntil(throwsInside("wu boom"))
			o.st.WaitUntil(func(context.Context) error { panic("wu panic") })
			return count(ctx, o)
		}})
		s.fetch("a", "wait").want("1")
		s.fetch("a", "count").want("2")
		if got := jsonOf(s.faults()); got != `["waitUntil: Error: wu boom","waitUntil: Error: wu panic"]` {
			t.Error(got)
		}
	})
	t.Run("EX-10 the stub of a reset object stays broken", func(t *testing.T) {
		s := newObjects(t, methods{"count": count, "abort": abort})
		s.start(func(ctx context.Context, env *durable.Env) (any, error) {
			ns := env.DurableObject("Obj")
			stub, bystander := ns.GetByName("a"), ns.GetByName("a")
			var got []string
			for _, f := range []func() (any, error){
				func() (any, error) { return fetchOf(ctx, stub, "count") },
				func() (any, error) { return callOf(ctx, bystander, "count") },
				func() (any, error) { return fetchOf(ctx, stub, "abort why") },
				func() (any, error) { return fetchOf(ctx, stub, "count") },
				func() (any, error) { return callOf(ctx, stub, "count") },
				func() (any, error) { return callOf(ctx, bystander, "count") },
				func() (any, error) { return fetchOf(ctx, ns.GetByName("a"), "count") },
			} {
				v, err := f()
				got = append(got, fmt.Sprintf("%v %s", v, caught(err)))
			}
			return got, nil
		}).want(jsonOf([]string{
			"1 ok", "2 ok", "<nil> Error: why +remote +durableObjectReset",
			"<nil> Error: why +durableObjectReset", "<nil> Error: why +durableObjectReset",
			"<nil> Error: why +durableObjectReset", "1 ok",
		}))
	})
	t.Run("EX-11 writes before abort are lost", func(t *testing.T) {
		s := newObjects(t, methods{"abort": func(ctx context.Context, o *obj) (any, error) {
			if err := o.st.Storage().Put(ctx, "k", 1); err != nil {
				return nil, err
			}
			o.st.Abort("")
			return nil, nil
		}})
		s.fetch("a", "abort")
		if got := jsonOf(s.stored("a")); got != "{}" {
			t.Error(got)
		}
	})
	t.Run("EX-12 the log names the exception and its place", func(t *testing.T) {
		s := newObjects(t, methods{"new": func(_ context.Context, o *obj) (any, error) {
			if o.st.ID().Name() == "a" {
				nilMap()["x"] = 1
			}
			return nil, nil
		}, "range": throws(&durable.Error{Name: "RangeError", Message: "r"})})
		s.fetch("a", "count").want("Error: assignment to entry in nil map +remote +durableObjectReset")
		s.fetch("b", "range")
		s.call("b", "range")
		var got []string
		for _, e := range s.Events() {
			if e.Type == emulator.EventError || e.Type == emulator.EventReset {
				got = append(got, fmt.Sprintf("%s %s %s", e.Type, e.Handler, e.Message))
			}
			if e.Handler == "constructor" && !strings.Contains(e.Stack, "exception_test.go:") {
				t.Errorf("no place in %q", e.Stack)
			}
		}
		if want := `["error constructor Error: assignment to entry in nil map","reset  Error: assignment to entry in nil map","error fetch RangeError: r","error do RangeError: r"]`; jsonOf(got) != want {
			t.Errorf("got  %s\nwant %s", jsonOf(got), want)
		}
	})
}

func throwsInside(message string) func(context.Context) error {
	return func(context.Context) error { return errors.New(message) }
}

// TestPanic: a panic in user code is its event's exception, with its stack in the
// log, and nothing else.
func TestPanic(t *testing.T) {
	var none *obj
	panics := map[string]struct {
		f    method
		want string
	}{
		"a string":         {func(context.Context, *obj) (any, error) { panic("bang") }, "Error: bang"},
		"an error":         {func(context.Context, *obj) (any, error) { panic(errors.New("bang")) }, "Error: bang"},
		"an exception":     {func(context.Context, *obj) (any, error) { panic(&durable.Error{Name: "RangeError", Message: "bang"}) }, "RangeError: bang"},
		"nil":              {func(context.Context, *obj) (any, error) { panic(nil) }, "Error: panic called with nil argument"},
		"a nil map":        {func(context.Context, *obj) (any, error) { nilMap()["x"]++; return nil, nil }, "Error: assignment to entry in nil map"},
		"a nil pointer":    {func(context.Context, *obj) (any, error) { return none.n, nil }, "Error: runtime error: invalid memory address or nil pointer dereference"},
		"an index":         {func(_ context.Context, o *obj) (any, error) { return []int{}[o.n], nil }, "Error: runtime error: index out of range [1] with length 0"},
		"a type assertion": {func(_ context.Context, o *obj) (any, error) { return any(o.n).(string), nil }, "Error: interface conversion: interface {} is int, not string"},
		"a closed channel": {func(context.Context, *obj) (any, error) { c := make(chan int); close(c); close(c); return nil, nil }, "Error: close of closed channel"},
		"after a wait":     {func(ctx context.Context, _ *obj) (any, error) { durable.Sleep(ctx, 0); panic("late") }, "Error: late"},
		"in a wait": {func(ctx context.Context, _ *obj) (any, error) {
			return nil, durable.Await(ctx, func() error { panic("off the turn") })
		}, "Error: off the turn"},
		"in a transaction": {func(ctx context.Context, o *obj) (any, error) {
			return nil, o.st.Storage().Transaction(ctx, func(ctx context.Context) error { o.st.Storage().Put(ctx, "lost", 1); panic("txn") })
		}, "Error: txn"},
		"in transactionSync": {func(ctx context.Context, o *obj) (any, error) {
			return nil, o.st.Storage().TransactionSync(func() error { o.st.Storage().Put(ctx, "lost", 1); panic("sync") })
		}, "Error: sync"},
		"while panicking":     {func(context.Context, *obj) (any, error) { defer func() { panic("second") }(); panic("first") }, "Error: second"},
		"the goroutine's end": {func(context.Context, *obj) (any, error) { runtime.Goexit(); return nil, nil }, "Error: the handler ended its goroutine with runtime.Goexit"},
	}
	m := methods{"count": count, "put": func(ctx context.Context, o *obj) (any, error) { return nil, o.st.Storage().Put(ctx, "kept", 1) }}
	for name, p := range panics {
		m[strings.ReplaceAll(name, " ", "-")] = p.f
	}
	handled := make(chan struct{}, 1)
	m["ws"] = func(ctx context.Context, o *obj) (any, error) {
		defer func() { handled <- struct{}{} }()
		return m[o.arg](ctx, o)
	}
	for name, p := range panics {
		t.Run(name, func(t *testing.T) {
			s := newObjects(t, m)
			method := strings.ReplaceAll(name, " ", "-")
			s.fetch("a", "count").want("1")
			s.fetch("a", "put").want("null")
			over := s.fetch("a", method)
			s.Advance(0)
			over.wait().want(p.want + " +remote")
			over = s.call("a", method)
			s.Advance(0)
			over.wait().want(p.want + " +remote +durableObjectId")
			c := s.Dial("/a")
			c.Send(method)
			s.Advance(0)
			<-handled
			s.Settle()
			c.ExpectNone()
			s.fetch("a", "count").want("2") // the instance lives
			if got := jsonOf(s.stored("a")); got != `{"kept":1}` {
				t.Error("stored", got)
			}
			for _, e := range s.Events() {
				if e.Type == emulator.EventError && e.Message != p.want {
					t.Errorf("the log has %q", e.Message)
				}
				if e.Type == emulator.EventError && !strings.Contains(p.want, "Goexit") && !strings.Contains(e.Stack, "exception_test.go:") {
					t.Errorf("no place in %q", e.Stack)
				}
			}
			// What Await runs is outside the world: Settle does not wait for its panic.
			if !eventually(func() bool { return len(s.faults()) == 3 }) {
				t.Errorf("%d errors in the log, want 3", len(s.faults()))
			}
		})
	}
	t.Run("in the Worker", func(t *testing.T) {
		s := newObjects(t, methods{})
		s.starter = func(context.Context, *durable.Env) { panic("bang") }
		if got := s.World.Fetch("GET", "/start"); got.Status != 500 || !strings.HasPrefix(got.Body, "Error: bang\n    at ") {
			t.Errorf("%d %q", got.Status, got.Body)
		}
		s.starter = func(context.Context, *durable.Env) { runtime.Goexit() }
		if got := s.World.Fetch("GET", "/start"); got.Status != 500 || got.Body != "Error: the handler ended its goroutine with runtime.Goexit" {
			t.Errorf("%d %q", got.Status, got.Body)
		}
		s.Settle()
	})
	t.Run("in the constructor", func(t *testing.T) {
		bad := true
		s := newObjects(t, methods{"count": count, "new": func(context.Context, *obj) (any, error) {
			if bad {
				runtime.Goexit()
			}
			return nil, nil
		}})
		s.fetch("a", "count").want("Error: the handler ended its goroutine with runtime.Goexit +remote +durableObjectReset")
		bad = false
		s.fetch("a", "count").want("1")
	})
}

func nilMap() map[string]int { return nil }
