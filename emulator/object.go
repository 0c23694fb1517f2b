package emulator

// https://developers.cloudflare.com/durable-objects/concepts/durable-object-lifecycle/

import (
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
)

// object is a Durable Object that has been addressed, in memory or not. What
// is here outlives hibernation.
type object struct {
	ns   *namespace
	host *host.Host
	id   [32]byte

	mu      sync.Mutex // never held while user code runs; taken before instance.mu
	inst    *instance  // nil: not in memory
	leaving bool       // an instance is being let go; events wait
	waiting []*event   // for leaving to end
	life    *life      // of this and later instances until a reset
	stopped bool       // by World.Close

	addressed bool                   // and not forgotten since
	name      *string                // what it was first addressed by, nil if by its id
	absent    time.Time              // since when it is not in memory
	noted     atomic.Pointer[string] // its name as wrangler's local explorer has it, for the log
}

// life is an object between two resets: what its stubs are connected to, and its
// connections, which no later life gets to see.
type life struct {
	broken  atomic.Pointer[driver.Error]
	sockets *socket.List
}

func newObject(n *namespace, id [32]byte) *object {
	o := &object{ns: n, host: n.Host, id: id}
	o.life = o.newLife()
	return o
}

func (o *object) newLife() *life {
	return &life{sockets: socket.NewList(o, o.ns.Net)}
}

// connections are those of the object's present life.
func (o *object) connections() *socket.List {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.life.sockets
}

// Deliver makes an event of what a socket has received.
func (o *object) Deliver(ws socket.Event) {
	handler, run := "webSocketMessage", (*event).webSocketMessage
	switch {
	case ws.Closed != nil:
		handler, run = "webSocketClose", (*event).webSocketClose
	case ws.Err != nil:
		handler, run = "webSocketError", (*event).webSocketError
	}
	e := newEvent(nil, handler, run)
	e.ws = ws
	o.submit(e)
}

// Log emits a line of the log.
func (o *object) Log(message string) { o.emit(host.Event{Type: host.EventLog, Message: message}) }

// ID returns the object's id with its name, if that is known.
func (o *object) ID() driver.ID {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ident()
}

// ident is ID. o.mu is held.
func (o *object) ident() driver.ID {
	id := driver.ID{Bytes: o.id}
	if o.name != nil {
		id.Name, id.HasName = *o.name, true
	}
	return id
}

func idString(id [32]byte) string { return hex.EncodeToString(id[:]) }

// submit gives an event to the object, which is started if it is not in memory.
// The event's fail is called if it cannot run.
func (o *object) submit(e *event) {
	o.mu.Lock()
	admitted := o.admit(e)
	o.mu.Unlock()
	if !admitted {
		e.fail(driver.PlainError(msgConnectionLost))
	}
}

// admit queues an event, unless its object has ended or a reset has dropped its socket:
// what such a socket still sends goes with the events in flight, or the next instance
// would handle messages whose predecessors are lost. o.mu is held, under which a reset
// begins another life.
func (o *object) admit(e *event) bool {
	switch {
	case o.stopped || e.ws.Strange(o.life.sockets):
		return false
	case o.leaving:
		o.waiting = append(o.waiting, e)
		return true
	case o.inst == nil:
		o.inst = newInstance(o)
	}
	o.inst.submit(e)
	return true
}

// left ends leaving and runs what waited for it, before what comes from now on.
func (o *object) left() {
	o.mu.Lock()
	o.leaving, o.absent = false, o.host.Now()
	waiting := o.waiting
	o.waiting = nil
	refused := waiting[:0]
	for _, e := range waiting {
		if !o.admit(e) {
			refused = append(refused, e)
		}
	}
	o.mu.Unlock()
	for _, e := range refused {
		e.fail(driver.PlainError(msgConnectionLost))
	}
}

// own runs f, which makes a socket the instance's, unless the instance is gone: a reset
// that has begun would not drop the socket.
func (o *object) own(in *instance, f func() error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.inst != in {
		return driver.ErrReset
	}
	return f()
}

// connect returns the life that a stub's calls belong to from its first use on.
// What the object is first addressed by decides on its name until it is forgotten.
func (o *object) connect(id driver.ID) *life {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.addressed || o.forgotten() {
		o.addressed, o.name = true, nil
		if id.HasName {
			name := id.Name // only this is kept
			o.name = &name
		}
	}
	return o.life
}

// forgotten reports whether workerd would no longer know of the object, which has
// been out of memory for long and has no sockets. o.mu is held.
func (o *object) forgotten() bool {
	return o.inst == nil && !o.leaving && !o.absent.IsZero() && o.life.sockets.Count() == 0 && o.host.Now().Sub(o.absent) >= forgetTime
}

// instance returns the object in memory, nil if it is not.
func (o *object) instance() *instance {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.inst
}

// reset breaks the instance off for a reason that its class gave.
func (o *object) reset(in *instance, err *driver.Error) {
	e := *err
	e.DurableObjectReset = true
	o.breakOff(in, &e)
}

// breakOff breaks the instance: its events fail with err, its sockets are dropped
// with a bare FIN, what it had not committed is lost, its stubs stay broken.
func (o *object) breakOff(in *instance, err *driver.Error) {
	e := *err
	e.Remote, e.Stack, e.Cause = false, "", nil
	o.mu.Lock()
	if o.inst != in {
		o.mu.Unlock()
		return
	}
	o.inst, o.leaving = nil, true
	o.life.broken.Store(&e)
	o.life = o.newLife()
	flight := in.refuse()
	o.mu.Unlock()

	in.storage.Discard()
	in.life.sockets.Reset()
	o.emit(host.Event{Type: host.EventReset, Message: e.Uncaught(), Stack: err.Stack})
	remote := e
	remote.Remote = true
	for _, ev := range flight {
		ev.fail(&remote)
	}
	in.end()
	o.left()
}

// shutdown ends the object with its world.
func (o *object) shutdown() {
	o.mu.Lock()
	o.stopped = true
	in, flight := o.inst, o.waiting
	o.waiting = nil
	if in != nil {
		flight = append(flight, in.refuse()...)
	}
	sockets := o.life.sockets
	o.mu.Unlock()
	sockets.Shut()
	for _, e := range flight {
		e.fail(driver.PlainError(msgConnectionLost))
	}
	if in != nil {
		in.storage.Interrupt()
		in.end()
	}
}
