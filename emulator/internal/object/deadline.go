package object

// https://developers.cloudflare.com/durable-objects/api/state/#sethibernatablewebsocketeventtimeout

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/clock"
)

// deadline is the time that a WebSocket event may take, with the functions that it gives to
// waitUntil. In workerd an event that is over it never goes on: where it waits for
// something it waits for ever. Here its goroutines go on with an error, and nothing
// that they do has an effect.
//
// As JavaScript is not interrupted, the time counts only where the event waits: a handler
// that is late and ends without a wait has not been late.
type deadline struct {
	late  func() // called once, when the event is given up
	over  atomic.Bool
	timer clock.Timer

	mu      sync.Mutex
	running bool // one of its events has the turn
	due     bool // the time has passed meanwhile
	cancels []context.CancelCauseFunc
}

// errOverdue is the error of a wait in such an event, and from then on of every use of the
// instance's storage.
func errOverdue() *driver.Error {
	return &driver.Error{Name: "Error", Message: msgEventTimeout, Retryable: true, DurableObjectReset: true}
}

// limited is a context of an event with the deadline: it ends with that.
func (d *deadline) limited(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cancels = append(d.cancels, cancel)
	return ctx, cancel
}

// pass is called when the time has passed.
func (d *deadline) pass() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.due = true
	if !d.running {
		d.expire()
	}
}

// run notes that one of its events has the turn, or has given it up to wait.
func (d *deadline) run(running bool) {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.running = running
	if d.due && !running {
		d.expire()
	}
}

// end is called when the handler has ended in time.
func (d *deadline) end() {
	d.timer.Stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.due = false
}

// expire: d.mu is held.
func (d *deadline) expire() {
	if d.over.Swap(true) {
		return
	}
	d.late()
	for _, cancel := range d.cancels {
		cancel(errOverdue())
	}
}
