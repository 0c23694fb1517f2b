package emulator_test

// https://developers.cloudflare.com/durable-objects/best-practices/create-durable-object-stubs-and-send-requests/

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// several are the arguments of a method that takes more than one.
type several struct {
	A string
	B int
	C []string
}

func (s *several) Args() []any { return []any{&s.A, &s.B, &s.C} }

// TestRPC is section 9.1 of the recorded behaviour.
func TestRPC(t *testing.T) {
	class := durable.Define("Obj", func(ctx context.Context, st *durable.State, env *durable.Env) (*obj, error) {
		return &obj{st: st}, nil
	})
	durable.Method(class, "length", func(_ *obj, _ context.Context, s string) (int, error) { return len(s), nil })
	durable.Method(class, "big", func(_ *obj, _ context.Context, n int) (string, error) { return strings.Repeat("x", n), nil })
	durable.Method(class, "several", func(_ *obj, _ context.Context, s several) (several, error) { return s, nil })
	durable.Method(class, "throw", func(*obj, context.Context, any) (any, error) {
		return nil, &durable.Error{Name: "RangeError", Message: "r", Props: code(5)}
	})
	durable.Method(class, "rethrow", func(_ *obj, _ context.Context, name string) (any, error) {
		return nil, &durable.Error{Name: "Error", Message: name, DurableObjectReset: true}
	})
	durable.Method(class, "alarm", func(*obj, context.Context, any) (any, error) { return "called", nil })
	durable.Method(class, "nothing", func(*obj, context.Context, any) (any, error) { return nil, nil })
	durable.Method(class, "func", func(*obj, context.Context, any) (any, error) { return func() {}, nil })

	var do func(ctx context.Context, stub *durable.Stub)
	w := emutest.New(t, emutest.Classes(class), emutest.Worker(durable.WorkerFunc(
		func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
			do(ctx, env.DurableObject("Obj").GetByName("a"))
			return durable.Text(200, ""), nil
		})))
	run := func(name string, f func(t *testing.T, call func(method string, result any, args ...any) error)) {
		t.Run(name, func(t *testing.T) {
			do = func(ctx context.Context, stub *durable.Stub) {
				f(t, func(method string, result any, args ...any) error { return stub.Call(ctx, method, result, args...) })
			}
			w.Fetch("GET", "/")
		})
	}
	want := func(t *testing.T, err error, want string) {
		t.Helper()
		if got := caught(err); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	run("9.1 missing method", func(t *testing.T, call func(string, any, ...any) error) {
		for _, name := range []string{"nope", "name", "ctx", "scheduled"} {
			want(t, call(name, nil), `TypeError: The RPC receiver does not implement the method "`+name+`". +remote`)
		}
	})
	run("9.1 reserved names", func(t *testing.T, call func(string, any, ...any) error) {
		for _, name := range []string{"alarm", "webSocketMessage", "webSocketClose", "webSocketError", "dup"} {
			want(t, call(name, nil), "TypeError: '"+name+"' is a reserved method and cannot be called over RPC. +remote")
		}
	})
	run("9.1 32 MiB of arguments", func(t *testing.T, call func(string, any, ...any) error) {
		var n int
		want(t, call("length", &n, strings.Repeat("x", 33554420)), "ok")
		if n != 33554420 {
			t.Error(n)
		}
		want(t, call("length", &n, strings.Repeat("x", 33554421)), "Error: Serialized RPC arguments or return values are limited to 32MiB, but the size of this value was: 33554433 bytes.")
	})
	run("9.1 32 MiB of result", func(t *testing.T, call func(string, any, ...any) error) {
		var s string
		want(t, call("big", &s, 33554425), "ok")
		if len(s) != 33554425 {
			t.Error(len(s))
		}
		const tooBig = "Error: Serialized RPC arguments or return values are limited to 32MiB, but the size of this value was: 33554433 bytes."
		if err := call("big", &s, 33554426); !strings.HasPrefix(caught(err), tooBig) {
			t.Error(caught(err))
		}
	})
	run("9.1 any number of arguments", func(t *testing.T, call func(string, any, ...any) error) {
		var got several
		want(t, call("several", &got, "a", 2, []string{"x"}), "ok")
		if got.A != "a" || got.B != 2 || len(got.C) != 1 {
			t.Error(got)
		}
		got = several{}
		want(t, call("several", &got, "a", 2, []string{}, 4, 5, 6), "ok")
		want(t, call("several", &got), "ok")
		if got.A != "" || got.B != 0 {
			t.Error(got)
		}
		want(t, call("nothing", nil), "ok")
	})
	run("9.1 an exception", func(t *testing.T, call func(string, any, ...any) error) {
		want(t, call("throw", nil), `RangeError: r +remote +durableObjectId {"code":5}`)
		want(t, call("rethrow", nil, "passed on"), "Error: passed on +remote +durableObjectReset +durableObjectId")
		var e *durable.Error
		if err := call("throw", nil); !errors.As(err, &e) || e.DurableObjectID != w.Object("Obj", "a").ID() {
			t.Error(err)
		}
	})
	run("9.1 callbacks are refused", func(t *testing.T, call func(string, any, ...any) error) {
		if err := call("length", nil, func() {}); err == nil || !strings.Contains(err.Error(), "func()") {
			t.Error(err)
		}
		if err := call("func", nil); err == nil || !strings.Contains(err.Error(), "func()") {
			t.Error(err)
		}
	})
}

