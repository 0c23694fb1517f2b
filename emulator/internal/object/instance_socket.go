package object

// An instance implements socket.Instance for the sockets that its class uses.

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
)

func (in *instance) Touched() { in.touched() }

func (in *instance) Usable() error { return (*state)(in).usable() }

func (in *instance) Own(f func() error) error { return in.o.own(in, f) }

func (in *instance) Pin(kind driver.PinKind, at driver.Place) (unpin func()) {
	p := &pin{kind: kind, at: at}
	in.pin(p)
	return func() { in.unpin(p) }
}

// MayReceive reports whether an event other than the one that is ending is under way.
func (in *instance) MayReceive(ending *socket.Receives) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, p := range in.pins {
		if e, ok := p.of.(*event); ok && &e.receives != ending {
			return true
		}
	}
	return false
}

func (in *instance) Sockets() *socket.List { return in.life.sockets }

func (in *instance) Outbox() *socket.Outbox { return &in.out }

// Leave sends the frames before the turn ends, unless the turn has written to storage.
func (in *instance) Leave() {
	if in.storage.Clean() {
		in.leave()
	}
}
