package emutest

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Object is a Durable Object of the world, seen from the test. It is the same
// object whether it is in memory or not.
type Object struct {
	w *World
	o *emulator.Object
}

// Object returns the object of that name in the namespace of a binding. It does
// not start it. A binding that is not there fails the test.
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

// State says where the object is, after what the test has sent is dealt with.
func (o *Object) State() emulator.State {
	o.w.t.Helper()
	o.w.Settle()
	return o.o.State()
}

// Pins returns what keeps the object in memory, oldest first: after what the test has
// sent is dealt with or, if that takes as long as [World.Settle] waits, as it is then.
func (o *Object) Pins() []emulator.Pin {
	o.w.settles()
	return o.o.Pins()
}

// PinsNow is Pins without waiting for what the test has sent, for a test whose
// handler is blocked outside the emulator.
func (o *Object) PinsNow() []emulator.Pin { return o.o.Pins() }

// errNeverAddressed replaces a success that would say nothing: the object was never called.
var errNeverAddressed = errors.New("the object has never been addressed in this world")

// Hibernate takes the object out of memory as its idle time would. If something pins
// it the test fails, with the pin's kind and place, and so it does if nothing has ever
// addressed the object.
func (o *Object) Hibernate() {
	o.w.t.Helper()
	if err := o.TryHibernate(); err != nil {
		o.w.t.Fatalf("emutest: %s: %v", o, err)
	}
}

// TryHibernate is Hibernate for an object that may be pinned: then it returns an
// [*emulator.PinnedError].
func (o *Object) TryHibernate() error {
	o.w.t.Helper()
	o.w.Settle()
	if !o.o.Addressed() {
		return errNeverAddressed
	}
	return o.o.Hibernate()
}

// Evict takes the object out of memory whatever pins it, as the end of its machine
// would: its events fail, sockets accepted for hibernation stay.
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

// Socket is a connection that the object has accepted for hibernation.
type Socket struct {
	Tags         []string
	Attachment   durable.Value // undefined if none
	Buffered     int64         // bytes that the client has not taken
	AutoAnswered time.Time     // zero if never
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

// Storage runs f with the object's storage, between its events, without starting
// it. What f writes is committed, also if f returns an error, as what a handler writes
// is; the error fails the test. There is no event, whose context Storage.Transaction and
// Sync need: in f it is TransactionSync. An object that lets nobody in, for 30 seconds of
// the time package's time, fails the test.
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

// AssertHibernatable fails the test if something keeps the object in memory when what
// the test has sent is dealt with, and names it with its file and line. That includes
// what ends by itself, such as a Sleep: until then the idle time does not begin. An object
// that nothing has ever addressed fails the test too.
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