// The durableObjectId of what an RPC call throws is, in a Worker, that of the object called
// if its method threw, and in an object the caller's own, as recorded.
func TestRPCErrorID(t *testing.T) {
	ids := map[string]string{}
	show := func(err error) (string, error) {
		var e *durable.Error
		if !errors.As(err, &e) {
			return "", err
		}
		for name, id := range ids {
			if id == e.DurableObjectID {
				return fmt.Sprintf("%s remote=%v reset=%v of %s", e.Message, e.Remote, e.DurableObjectReset, name), nil
			}
		}
		return fmt.Sprintf("%s remote=%v reset=%v", e.Message, e.Remote, e.DurableObjectReset), nil
	}
	all := func(ctx context.Context, env *durable.Env) (list []string, err error) {
		for _, method := range []string{"do", "nope", "alarm", "abort"} {
			stub, arg := env.DurableObject("Other").GetByName("callee"), "throw"
			if method == "abort" {
				method, arg = "do", "abort"
			}
			line, err := show(stub.Call(ctx, method, nil, arg))
			if err != nil {
				return nil, err
			}
			list = append(list, line)
		}
		return list, nil
	}
	s := newObjects(t, methods{
		"all": func(ctx context.Context, o *obj) (any, error) { return all(ctx, o.env) },
		"throw": func(context.Context, *obj) (any, error) {
			return nil, &durable.Error{Name: "RangeError", Message: "boom"}
		},
		"abort": func(_ context.Context, o *obj) (any, error) { o.st.Abort("gone"); return nil, nil },
	})
	ids["callee"], ids["caller"] = s.Object("Other", "callee").ID(), s.Object("Obj", "caller").ID()
	const missing, reserved = `The RPC receiver does not implement the method \"nope\". remote=true reset=false`,
		`'alarm' is a reserved method and cannot be called over RPC. remote=true reset=false`
	s.start(func(ctx context.Context, env *durable.Env) (any, error) { return all(ctx, env) }).
		want(`["boom remote=true reset=false of callee","` + missing + `","` + reserved + `","gone remote=false reset=true"]`)
	s.call("caller", "all").
		want(`["boom remote=true reset=false of caller","` + missing + ` of caller","` + reserved + ` of caller","gone remote=false reset=true"]`)
}

// TestManyCalls: in the recording 3,000 calls queued behind 8 s all succeed.
func TestManyCalls(t *testing.T) {
	s := newObjects(t, methods{"count": count, "block": func(ctx context.Context, o *obj) (any, error) {
		return nil, o.st.BlockConcurrencyWhile(ctx, func(ctx context.Context) error { return durable.Sleep(ctx, 8*time.Second) })
	}})
	block := s.call("a", "block")
	var done atomic.Int64
	s.start(func(ctx context.Context, env *durable.Env) (any, error) {
		for range 3000 {
			durable.WaitUntil(ctx, func(ctx context.Context) error {
				_, err := callOf(ctx, env.DurableObject("Obj").GetByName("a"), "count")
				if err == nil {
					done.Add(1)
				}
				return err
			})
		}
		return nil, nil
	})
	if done.Load() != 0 {
		t.Error("calls overtook blockConcurrencyWhile")
	}
	s.Advance(8 * time.Second)
	block.want("null")
	if n := done.Load(); n != 3000 {
		t.Errorf("%d calls of 3000 succeeded", n)
	}
	s.call("a", "count").want("3001")
}
