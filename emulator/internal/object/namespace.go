package object

// https://developers.cloudflare.com/durable-objects/api/namespace/

import (
	"maps"
	"slices"
	"sync"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
	"github.com/seed-36a2c969/emu/emulator/internal/storage"
)

// Namespace holds the objects of one class.
type Namespace struct {
	class
	key *idKey

	mu      sync.Mutex
	objects map[[32]byte]*Object
	closed  bool
}

// Open opens the namespace of a class.
func Open(g Config, o storage.Options) (n *Namespace, err error) {
	if !g.Class.Goroutines() {
		g.Watch = stacks.NoWatch()
	}
	n = &Namespace{class: class{Config: g, handlers: g.Class.Handlers()}, key: newIDKey(g.Key), objects: map[[32]byte]*Object{}}
	o.Ringer = n
	n.storage, err = storage.Open(o)
	return n, err
}

// object returns the object with an id, in memory or not.
func (n *Namespace) object(id [32]byte) *Object {
	n.mu.Lock()
	defer n.mu.Unlock()
	o := n.objects[id]
	if o == nil {
		o = newObject(&n.class, id)
		o.stopped = n.closed
		n.objects[id] = o
	}
	return o
}

func (n *Namespace) IDFromName(name string) driver.ID { return n.key.fromName(name) }

func (n *Namespace) IDFromString(hex string) (driver.ID, error) { return n.key.fromString(hex) }

func (n *Namespace) NewUniqueID() driver.ID {
	var base [16]byte
	n.Host.Chance.Read(base[:])
	return driver.ID{Bytes: n.key.fromBase(base[:])}
}

// Jurisdiction refuses every jurisdiction, as workerd does.
func (n *Namespace) Jurisdiction(j string) (driver.Namespace, error) {
	if j != "" {
		return nil, driver.PlainError(msgJurisdiction)
	}
	return n, nil
}

// Get returns a stub. An id of another namespace works, as locally in workerd.
func (n *Namespace) Get(id driver.ID) driver.Stub { return &stub{o: n.object(id.Bytes), id: id} }

// Stop returns the objects, for the caller to shut down. An object that is addressed later is stopped from the beginning.
func (n *Namespace) Stop() []*Object {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	return slices.Collect(maps.Values(n.objects))
}

// All returns the objects that have been addressed.
func (n *Namespace) All() []*Object {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Collect(maps.Values(n.objects))
}
