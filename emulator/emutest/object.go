package emutest

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Object is a Durable Object of the world, in memory or not.
type Object struct {
	w *World
	o *emulator.Object
}

// Object returns the object of that name in the namespace of a binding, without starting it.
// A binding that does not exist fails the test.
func (w *World) Object(binding, name string) *Object {
	w.t.Helper()
	o, err := w.world.Object(binding, name)
	if err != nil {
		w.t.Fatalf("emutest: %v", err)
	}
	return &Object{w, o}
}

// ID returns the object's id in hexadecimal.
func (o *Object) ID() string { return fmt.Sprintf("%x", o.o.ID().Bytes) }

// String names the object in messages.
func (o *Object) String() string {
	if id := o.o.ID(); id.HasName {
		return fmt.Sprintf("%s %q", o.o.Class(), id.Name)
	}
	return o.o.Class() + " " + o.ID()
}

// State returns the state of the object after [World.Settle].
func (o *Object) State() emulator.State {
	o.w.t.Helper()
	o.w.Settle()
	return o.o.State()
}

// Pins returns what keeps the object in memory, the oldest first. It waits like
// [World.Settle], but does not fail the test if handlers still run.
func (o *Object) Pins() []emulator.Pin {
	o.w.settles()
	return o.o.Pins()
}

// PinsNow is Pins without waiting, for a test whose handler is blocked.
func (o *Object) PinsNow() []emulator.Pin { return o.o.Pins() }

// errNeverAddressed is an error because an object that was never called cannot fail to hibernate: a test
// that passes would say nothing.
var errNeverAddressed = errors.New("the object has never been addressed in this world")

// Hibernate takes the object out of memory, as its idle time would. If something pins the
// object, the test fails with the kind and place of the pin. It also fails if the object was
// never called.
func (o *Object) Hibernate() {
	o.w.t.Helper()
	if err := o.TryHibernate(); err != nil {
		o.w.t.Fatalf("emutest: %s: %v", o, err)
	}
}

// TryHibernate is Hibernate for an object that may be pinned: it returns an
// [*emulator.PinnedError] instead of failing the test.
func (o *Object) TryHibernate() error {
	o.w.t.Helper()
	o.w.Settle()
	if !o.o.Addressed() {
		return errNeverAddressed
	}
	return o.o.Hibernate()
}

// Evict takes the object out of memory even if something pins it, as the end of its machine
// would. Its events fail. Sockets accepted for hibernation stay.
func (o *Object) Evict() {
	o.w.t.Helper()
	o.w.Settle()
	o.o.Evict()
	o.w.Settle()
}

// Abort resets the object as ctx.abort(reason) would.
func (o *Object) Abort(reason string) {
	o.w.t.Helper()
	o.w.Settle()
	o.o.Abort(reason)
	o.w.Settle()
}

// Socket is a WebSocket that the object has accepted for hibernation.
type Socket struct {
	Tags         []string
	Attachment   durable.Value // undefined if none
	Buffered     int64         // bytes that the client has not read
	AutoAnswered time.Time     // the last automatic response; zero if there was none
}

// Sockets returns the object's sockets, the oldest first.
func (o *Object) Sockets() []Socket {
	o.w.t.Helper()
	o.w.Settle()
	var list []Socket
	for _, s := range o.o.Sockets() {
		list = append(list, Socket{s.Tags, durable.ValueOf(s.Attachment), s.Buffered, s.AutoAnswered})
	}
	return list
}

// Storage runs f with the object's storage, between its events, without starting it. As in a
// handler f's writes are committed, also if f returns an error, which fails the test.
// Storage.Transaction and Storage.Sync need the context of an event, which f does not have:
// use TransactionSync. The test fails if the object blocks other events for 30 seconds of
// package time.
func (o *Object) Storage(f func(s *durable.Storage) error) {
	o.w.t.Helper()
	o.w.Settle()
	late := time.NewTimer(settlePatience)
	defer late.Stop()
	err := o.o.StorageBy(late.C, func(s driver.Storage) error { return f(durable.StorageOf(s)) })
	switch {
	case errors.Is(err, emulator.ErrBlocked):
		o.w.t.Fatalf("emutest: storage of %s: after %v something still runs: %s", o, settlePatience, o.w.world.Busy())
	case err != nil:
		o.w.t.Errorf("emutest: storage of %s: %v", o, err)
	}
}

// AssertHibernatable fails the test if something pins the object after [World.Settle], with
// the kind and place of each pin. A Sleep is a pin too, since the idle time begins only when
// it has ended. The test also fails if the object was never called.
func AssertHibernatable(t TB, o *Object) {
	t.Helper()
	t = shown{t}
	pins := o.Pins()
	if !o.o.Addressed() {
		t.Errorf("emutest: %s: %v", o, errNeverAddressed)
	}
	for _, p := range pins {
		t.Errorf("emutest: %s cannot hibernate: pinned by %s for %s", o, p, o.w.Now().Sub(p.Since).Round(time.Millisecond))
	}
}
