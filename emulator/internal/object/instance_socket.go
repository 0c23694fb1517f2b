package object

// What the WebSockets that an instance uses need of it: see socket.Instance.

import (
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
)

// Touched is called where user code touches a socket of the instance.
func (in *instance) Touched() { in.touched() }

// Usable is the error of whatever user code does on an instance that is gone, or too late.
func (in *instance) Usable() error { return (*state)(in).usable() }

// Own runs f, which makes a socket the instance's, unless the instance is gone.
func (in *instance) Own(f func() error) error { return in.o.own(in, f) }

// Pin keeps the instance in memory until unpin is called.
func (in *instance) Pin(kind driver.PinKind, at driver.Place) (unpin func()) {
	p := &pin{kind: kind, at: at}
	in.pin(p)
	return func() { in.unpin(p) }
}

// MayReceive reports whether an event that is under way may still ask for messages. The one that is
// ending, if any, does not.
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

// Sockets are the connections of the instance's object.
func (in *instance) Sockets() *socket.List { return in.life.sockets }

// Outbox is what the instance's sockets have sent in this turn.
func (in *instance) Outbox() *socket.Outbox { return &in.out }

// Leave lets the frames leave in the midst of the turn, if nothing that was written has to be durable first.
func (in *instance) Leave() {
	if in.storage.Clean() {
		in.leave()
	}
}
