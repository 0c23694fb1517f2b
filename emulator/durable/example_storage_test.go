//go:build !js

package durable_test

import (
	"context"
	"fmt"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// Counter counts requests for good.
type Counter struct{ state *durable.State }

var counter = durable.Define("Counter", func(ctx context.Context, state *durable.State, env *durable.Env) (*Counter, error) {
	return &Counter{state}, nil
})

func (o *Counter) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	n := 0 // if nothing is stored yet
	if _, err := o.state.Storage().Get(ctx, "n", &n); err != nil {
		return nil, err
	}
	n++
	if err := o.state.Storage().Put(ctx, "n", n); err != nil {
		return nil, err
	}
	return durable.Text(200, fmt.Sprint(n)), nil // sent when n is safe on disk
}

// A counter in the object's storage. No other request comes between Get and Put.
func ExampleStorage() {
	run(func(w *emutest.World) {
		fmt.Println(w.Fetch("GET", "/Counter/a").Body)
		fmt.Println(w.Fetch("GET", "/Counter/a").Body)
		w.Object("Counter", "a").Evict()
		fmt.Println(w.Fetch("GET", "/Counter/a").Body, "after it has left memory")
		fmt.Println(w.Fetch("GET", "/Counter/b").Body, "of another object")
	}, emutest.Classes(counter))
	// Output:
	// 1
	// 2
	// 3 after it has left memory
	// 1 of another object
}
