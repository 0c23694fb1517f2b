package httpx

// https://developers.cloudflare.com/durable-objects/api/base/#fetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// exchange is one run of a handler. The handler has a goroutine of its own, so that it can go on when
// the event in which it began has ended. Only one of the two goroutines runs at a time.
type exchange struct {
	ctx *eventContext

	answered chan struct{} // closed once answer, err and exited are set
	answer   *durable.Response
	err      error
	exited   bool // the handler ended its goroutine

	// For a handler that goes on after the answer.
	turn    chan context.Context // brings the event in which it goes on
	pipe    *io.PipeWriter       // writes the answer's body; nil before the first flush
	unhook  func() bool          // stops the AfterFunc of the context
	ended   chan struct{}        // closed once the handler has ended and failure is set
	failure error
}

// serve runs h for r. It returns the answer when h ends or flushes for the first time.
func serve(ctx context.Context, h http.Handler, r *durable.Request, env *durable.Env) (*durable.Response, error) {
	x := &exchange{ctx: &eventContext{}, answered: make(chan struct{}), turn: make(chan context.Context), ended: make(chan struct{})}
	x.ctx.set(ctx)
	go x.run(h, incoming(x.ctx, r, env))
	<-x.answered
	claim(ctx)
	if x.exited {
		runtime.Goexit()
	}
	return x.answer, x.err
}

var errExited = errors.New("httpx: the handler ended its goroutine")

// run runs the handler. It makes the answer, unless the handler has flushed.
func (x *exchange) run(h http.Handler, r *http.Request) {
	claim(x.ctx)
	w := &response{x: x, method: r.Method, header: http.Header{}}
	returned := false
	defer func() {
		if p := recover(); p != nil {
			w.failure = panicked(p)
		} else if !returned {
			w.failure = errExited
		}
		defer close(x.ended)
		switch {
		case x.pipe != nil:
			w.end()
			return
		case w.failure != nil:
			x.err, x.exited = w.failure, w.failure == errExited
		default:
			x.answer = w.whole()
		}
		close(x.answered)
	}()
	h.ServeHTTP(w, r)
	returned = true
}

// stream answers with a head and, if it has a body, with what is written to the pipe from now on. The
// event of the handler ends with it. stream returns when the handler can go on in an event of its
// own, or when the context ends because the object was reset or the world was closed.
func (x *exchange) stream(head *durable.Response, hasBody bool) {
	r, w := io.Pipe()
	x.pipe, x.answer = w, head
	if hasBody {
		head.Body = r
	}
	x.unhook = context.AfterFunc(x.ctx, func() { w.CloseWithError(context.Cause(x.ctx)) })
	e := driver.EventOf(x.ctx)
	if e != nil {
		e.WaitUntil(x.goOn, driver.CallerOutside())
	}
	close(x.answered)
	if e == nil {
		return
	}
	select {
	case ctx := <-x.turn:
		x.ctx.set(ctx)
		claim(ctx)
	case <-x.ctx.Done():
	}
}

// goOn is the event in which the handler goes on, with the turn of goOn.
func (x *exchange) goOn(ctx context.Context) error {
	select {
	case x.turn <- ctx:
	case <-x.ended:
	}
	<-x.ended
	claim(ctx)
	if errors.Is(x.failure, http.ErrAbortHandler) || ctx.Err() != nil {
		return nil // the handler meant it, or a reset has been reported already
	}
	return x.failure
}

// claim makes the calling goroutine the one that runs the event.
func claim(ctx context.Context) {
	if e := driver.EventOf(ctx); e != nil {
		e.Claim()
	}
}

// eventContext is the context of the event in which the handler runs, which changes when it goes on.
type eventContext struct {
	of atomic.Pointer[context.Context]
}

func (c *eventContext) set(ctx context.Context)     { c.of.Store(&ctx) }
func (c *eventContext) Deadline() (time.Time, bool) { return (*c.of.Load()).Deadline() }
func (c *eventContext) Done() <-chan struct{}       { return (*c.of.Load()).Done() }
func (c *eventContext) Err() error                  { return (*c.of.Load()).Err() }
func (c *eventContext) Value(key any) any           { return (*c.of.Load()).Value(key) }
