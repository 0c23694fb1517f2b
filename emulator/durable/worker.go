package durable

// https://developers.cloudflare.com/workers/runtime-apis/handlers/fetch/

import (
	"context"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Worker is the program's default export. It may also implement [ScheduledHandler].
type Worker interface {
	// Fetch answers a request. An error makes the same 500 as an exception.
	Fetch(ctx context.Context, r *Request, env *Env) (*Response, error)
}

// WorkerFunc is a function as a [Worker].
type WorkerFunc func(ctx context.Context, r *Request, env *Env) (*Response, error)

// Fetch calls f.
func (f WorkerFunc) Fetch(ctx context.Context, r *Request, env *Env) (*Response, error) {
	return f(ctx, r, env)
}

// ScheduledHandler is a Worker with cron triggers. The emulator does not call it yet.
type ScheduledHandler interface {
	Scheduled(ctx context.Context, at time.Time, cron string, env *Env) error
}

// WaitUntil is ctx.waitUntil of the Worker's fetch handler: it runs f, and keeps the
// invocation alive until f returns. In an object use [State.WaitUntil].
func WaitUntil(ctx context.Context, f func(ctx context.Context) error) {
	if e := driver.EventOf(ctx); e != nil {
		e.WaitUntil(f, caller())
	}
}

// Export returns w for the runtime. A program calls Main of package worker instead.
func Export(w Worker) driver.Worker { return export{w} }

type export struct{ w Worker }

func (x export) Fetch(ctx context.Context, r *driver.Request, env driver.Env) (*driver.Response, error) {
	resp, err := x.w.Fetch(ctx, received(r), &Env{env})
	return answer(resp, err)
}
