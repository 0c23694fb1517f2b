// Command src counts requests in a Durable Object.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/worker"
)

type counter struct{ n int }

func newCounter(context.Context, *durable.State, *durable.Env) (*counter, error) {
	return &counter{}, nil
}

func (c *counter) Fetch(_ context.Context, r *durable.Request) (*durable.Response, error) {
	if r.URL.Path == "/fail" {
		panic("failed in the object")
	}
	c.n++
	return durable.Text(200, fmt.Sprintln(c.n)), nil
}

func fetch(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
	switch r.URL.Path {
	case "/":
		return durable.Text(200, env.Var("GREETING")+"\n"), nil
	case "/exit":
		if r.URL.RawQuery == "0" {
			os.Exit(0)
		}
		os.Exit(3)
	case "/url":
		return durable.Text(200, r.URL.String()+" "+r.Header.Get("MF-Original-Hostname")+"\n"), nil
	case "/hang":
		fmt.Println("hanging")
		select {} // takes no notice of ctx
	}
	return env.DurableObject("COUNTER").GetByName("one").Fetch(ctx, r)
}

func main() {
	durable.Register("Counter", newCounter)
	worker.Main(durable.WorkerFunc(fetch))
}
