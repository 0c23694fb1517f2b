package emulator_test

import (
	"context"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// TestCallCost: what a call of an object allocates, on both sides, with all that is
// converted for it.
func TestCallCost(t *testing.T) {
	callee := durable.Define("Callee", func(context.Context, *durable.State, *durable.Env) (replies, error) { return replies{}, nil })
	durable.Method(callee, "m", func(replies, context.Context, int) (int, error) { return 1, nil })
	measure := func(ctx context.Context, env *durable.Env, where string, calls, fetches float64) {
		stub := env.DurableObject("Callee").GetByName("a")
		for _, c := range []struct {
			what string
			most float64
			f    func() error
		}{
			{"a call", calls, func() error { return stub.Call(ctx, "m", nil, 1) }},
			{"a fetch", fetches, func() error {
				r, err := durable.NewRequest("GET", "http://o/", nil)
				if err != nil {
					return err
				}
				_, err = stub.Fetch(ctx, r)
				return err
			}},
		} {
			if err := c.f(); err != nil {
				t.Error(err)
			}
			if n := testing.AllocsPerRun(200, func() { c.f() }); n > c.most {
				t.Errorf("%s in %s: %v allocations, want at most %v", c.what, where, n, c.most)
			}
		}
	}
	caller := durable.Define("Caller", func(_ context.Context, _ *durable.State, env *durable.Env) (*durable.Env, error) { return env, nil })
	durable.Method(caller, "m", func(env *durable.Env, ctx context.Context, _ int) (int, error) {
		measure(ctx, env, "an object", 32, 42)
		return 0, nil
	})
	w := emutest.New(t, emutest.Classes(callee, caller), emutest.RealTime(), emutest.Worker(durable.WorkerFunc(func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
		measure(ctx, env, "a Worker", 27, 37)
		return durable.Text(200, ""), env.DurableObject("Caller").GetByName("b").Call(ctx, "m", nil, 1)
	})))
	w.Fetch("GET", "/")
}

type replies struct{}

func (replies) Fetch(context.Context, *durable.Request) (*durable.Response, error) {
	return durable.Text(200, "x"), nil
}
