package object

import (
	"cmp"
	"context"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/alarms"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
)

// event is one run of user code in an object: of a handler, of the constructor, or of a function
// given to waitUntil. User code gets it as its context; as a [driver.Event] it serves the calls that
// wait.
type event struct {
	context.Context // the instance's or, with a deadline, one that ends sooner
	pin
	in      *instance
	handler string        // the handler's name in JavaScript, such as webSocketMessage
	cause   atomic.Uint64 // see because
	run     func(*event)

	holds     bool         // has the turn; only the event's goroutine uses it
	starts    []Starter    // operations that start where the turn is given up; likewise
	wakes     *host.Signal // the signal of the present wait, which a reset sends; guarded by the instance's mu
	depth     int          // how many calls of blockConcurrencyWhile are nested
	onRelease func()

	alarmRun *alarms.Run // nil unless the event runs an alarm

	ws       socket.Event            // zero unless the event runs a WebSocket handler
	receives socket.Receives         // sockets that the event has asked for messages
	deadline *deadline               // nil without one
	cancel   context.CancelCauseFunc // ends the context of an event with a deadline

	done     completer // is called with the result; nil if nobody waits for it
	settled  atomic.Bool
	refused  bool          // the RPC method does not exist
	failure  *driver.Error // why the event has no result, as after a reset
	response *driver.Response
	value    driver.Value
	err      *driver.Error // what the handler threw
}

// completer waits for the result of an event. completed is called on any goroutine.
type completer interface{ completed(e *event) }

type completerFunc func(e *event)

func (f completerFunc) completed(e *event) { f(e) }

func newEvent(done completer, handler string, run func(*event)) *event {
	e := new(event)
	e.init(done, handler, run)
	return e
}

func (e *event) init(done completer, handler string, run func(*event)) {
	e.handler, e.run, e.done = handler, run, done
	e.pin = pin{kind: driver.PinEvent, of: e}
}

func (e *event) limit(d *deadline) {
	e.deadline = d
	e.Context, e.cancel = d.limited(e.in.ctx)
}

func (e *event) isAnswer() bool { return e.pin.kind == driver.PinEvent }

// Value returns the event itself for [driver.EventKey].
func (e *event) Value(key any) any {
	if key == (driver.EventKey{}) {
		return e
	}
	return e.Context.Value(key)
}

// throw makes an exception the event's result.
func (e *event) throw(err *driver.Error) { e.err, e.response, e.value = err, nil, nil }

// failed makes the error of a handler the event's result, and emits it.
func (e *event) failed(err error) {
	thrown := driver.Exception(err)
	if !e.in.dead.Load() {
		thrown = e.fault(thrown)
	}
	e.throw(thrown)
}

// fault emits an exception that the handler did not catch, and returns it with the event's number.
func (e *event) fault(err *driver.Error) *driver.Error {
	return host.Fault(e.in.o.emit, e.handler, err, e.because())
}

// because is the number of the event in the world's stream that led to this run of user code. It is
// the calling event's own, that of the alarm that runs, or else that of the instance's construction.
func (e *event) because() uint64 { return cmp.Or(e.cause.Load(), e.in.began.Load()) }

// calledBy notes the caller's number as the cause. A Worker has none yet: its request is in the stream
// only when it is answered.
func (e *event) calledBy(caller driver.Event) {
	if caller, ok := caller.(*event); ok {
		e.cause.Store(caller.because())
	}
}

// settle publishes the result, unless fail came first.
func (e *event) settle() {
	if e.settled.CompareAndSwap(false, true) {
		e.publish()
	}
}

// fail publishes that the event has no result, unless settle came first.
func (e *event) fail(err *driver.Error) {
	e.ws.Refused()
	if e.settled.CompareAndSwap(false, true) {
		e.failure = err
		e.publish()
	}
}

func (e *event) publish() {
	if e.done != nil {
		e.done.completed(e)
	}
}

// result is why the event has failed, nil if it succeeded. It is known when done is called.
func (e *event) result() *driver.Error {
	if e.failure != nil {
		return e.failure
	}
	return e.err
}

// released is called each time that the event gives its turn up. It runs onRelease the first time.
func (e *event) released() {
	if f := e.onRelease; f != nil {
		e.onRelease = nil
		f()
	}
}

// overdue returns the error for each call of user code once the event is over its deadline.
func (e *event) overdue() error {
	if e.deadline != nil && e.deadline.over.Load() {
		return errOverdue()
	}
	return nil
}

func (e *event) Say(level, text string) {
	e.in.o.emit(host.Event{Type: host.EventLog, Cause: e.because(), Handler: e.handler, Level: level, Message: text})
}

func (e *event) Now() time.Time { return e.in.host.Now() }

// UUID is crypto.randomUUID().
func (e *event) UUID() string { return e.in.host.Chance.UUID() }

func (e *event) InObject() bool { return true }

// WaitUntil runs f as an event of its own.
func (e *event) WaitUntil(f func(ctx context.Context) error, at driver.Place) {
	e.in.touched()
	if e.overdue() == nil {
		e.in.waitUntil(f, at)
	}
}

// Claim makes the calling goroutine the one that has the event's turn.
func (e *event) Claim() {
	if e.holds {
		e.in.held(e)
	}
}
