//go:build !js

package httpx_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/durable/httpx"
)

// get runs a program as wrangler.jsonc would describe it and asks for paths.
func get(w durable.Worker, class driver.Class, paths ...string) {
	c := &config.Config{Name: "example"}
	var classes []driver.Class
	if class != nil {
		classes = []driver.Class{class}
		c.Bindings = []config.DurableObjectBinding{{Name: "COUNTER", ClassName: class.Name()}}
		c.Migrations = []config.Migration{{Tag: "v1", NewSQLiteClasses: []config.ClassRef{{Name: class.Name()}}}}
	}
	world, err := emulator.New(emulator.Options{Config: c, Classes: classes, Worker: durable.Export(w)})
	if err != nil {
		log.Fatal(err)
	}
	defer world.Close()
	server := httptest.NewServer(world)
	defer server.Close()
	for _, path := range paths {
		resp, err := http.Get(server.URL + path)
		if err != nil {
			log.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		fmt.Printf("%d %s\n", resp.StatusCode, body)
	}
}

// Counter is a class whose requests a ServeMux answers.
type Counter struct {
	state *durable.State
	mux   http.ServeMux
}

func newCounter(ctx context.Context, state *durable.State, env *durable.Env) (*Counter, error) {
	o := &Counter{state: state}
	o.mux.HandleFunc("/increment", o.increment)
	return o, nil
}

func (o *Counter) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	return httpx.Fetch(ctx, &o.mux, r)
}

func (o *Counter) increment(w http.ResponseWriter, r *http.Request) {
	var n int
	if _, err := o.state.Storage().KV().Get("n", &n); err != nil {
		panic(err)
	}
	if err := o.state.Storage().KV().Put("n", n+1); err != nil {
		panic(err)
	}
	fmt.Fprint(w, n+1)
}

var counterClass = durable.Define("Counter", newCounter).Driver()

func ExampleWorker() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello/{name}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello, %s", r.PathValue("name"))
	})
	get(httpx.Worker(mux), nil, "/hello/you", "/hello/me")
	// Output:
	// 200 hello, you
	// 200 hello, me
}

func ExampleFetch() {
	worker := func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
		return env.DurableObject("COUNTER").GetByName("a").Fetch(ctx, r)
	}
	get(durable.WorkerFunc(worker), counterClass, "/increment", "/increment")
	// Output:
	// 200 1
	// 200 2
}

func ExampleStubHandler() {
	mux := http.NewServeMux()
	mux.HandleFunc("/{name}/", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		object := httpx.EnvOf(r).DurableObject("COUNTER").GetByName(name)
		http.StripPrefix("/"+name, httpx.StubHandler(object)).ServeHTTP(w, r)
	})
	get(httpx.Worker(mux), counterClass, "/a/increment", "/a/increment", "/b/increment")
	// Output:
	// 200 1
	// 200 2
	// 200 1
}

func ExampleTransport() {
	h := func(w http.ResponseWriter, r *http.Request) {
		client := &http.Client{Transport: httpx.Transport(httpx.EnvOf(r).DurableObject("COUNTER").GetByName("a"))}
		q, err := http.NewRequestWithContext(r.Context(), "POST", "http://counter/increment", nil)
		if err != nil {
			panic(err)
		}
		resp, err := client.Do(q)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		n, _ := io.ReadAll(resp.Body)
		fmt.Fprintf(w, "visitor %s", n)
	}
	get(httpx.Worker(http.HandlerFunc(h)), counterClass, "/", "/")
	// Output:
	// 200 visitor 1
	// 200 visitor 2
}
