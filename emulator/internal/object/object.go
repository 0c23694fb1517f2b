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

// Object is a Durable Object that has been addressed, in memory or not. It outlives hibernation.
type Object struct {
	class *class
	host  *host.Host
	id    [32]byte

	mu      sync.Mutex // never held while user code runs; taken before instance.mu
	inst    *instance  // nil: not in memory
	leaving bool       // an instance leaves memory; new events wait
	waiting []*event   // the events that wait for that
	life    *life      // of this and later instances, until a reset
	stopped bool       // the world is closed

	addressed bool                   // somebody has called the object, and workerd would not have forgotten it since
	name      *string                // the name of the stub that called first; nil if that had only an id
	absent    time.Time              // when the latest instance left memory
	noted     atomic.Pointer[string] // its name as wrangler's local explorer has it, for the log
	ended     atomic.Uint64          // the number of the event with which it last left memory
}

// life is an object between two resets. Stubs belong to one life and break with it, and its sockets
// end with it.
type life struct {
	broken  atomic.Pointer[driver.Error] // the reason of the reset that ended it; nil before
	sockets *socket.List
}

// lost returns the error of a body whose object has been reset. It is nil if the object has not.
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

// connections returns the sockets of the object's present life.
func (o *Object) connections() *socket.List {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.life.sockets
}

// instance returns the object's instance, nil if the object is not in memory.
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

// connect returns the present life, to which a stub belongs from its first call on. The first stub
// that calls decides the object's name, until the object is forgotten.
func (o *Object) connect(id driver.ID) *life {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.addressed || o.forgotten() {
		o.addressed, o.name = true, nil
		if id.HasName {
			name := id.Name // a pointer to id.Name would keep all of id
			o.name = &name
		}
	}
	return o.life
}

// forgotten reports whether workerd would have forgotten the object: it has no sockets and left memory
// long ago. o.mu is held.
func (o *Object) forgotten() bool {
	return o.inst == nil && !o.leaving && !o.absent.IsZero() && o.life.sockets.Count() == 0 && o.host.Now().Sub(o.absent) >= forgetTime
}

// submit queues an event of the object, and starts the object if it is not in memory. If the event
// cannot run it fails.
func (o *Object) submit(e *event) {
	o.mu.Lock()
	admitted := o.admit(e)
	o.mu.Unlock()
	if !admitted {
		e.fail(driver.PlainError(driver.ConnectionLost))
	}
}

// admit queues an event. It refuses every event once the world is closed, and those of a socket that a
// reset has dropped: the next instance would handle messages although the ones before them are lost.
// o.mu is held, so that no reset comes between the look and the queue.
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

// own runs f, which makes a socket the instance's. If the instance is gone f does not run: the reset
// has dropped the sockets already, and would miss this one.
func (o *Object) own(in *instance, f func() error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.inst != in {
		return driver.ErrReset
	}
	return f()
}

// Pins returns what keeps the object in memory, the oldest first.
func (o *Object) Pins() []Pin {
	list, running, label := o.pinned()
	if running >= 0 && o.class.Watch.Foreign != nil {
		list[running].Place = stacks.Handlers()[label]
	}
	slices.SortStableFunc(list, func(a, b Pin) int { return a.Since.Compare(b.Since) })
	return list
}

// pinned is Pins in no order. Of the handler that has the turn it returns, instead of the place, the
// index, which is -1 without such a handler, and the label: to find the place stops the whole process.
func (o *Object) pinned() (list []Pin, running int, label string) {
	running = -1
	in := o.instance()
	if in == nil {
		return nil, running, ""
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	list = make([]Pin, len(in.pins))
	current := in.current.Load()
	for i, p := range in.pins {
		list[i] = Pin{Kind: p.kind, Place: p.at, Since: p.since}
		if e, ok := p.of.(*event); ok {
			list[i].Handler = e.handler
			if current == e && p.at == (driver.Place{}) {
				running = i
			}
		}
	}
	return list, running, in.label
}

// emit adds an event of the object to the stream and returns its number.
func (o *Object) emit(e host.Event) uint64 {
	if !o.host.Events.Observed() {
		return 0 // the text of the id would be made for nothing
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
	in := &instance{o: o, host: o.host, watch: o.class.Watch, gate: gate[*event]{busy: true}} // busy: no idle timer
	in.storage = o.class.storage.Storage(o.id, (*storageTurn)(in))
	in.held(nil)
	defer in.storage.Close()
	err := f(in.storage)
	if lost := in.storage.Commit(); lost != nil {
		return lost
	}
	return err
}
