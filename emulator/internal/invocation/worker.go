// Package invocation runs a Worker.
package invocation

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/arrival"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/outbound"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
)

// Worker is the program's Worker, with what its invocations share.
type Worker struct {
	Host     *host.Host
	Watch    *stacks.Watch
	Order    *arrival.Order
	Network  *socket.Network
	Outbound *outbound.Client
	Env      driver.Env
	Export   driver.Worker // the default export; nil: none
}

// Invoke makes an invocation with a ticket of the Order. attended, if not nil, is called when the request
// counts as activity.
func (w *Worker) Invoke(place *arrival.Ticket, attended func()) *Invocation {
	i := &Invocation{Context: w.Host.Context(), w: w, attended: attended}
	i.ticket.Store(place)
	return i
}

// Fault emits an exception that the Worker did not catch, and returns it with the event's number.
func (w *Worker) Fault(err *driver.Error) *driver.Error {
	return host.Fault(w.Host.Emit, "worker", err, 0)
}
