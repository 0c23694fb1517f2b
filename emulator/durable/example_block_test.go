//go:build !js

package durable_test

import (
	"context"
	"fmt"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// Station needs another object's answer before its first event.
type Station struct{ forecast string }

var station = durable.Define("Station", newStation)

func newStation(ctx context.Context, state *durable.State, env *durable.Env) (*Station, error) {
	o := &Station{}
	// While this waits no event is let in. After 30 seconds, or with an error, the
	// object is reset.
	err := state.BlockConcurrencyWhile(ctx, func(ctx context.Context) error {
		office := env.DurableObject("Office").GetByName("all")
		return office.Call(ctx, "forecast", &o.forecast, state.ID().Name())
	})
	return o, err
}

func (o *Station) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	return durable.Text(200, o.forecast), nil
}

// Office answers the stations.
type Office struct{}

var office = durable.Define("Office", func(ctx context.Context, state *durable.State, env *durable.Env) (*Office, error) {
	return &Office{}, nil
})

func init() {
	durable.Method(office, "forecast", func(o *Office, ctx context.Context, place string) (string, error) {
		return "sunny in " + place, nil
	})
}

// A constructor that waits.
func ExampleState_BlockConcurrencyWhile() {
	run(func(w *emutest.World) {
		fmt.Println(w.Fetch("GET", "/Station/Lisbon").Body)
	}, emutest.Classes(station, office))
	// Output:
	// sunny in Lisbon
}
