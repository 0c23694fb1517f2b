package emulator_test

// https://developers.cloudflare.com/durable-objects/concepts/durable-object-lifecycle/

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
)

const blockTimeout = "Error: A call to blockConcurrencyWhile() in a Durable Object waited for too long. The call was canceled and the Durable Object was reset."

// logs is a method that only notes that it runs.
func logs(_ context.Context, o *obj) (any, error) {
	o.rig.logf("in %s", o.arg)
	return o.arg, nil
}

// sleeper waits between two lines of the log.
func sleeper(d time.Duration) method {
	return func(ctx context.Context, o *obj) (any, error) {
		name := o.arg
		o.rig.logf("in %s", name)
		if err := durable.Sleep(ctx, d); err != nil {
			return nil, err
		}
		o.rig.logf("mid %s", name)
		o.rig.logf("out %s", name)
		return name, nil
	}
}

func TestConstructAndEvict(t *testing.T) {
	t.Parallel()
	t.Run("constructed lazily, by the first event", func(t *testing.T) {
		s := newObjects(t, methods{"hello": func(context.Context, *obj) (any, error) { return "hello", nil }})
		o := s.Object("Obj", "a")
		if o.State() != emulator.Absent || s.instances() != 0 {
			t.Error("constructed unasked")
		}
		s.fetch("a", "hello").want(`"hello"`)
		s.call("a", "hello").want(`"hello"`)
		if o.State() != emulator.Idle || s.instances() != 1 {
			t.Error(o.State(), s.instances())
		}
	})
	t.Run("HB-3 evicted 10 s after the last event", func(t *testing.T) {
		s := newObjects(t, methods{"hello": logs})
		s.fetch("a", "hello 1")
		s.Advance(9 * time.Second)
		s.fetch("a", "hello 2")
		s.Advance(9999 * time.Millisecond)
		s.fetch("a", "hello 3")
		if s.instances() != 1 {
			t.Error("evicted before 10 s")
		}
		s.Advance(10 * time.Second)
		if got := s.Object("Obj", "a").State(); got != emulator.Absent {
			t.Error(got)
		}
		s.fetch("a", "hello 4")
		if s.instances() != 2 {
			t.Error(s.instances(), "instances")
		}
	})
}

func TestBlockConcurrency(t *testing.T) {
	t.Parallel()
	t.Run("LC-1 blockConcurrencyWhile in the constructor", func(t *testing.T) {
		s := newObjects(t, methods{"hello": logs, "new": func(ctx context.Context, o *obj) (any, error) {
			return nil, o.st.BlockConcurrencyWhile(ctx, func(ctx context.Context) error { return durable.Sleep(ctx, 500*time.Millisecond) })
		}})
		a, b := s.fetch("a", "hello a"), s.fetch("a", "hello b")
		s.Advance(499 * time.Millisecond)
		s.wantLog()
		s.Advance(time.Millisecond)
		s.wantLog("in a", "in b")
		a.want(`"a"`)
		b.want(`"b"`)
	})
	t.Run("LC-2 blockConcurrencyWhile in a handler", func(t *testing.T) {
		s := newObjects(t, methods{"hello": logs, "block": func(ctx context.Context, o *obj) (any, error) {
			o.rig.logf("before")
			err := o.st.BlockConcurrencyWhile(ctx, func(ctx context.Context) error {
				defer o.rig.logf("blocked")
				return durable.Sleep(ctx, 1500*time.Millisecond)
			})
			o.rig.logf("after")
			return 5, err
		}})
		a, b := s.fetch("a", "block"), s.fetch("a", "hello b")
		s.Advance(1499 * time.Millisecond)
		s.wantLog("before")
		s.Advance(time.Millisecond)
		s.wantLog("blocked", "after", "in b")
		a.want("5")
		b.want(`"b"`)
	})
	t.Run("LC-2 events that waited before it go on after it", func(t *testing.T) {
		s := newObjects(t, methods{"sleep": sleeper(time.Second), "block": func(ctx context.Context, o *obj) (any, error) {
			return 1, o.st.BlockConcurrencyWhile(ctx, func(ctx context.Context) error {
				o.rig.logf("block")
				defer o.rig.logf("unblock")
				return durable.Sleep(ctx, 5*time.Second)
			})
		}})
		a, b := s.fetch("a", "sleep a"), s.fetch("a", "block")
		s.Advance(4 * time.Second)
		s.wantLog("in a", "block")
		s.Advance(time.Second)
		s.wantLog("unblock", "mid a", "out a")
		a.want(`"a"`)
		b.want("1")
	})
}

