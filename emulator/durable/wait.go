package durable

// https://developers.cloudflare.com/durable-objects/concepts/what-are-durable-objects/

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Sleep waits for d of the world's time. Meanwhile other events can start. It needs an
// event's context. If that ends Sleep returns early, with the context's error.
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
		err = context.Cause(ctx) // both may have ended
	}
	return waited(err)
}

// operation is a driver.Operation for which the caller waits at once. T is the type of its result.
type operation[T any] struct {
	e      driver.Event
	signal driver.Signal
	sent   chan struct{} // closed instead of signal if there is no event
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

// wait gives the turn up until there is a result. started and err are the results of the Start method.
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
		started.Stop() // done may run at this moment, so o.result must not be read
		return none, caught(err)
	}
	return o.result, caught(o.failed)
}

// errUnwound is the failure of a function that did not return.
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

// Await runs f, which may block on anything, and returns its error. Meanwhile other
// events can start, so f must not use the object. It needs an event's context. The
// manual clock of a test stands still while f runs, for at most a second.
func Await(ctx context.Context, f func() error) error {
	e := driver.EventOf(ctx)
	if e == nil {
		return ErrNoEvent
	}
	return waited(e.Wait(ctx, driver.PinAwait, callerOf(ctx), f))
}

// waited returns the error of a wait for the class author. One of the function that was waited for stays
// as it is.
func waited(err error) error {
	if thrown, ok := err.(*driver.Error); ok {
		return caught(thrown)
	}
	return err
}

// Now is the world's time, which a test can set with a manual clock. Without an event's
// context it is time.Now.
func Now(ctx context.Context) time.Time {
	if e := driver.EventOf(ctx); e != nil {
		return e.Now()
	}
	return time.Now()
}

// UUID is crypto.randomUUID(), which a test can make reproducible with a seed. It panics
// without an event's context.
func UUID(ctx context.Context) string {
	e := driver.EventOf(ctx)
	if e == nil {
		panic(ErrNoEvent)
	}
	return e.UUID()
}
