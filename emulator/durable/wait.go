package durable

// https://developers.cloudflare.com/durable-objects/concepts/what-are-durable-objects/

import (
	"context"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Sleep waits for d of the world's time, letting other events in. It needs an
// event's context and returns early with the context's error when it ends.
func Sleep(ctx context.Context, d time.Duration) error {
	e := driver.EventOf(ctx)
	if e == nil {
		return ErrNoEvent
	}
	return waited(e.Sleep(ctx, d, callerOf(ctx)))
}

// Await runs f, which may block on anything, letting other events in meanwhile.
// f must not touch the object. It needs an event's context and returns f's error.
// A test's clock waits for f, up to a second.
func Await(ctx context.Context, f func() error) error {
	e := driver.EventOf(ctx)
	if e == nil {
		return ErrNoEvent
	}
	return waited(e.Wait(ctx, driver.PinAwait, callerOf(ctx), f))
}

// waited is the error of a wait: the runtime's own as the class author's, and that of a
// function as it is.
func waited(err error) error {
	if thrown, ok := err.(*driver.Error); ok {
		return caught(thrown)
	}
	return err
}

// Now is the world's time and UUID its crypto.randomUUID(): under a manual clock
// and a seed both are reproducible. Without an event's context Now is time.Now.
func Now(ctx context.Context) time.Time {
	if e := driver.EventOf(ctx); e != nil {
		return e.Now()
	}
	return time.Now()
}

// UUID returns a random version 4 UUID. It needs an event's context and panics
// without one.
func UUID(ctx context.Context) string {
	e := driver.EventOf(ctx)
	if e == nil {
		panic(ErrNoEvent)
	}
	return e.UUID()
}
