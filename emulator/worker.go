package emulator

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/arrival"
	"github.com/seed-36a2c969/emu/emulator/internal/door"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/outbound"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
)

// worker is the program's Worker: what its invocations share.
type worker struct {
	host     *host.Host
	watch    *stacks.Watch
	order    *arrival.Order
	net      *socket.Network
	outbound *outbound.Client
	env      driver.Env
	export   driver.Worker // its default export; nil: none
}

// invoke makes an invocation with a place in the order.
func (w *worker) invoke(place *arrival.Ticket, attended func()) door.Invocation {
	i := &invocation{Context: w.host.Context(), w: w, attended: attended}
	i.ticket.Store(place)
	return i
}

// fault emits an exception that the Worker did not catch.
func (w *worker) fault(err *driver.Error) { w.host.Emit(host.Fault("worker", err)) }