func TestBlockConcurrencyFails(t *testing.T) {
	t.Parallel()
	t.Run("LC-3 the callback fails", func(t *testing.T) {
		s := newObjects(t, methods{"sleep": sleeper(time.Hour), "hello": logs, "block": func(ctx context.Context, o *obj) (any, error) {
			defer o.rig.logf("deferred")
			err := o.st.BlockConcurrencyWhile(ctx, func(ctx context.Context) error { return errors.New("bcw fail") })
			o.rig.logf("went on: %v", err)
			return 1, err
		}})
		waiting := s.fetch("a", "sleep w")
		overRPC := s.call("a", "sleep r")
		const reset = "Error: bcw fail +remote +durableObjectReset"
		s.fetch("a", "block").want(reset)
		waiting.want(reset)
		overRPC.want("Error: bcw fail +durableObjectReset")
		s.wantLog("in w", "in r", "deferred")
		s.fetch("a", "hello x").want(`"x"`)
		if s.instances() != 2 {
			t.Error(s.instances(), "instances")
		}
	})
	t.Run("LC-3 the callback panics", func(t *testing.T) {
		s := newObjects(t, methods{"block": func(ctx context.Context, o *obj) (any, error) {
			return 1, o.st.BlockConcurrencyWhile(ctx, func(ctx context.Context) error { panic("bang") })
		}})
		s.fetch("a", "block").want("Error: bang +remote +durableObjectReset")
	})
	t.Run("LC-4 the callback takes 30 s", func(t *testing.T) {
		s := newObjects(t, methods{"hello": logs, "block": func(ctx context.Context, o *obj) (any, error) {
			err := o.st.BlockConcurrencyWhile(ctx, func(ctx context.Context) error {
				err := durable.Sleep(ctx, time.Hour)
				o.rig.logf("woken: %v", err)
				return err
			})
			o.rig.logf("went on: %v", err)
			return 1, err
		}})
		a, b, c := s.fetch("a", "block"), s.fetch("a", "hello b"), s.call("a", "hello c")
		s.Advance(30*time.Second - time.Millisecond)
		if !a.waits() || !b.waits() {
			t.Error("the callback ended before its time")
		}
		s.Advance(time.Millisecond)
		a.want(blockTimeout + " +remote +overloaded +durableObjectReset")
		b.want(blockTimeout + " +remote +overloaded +durableObjectReset")
		c.want(blockTimeout + " +overloaded +durableObjectReset")
		s.wantLog("woken: durable: the object was reset")
		s.fetch("a", "hello x").want(`"x"`)
	})
	t.Run("LC-5 nested 64 deep", func(t *testing.T) {
		var nest func(ctx context.Context, o *obj, n int) error
		nest = func(ctx context.Context, o *obj, n int) error {
			if n == 0 {
				return nil
			}
			return o.st.BlockConcurrencyWhile(ctx, func(ctx context.Context) error { return nest(ctx, o, n-1) })
		}
		s := newObjects(t, methods{
			"64": func(ctx context.Context, o *obj) (any, error) { return "bottom", nest(ctx, o, 64) },
			"65": func(ctx context.Context, o *obj) (any, error) { return "bottom", nest(ctx, o, 65) },
		})
		s.call("a", "64").want(`"bottom"`)
		s.call("a", "65").want("Error: blockConcurrencyWhile() calls are nested too deeply. +durableObjectReset")
	})
}

