package object

// https://developers.cloudflare.com/durable-objects/api/state/#sethibernatablewebsocketeventtimeout

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/clock"
)

// deadline limits the time of a WebSocket event, together with the functions that the event gives to
// waitUntil. In workerd a wait of an event over its deadline never ends. Here it ends with an error,
// and nothing that the event's goroutines do afterwards has an effect.
//
// JavaScript is not interrupted, so the deadline counts only while the event waits: a handler that
// passes it and then ends without a wait has met it.
type deadline struct {
	late  func() // called once, when the event is over the deadline
	over  atomic.Bool
	timer clock.Timer

	mu      sync.Mutex
	running bool // the event, or one of its waitUntil functions, has the turn
	due     bool // the time has passed
	cancels []context.CancelCauseFunc
}

// errOverdue is the error of each wait of an event over its deadline. From then on it is also the error of every use
// of the instance's storage.
func errOverdue() *driver.Error {
	return &driver.Error{Name: "Error", Message: msgEventTimeout, Retryable: true, DurableObjectReset: true}
}

// limited returns a context that ends with the deadline.
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

// run notes that the event has the turn, or that it has given the turn up to wait. d may be nil.
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

// expire ends the event's waits. d.mu is held.
func (d *deadline) expire() {
	if d.over.Swap(true) {
		return
	}
	d.late()
	for _, cancel := range d.cancels {
		cancel(errOverdue())
	}
}
