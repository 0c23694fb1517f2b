// Package httpx connects package durable to the handlers of net/http.
//
// [Worker] and [Fetch] run an [http.Handler] as a Worker, or as a class's Fetch.
// [StubHandler] is an object as an [http.Handler], [Transport] one for an
// [http.Client]. They are not in package durable because net/http makes a compressed
// wasm file 0.7 MB (types) to 1.9 MB (client) larger.
//
// # Handlers
//
// What a handler writes is buffered. When the handler returns, it is sent with its
// Content-Length and, if the handler has set none, with the Content-Type that net/http
// would guess. [http.Flusher] and [http.ResponseController] send it earlier. A panic
// fails the event, and breaks off a body that has begun. Informational responses (1xx)
// and trailers are dropped. There is no connection to hijack: for a WebSocket pass the
// request on to an object, with [StubHandler].
//
// # Turns
//
// A handler of an object has the object's turn, as the class's own methods have. Other
// events can start while it reads the request's body, flushes, or calls a function of
// package durable that waits; not while it writes. With the first flush Fetch returns.
// The handler goes on in an event of its own, as with [durable.State.WaitUntil], after
// the events that were already waiting. The request's context is then that event's. Use
// the request and the writer only in the handler's own goroutine.
package httpx

import (
	"context"
	"net/http"

	"github.com/seed-36a2c969/emu/emulator/durable"
)

// Worker makes a Worker of h, which gets the Env from [EnvOf].
func Worker(h http.Handler) durable.Worker {
	return durable.WorkerFunc(func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
		return serve(ctx, h, r, env)
	})
}

// Fetch answers one request with h. It can be all that a class's Fetch method does.
func Fetch(ctx context.Context, h http.Handler, r *durable.Request) (*durable.Response, error) {
	return serve(ctx, h, r, nil)
}

// EnvOf returns the Env of a request to [Worker], and nil for any other request.
func EnvOf(r *http.Request) *durable.Env {
	if o := originOf(r); o != nil {
		return o.env
	}
	return nil
}
