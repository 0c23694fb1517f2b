package object

// https://developers.cloudflare.com/durable-objects/concepts/durable-object-lifecycle/

import (
	"encoding/hex"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
)

// Object is a Durable Object that has been addressed, in memory or not. What
// is here outlives hibernation.
type Object struct {
	class *class
	host  *host.Host
	id    [32]byte

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
	ended     atomic.Uint64          // the number of the event with which it last left memory
}

// life is an object between two resets: what its stubs are connected to, and its
// connections, which no later life gets to see.
type life struct {
	broken  atomic.Pointer[driver.Error]
	sockets *socket.List
}

// lost is what the body of an object fails with that has been reset, nil if it has not.
func (l *life) lost() error {
	broken := l.broken.Load()
	if broken == nil {
		return nil
	}
	e := *broken
	e.Remote = true
	return &e
}

func newObject(c *class, id [32]byte) *Object {
	o := &Object{class: c, host: c.Host, id: id}
	o.life = o.newLife()
	return o
}

func (o *Object) newLife() *life {
	return &life{sockets: socket.NewList(o, o.class.Net)}
}

// connections are those of the object's present life.
func (o *Object) connections() *socket.List {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.life.sockets
}

// instance returns the object in memory, nil if it is not.
func (o *Object) instance() *instance {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.inst
}

// ID returns the object's id with its name, if that is known.
func (o *Object) ID() driver.ID {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ident()
}

// ident is ID. o.mu is held.
func (o *Object) ident() driver.ID {
	id := driver.ID{Bytes: o.id}
	if o.name != nil {
		id.Name, id.HasName = *o.name, true
	}
	return id
}

func idString(id [32]byte) string { return hex.EncodeToString(id[:]) }

// connect returns the life that a stub's calls belong to from its first use on.
// What the object is first addressed by decides on its name until it is forgotten.
func (o *Object) connect(id driver.ID) *life {
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
func (o *Object) forgotten() bool {
	return o.inst == nil && !o.leaving && !o.absent.IsZero() && o.life.sockets.Count() == 0 && o.host.Now().Sub(o.absent) >= forgetTime
}

// submit gives an event to the object, which is started if it is not in memory.
// The event's fail is called if it cannot run.
func (o *Object) submit(e *event) {
	o.mu.Lock()
	admitted := o.admit(e)
	o.mu.Unlock()
	if !admitted {
		e.fail(driver.PlainError(driver.ConnectionLost))
	}
}

// admit queues an event, unless its object has ended or a reset has dropped its socket:
// what such a socket still sends goes with the events in flight, or the next instance
// would handle messages whose predecessors are lost. o.mu is held, under which a reset
// begins another life.
func (o *Object) admit(e *event) bool {
	switch {
	case o.stopped || e.ws.FromDropped(o.life.sockets):
		return false
	case o.leaving:
		o.waiting = append(o.waiting, e)
		return true
	case o.inst == nil:
		o.inst = newInstance(o, e)
	}
	o.inst.submit(e)
	return true
}

// own runs f, which makes a socket the instance's, unless the instance is gone: a reset
// that has begun would not drop the socket.
func (o *Object) own(in *instance, f func() error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.inst != in {
		return driver.ErrReset
	}
	return f()
}

// Pins returns what keeps the object in memory now, oldest first.
func (o *Object) Pins() []Pin {
	list, running := o.pinned()
	if running.pin >= 0 && running.goroutine != 0 {
		list[running.pin].Place = stacks.Where(running.goroutine)
	}
	slices.SortStableFunc(list, func(a, b Pin) int { return a.Since.Compare(b.Since) })
	return list
}

// pinned is Pins in no order and without the place of what has the turn: to look for it
// stops the whole process.
func (o *Object) pinned() ([]Pin, running) {
	r := running{pin: -1}
	in := o.instance()
	if in == nil {
		return nil, r
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	list := make([]Pin, len(in.pins))
	h, current := in.holder.Load(), in.current.Load()
	for i, p := range in.pins {
		list[i] = Pin{Kind: p.kind, Place: p.at, Since: p.since}
		if e, ok := p.of.(*event); ok {
			list[i].Handler = e.handler
			if current == e && p.at == (driver.Place{}) {
				r = running{pin: i, label: in.label}
				if h != nil && h.e == current {
					r.goroutine = h.goroutine
				}
			}
		}
	}
	return list, r
}

// emit adds an event of the object to the stream and returns its number.
func (o *Object) emit(e host.Event) uint64 {
	if !o.host.Events.Observed() {
		return 0 // the id's text is worth sparing
	}
	id := o.ID()
	if noted := o.noted.Load(); noted != nil && !id.HasName {
		id.Name = *noted
	}
	e.Class, e.ID, e.Name = o.class.Class.Name(), idString(o.id), id.Name
	return o.host.Emit(e)
}

// detached runs f with the storage of an object that is not in memory.
func (o *Object) detached(f func(driver.Storage) error) error {
	in := &instance{o: o, host: o.host, watch: o.class.Watch, gate: gate[*event]{busy: true}} // it never falls idle
	in.storage = o.class.storage.Storage(o.id, (*storageTurn)(in))
	in.held(nil)
	defer in.storage.Close()
	err := f(in.storage)
	if lost := in.storage.Commit(); lost != nil {
		return lost
	}
	return err
}
