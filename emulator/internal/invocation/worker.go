// Package invocation is a run of the Worker: the context that its code gets.
package invocation

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/arrival"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/outbound"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
)

// Worker is the program's Worker: what its invocations share.
type Worker struct {
	Host     *host.Host
	Watch    *stacks.Watch
	Order    *arrival.Order
	Network  *socket.Network
	Outbound *outbound.Client
	Env      driver.Env
	Export   driver.Worker // its default export; nil: none
}

// Invoke makes an invocation with a place in the order.
func (w *Worker) Invoke(place *arrival.Ticket, attended func()) *Invocation {
	i := &Invocation{Context: w.Host.Context(), w: w, attended: attended}
	i.ticket.Store(place)
	return i
}

// Fault emits an exception that the Worker did not catch.
func (w *Worker) Fault(err *driver.Error) *driver.Error {
	return host.Fault(w.Host.Emit, "worker", err, 0)
}