func TestTurns(t *testing.T) {
	t.Parallel()
	t.Run("LC-6 two handlers that sleep", func(t *testing.T) {
		s := newObjects(t, methods{"sleep": sleeper(100 * time.Millisecond)})
		a, b := s.fetch("a", "sleep a"), s.fetch("a", "sleep b")
		s.Advance(100 * time.Millisecond)
		s.wantLog("in a", "in b", "mid a", "out a", "mid b", "out b")
		a.want(`"a"`)
		b.want(`"b"`)
	})
	t.Run("LC-6 the first to be ready goes on first", func(t *testing.T) {
		s := newObjects(t, methods{"long": sleeper(200 * time.Millisecond), "short": sleeper(100 * time.Millisecond)})
		s.fetch("a", "long a")
		s.fetch("a", "short b")
		s.Advance(time.Second)
		s.wantLog("in a", "in b", "mid b", "out b", "mid a", "out a")
	})
	t.Run("LC-7 storage lets no event in", func(t *testing.T) {
		s := newObjects(t, methods{"rw": func(ctx context.Context, o *obj) (any, error) {
			name := o.arg
			o.rig.logf("gin %s", name)
			for range 5 {
				if _, err := o.st.Storage().Get(ctx, "k", new(any)); err != nil {
					return nil, err
				}
			}
			o.rig.logf("gmid %s", name)
			err := o.st.Storage().Put(ctx, "k", name)
			o.rig.logf("gout %s", name)
			return name, err
		}, "wait": sleeper(time.Second)})
		s.fetch("a", "wait x")
		a, b := s.fetch("a", "rw a"), s.fetch("a", "rw b")
		s.wantLog("in x", "gin a", "gmid a", "gout a", "gin b", "gmid b", "gout b")
		a.want(`"a"`)
		b.want(`"b"`)
	})
	t.Run("events that wait for the constructor keep their order", func(t *testing.T) {
		s := newObjects(t, methods{"hello": logs, "new": func(ctx context.Context, o *obj) (any, error) {
			return nil, durable.Sleep(ctx, time.Second)
		}})
		var want []string
		for i := range 20 {
			s.fetch("a", fmt.Sprintf("hello %d", i))
			want = append(want, fmt.Sprintf("in %d", i))
		}
		s.Advance(time.Second)
		s.wantLog(want...)
	})
}

// TestSelfCalls: workerd was asked what it does.
func TestSelfCalls(t *testing.T) {
	t.Parallel()
	self := func(o *obj) *durable.Stub { return o.env.DurableObject("Obj").Get(o.st.ID()) }
	hello := func(_ context.Context, o *obj) (any, error) { return "hello from " + o.st.ID().Name(), nil }
	t.Run("an object may call itself", func(t *testing.T) {
		s := newObjects(t, methods{"hello": hello,
			"fetch": func(ctx context.Context, o *obj) (any, error) { return fetchOf(ctx, self(o), "hello") },
			"call":  func(ctx context.Context, o *obj) (any, error) { return callOf(ctx, self(o), "hello") },
		})
		s.call("a", "fetch").want(`"hello from a"`)
		s.call("a", "call").want(`"hello from a"`)
	})
	t.Run("two may call each other", func(t *testing.T) {
		s := newObjects(t, methods{"mutual": func(ctx context.Context, o *obj) (any, error) {
			if len(o.arg) == 5 {
				return "end", nil
			}
			next := "a"
			if o.st.ID().Name() == "a" {
				next = "b"
			}
			v, err := callOf(ctx, o.env.DurableObject("Obj").GetByName(next), "mutual x"+o.arg)
			return fmt.Sprint("x", v), err
		}})
		s.call("a", "mutual").want(`"xxxxxend"`)
	})
	for name, inside := range map[string]func(ctx context.Context, o *obj, f func(ctx context.Context) error) error{
		"in blockConcurrencyWhile it waits for itself": func(ctx context.Context, o *obj, f func(ctx context.Context) error) error {
			return o.st.BlockConcurrencyWhile(ctx, f)
		},
		"in a transaction it waits for itself": func(ctx context.Context, o *obj, f func(ctx context.Context) error) error {
			return o.st.Storage().Transaction(ctx, f)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newObjects(t, methods{"hello": hello, "call": func(ctx context.Context, o *obj) (any, error) {
				return nil, inside(ctx, o, func(ctx context.Context) error {
					_, err := callOf(ctx, self(o), "hello")
					return err
				})
			}})
			p := s.call("a", "call")
			s.Advance(30*time.Second - time.Millisecond)
			if !p.waits() {
				t.Error("it ended")
			}
			s.Advance(time.Millisecond)
			p.want(blockTimeout + " +overloaded +durableObjectReset")
			s.call("a", "hello").want(`"hello from a"`)
		})
	}
	t.Run("in the constructor it waits for itself", func(t *testing.T) {
		s := newObjects(t, methods{"hello": hello, "new": func(ctx context.Context, o *obj) (any, error) {
			_, err := callOf(ctx, self(o), "hello")
			return nil, err
		}})
		p := s.call("a", "hello")
		s.Advance(30 * time.Second)
		p.want(blockTimeout + " +overloaded +durableObjectReset")
	})
}
