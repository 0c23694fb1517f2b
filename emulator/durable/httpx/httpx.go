// Package httpx connects package durable to net/http: a Worker or a class's
// Fetch written as an [http.Handler], and an object as one or behind an
// [http.Client]. It is apart because net/http makes a wasm file 0.7 MB (types)
// to 1.9 MB (client) larger, compressed.
//
// # Handlers
//
// What a handler writes is buffered until it returns, and then sent with its
// Content-Length and, as by net/http, a Content-Type that is guessed if none is
// set. [http.Flusher] and [http.ResponseController] send what there is before
// that. A panic is the event's error, and breaks off a body that has begun.
// Informational responses (1xx) and trailers are dropped. There is no connection
// to hijack: a WebSocket belongs to an object, to which [StubHandler] leads.
//
// # Turns
//
// A handler of an object has the object's turn as the class's own methods have.
// Reading the request's body and flushing give it up, as does what gives it up
// in package durable; writing does not. The first flush lets Fetch return: the
// handler goes on in an event of its own, as [durable.State.WaitUntil] makes
// one, behind those that were waiting. The request's context is then that
// event's. Use the request and the writer only in the handler's own goroutine.
package httpx

import (
	"context"
	"net/http"

	"github.com/seed-36a2c969/emu/emulator/durable"
)

// Worker serves h as the Worker; [EnvOf] returns its Env.
func Worker(h http.Handler) durable.Worker {
	return durable.WorkerFunc(func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
		return serve(ctx, h, r, env)
	})
}

// Fetch answers one request with h: the body of a class's Fetch method. What h
// writes is buffered until it returns; Flush gives the turn up and sends what
// there is.
func Fetch(ctx context.Context, h http.Handler, r *durable.Request) (*durable.Response, error) {
	return serve(ctx, h, r, nil)
}

// EnvOf returns the Env of a request served by [Worker], nil for another's.
func EnvOf(r *http.Request) *durable.Env {
	if o := originOf(r); o != nil {
		return o.env
	}
	return nil
}
