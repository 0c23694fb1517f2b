package durable

// https://developers.cloudflare.com/durable-objects/concepts/what-are-durable-objects/

import (
	"context"
	"errors"
	"runtime/debug"
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
	over := e.NewSignal()
	timer := e.After(d, callerOf(ctx), over.Send)
	err := e.WaitFor(ctx, over)
	timer.Stop()
	if err == nil {
		err = context.Cause(ctx) // nil, unless it has ended too
	}
	return waited(err)
}

// operation is one that the caller starts and waits for at once. T is what it results in.
type operation[T any] struct {
	e      driver.Event
	signal driver.Signal
	sent   chan struct{} // in place of signal, without an event
	result T
	failed error
}

// newOperation is called before the operation is started with done.
func newOperation[T any](ctx context.Context) *operation[T] {
	if e := driver.EventOf(ctx); e != nil {
		return &operation[T]{e: e, signal: e.NewSignal()}
	}
	return &operation[T]{sent: make(chan struct{})}
}

func (o *operation[T]) done(result T, err error) {
	o.result, o.failed = result, err
	if o.signal != nil {
		o.signal.Send()
	} else {
		close(o.sent)
	}
}

// wait waits for the result, off the turn. It takes what the start has returned.
func (o *operation[T]) wait(ctx context.Context, started driver.Operation, err error) (T, error) {
	var none T
	switch {
	case err != nil:
		return none, caught(err)
	case o.signal != nil:
		err = o.e.WaitFor(ctx, o.signal)
	default:
		select {
		case <-o.sent:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	if err != nil {
		started.Stop() // done may still write its result: it is not read
		return none, caught(err)
	}
	return o.result, caught(o.failed)
}

// errUnwound is what a function has failed with that did not return.
var errUnwound = errors.New("the function has panicked or ended its goroutine")

// catch turns a panic of f into its error.
func catch(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &driver.Panic{Value: p, Stack: debug.Stack()}
		}
	}()
	return f()
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
