package emulator

// What the WebSockets that an instance uses need of it: see socketInstance.

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
	for _, p := range in.pins.all {
		if p.event != nil && &p.event.receives != ending {
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

// Network is what sockets of this world share.
func (e *event) Network() *socket.Network { return e.in.o.ns.Net }

// Receives are the sockets that the event has asked for messages, and its instance.
func (e *event) Receives() (*socket.Receives, socket.Instance) { return &e.receives, e.in }

// Ask waits for a message of an accepted socket.
func (e *event) Ask(a *socket.Ask, at driver.Place, ready func()) (driver.Operation, error) {
	e.in.waited(e)
	if err := e.mayWait(); err != nil {
		return nil, err
	}
	return newAsking(e, a, at, ready), nil
}

// Network is what sockets of this world share.
func (i *invocation) Network() *socket.Network { return i.w.net }

// Receives is nil: functions for waitUntil may go on receiving when the invocation has ended.
func (i *invocation) Receives() (*socket.Receives, socket.Instance) { return nil, nil }

// Ask waits for a message of an accepted socket.
func (i *invocation) Ask(a *socket.Ask, at driver.Place, ready func()) (driver.Operation, error) {
	return newAsking(i, a, at, ready), nil
}

// asking is an ask that is under way.
type asking struct {
	operation
	ask   *socket.Ask
	ready func()
}

func newAsking(e runner, ask *socket.Ask, at driver.Place, ready func()) *asking {
	a := &asking{ask: ask, ready: ready}
	a.begins(e, driver.PinReceive, at)
	e.begin(a)
	return a
}

func (a *asking) start() { a.ask.Begin(a.answered) }

func (a *asking) answered() {
	if a.ends() {
		a.ready()
	}
}

// Stop ends the wait.
func (a *asking) Stop() {
	if a.ends() {
		a.ask.Stop()
	}
}
