package emulator

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
)

// Object is a Durable Object seen from outside, by tests and tools. It stays
// valid whether the object is in memory or not.
type Object struct {
	o  *object
	id driver.ID
}

// outside is the object with an id, seen from outside.
func (n *namespace) outside(id driver.ID) *Object { return &Object{n.object(id.Bytes), id} }

// Addressed reports whether a Worker, another object or an alarm has ever called the
// object in this world.
func (o *Object) Addressed() bool {
	o.o.mu.Lock()
	defer o.o.mu.Unlock()
	return o.o.addressed
}

// State says where an object is.
type State string

// The states of an object.
const (
	Running    State = "running"    // an event has its turn
	Idle       State = "idle"       // in memory
	Hibernated State = "hibernated" // not in memory, with sockets
	Absent     State = "absent"     // not in memory, without sockets
)

// ID returns the object's id, with its name if that is known.
func (o *Object) ID() driver.ID {
	if o.id.HasName {
		return o.id
	}
	return o.o.ID()
}

// Class returns the name of the object's class.
func (o *Object) Class() string { return o.o.ns.Class.Name() }

// State says where the object is now.
func (o *Object) State() State {
	in := o.o.instance()
	if in == nil {
		if o.o.connections().Count() > 0 {
			return Hibernated
		}
		return Absent
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.busy {
		return Running
	}
	return Idle
}

// Pins returns what keeps the object in memory now, oldest first, goroutines that
// its class left running included.
func (o *Object) Pins() []Pin {
	pins := o.o.Pins()
	in := o.o.instance()
	if in == nil {
		return pins
	}
	for _, p := range pins {
		if p.Kind == driver.PinGoroutine {
			return pins
		}
	}
	if at, left := in.watch.LeftBehind(in.label, in.watch.Samples()); left {
		pins = append(pins, Pin{Kind: driver.PinGoroutine, Place: at, Since: in.host.Now()})
	}
	return pins
}

// PinnedError is [Object.Hibernate]'s error for an object that the runtime would
// not let go.
type PinnedError struct{ Pins []Pin }

func (e *PinnedError) Error() string {
	var list []string
	for _, p := range e.Pins {
		list = append(list, p.String())
	}
	return "the object cannot hibernate: pinned by " + strings.Join(list, "; ")
}

// String is the pin as a message shows it.
func (p Pin) String() string {
	s := string(p.Kind)
	if p.Handler != "" && p.Handler != s {
		s += " " + p.Handler
	}
	if p.Place != (driver.Place{}) {
		s += " at " + p.Place.String()
	}
	return s
}

// Hibernate takes the object out of memory now, as its idle time would if it were
// over. An object that something pins is refused, with a [*PinnedError].
func (o *Object) Hibernate() error {
	if pins := o.Pins(); len(pins) > 0 {
		return &PinnedError{pins}
	}
	in := o.o.instance()
	if in == nil {
		return nil
	}
	if in.stopIdle() {
		o.o.letGo(in)
	}
	if in.dead.Load() {
		return nil
	}
	return &PinnedError{o.Pins()}
}

// stopIdle stops the idle timer; false if nothing may be let go.
func (in *instance) stopIdle() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.idle != nil {
		in.idle.Stop()
		in.idle = nil
	}
	return !in.gone && !in.busy
}

// Evict takes the object out of memory whatever pins it, as a machine that goes
// away does: its events fail, accepted sockets are dropped, sockets accepted for
// hibernation stay.
func (o *Object) Evict() { o.o.evict() }

func (o *object) evict() {
	o.mu.Lock()
	in := o.inst
	if in == nil || o.stopped {
		o.mu.Unlock()
		return
	}
	o.inst, o.leaving = nil, true
	flight := in.refuse()
	o.mu.Unlock()
	in.storage.Discard()
	n := in.life.sockets.Evict()
	o.emit(host.Event{Type: host.EventEvict, Sockets: n})
	for _, e := range flight {
		e.fail(&driver.Error{Name: "Error", Message: msgConnectionLost, Remote: true, Retryable: true})
	}
	in.end()
	o.left()
}

// Abort resets the object as ctx.abort(reason) does.
func (o *Object) Abort(reason string) {
	in := o.o.instance()
	if in == nil {
		return
	}
	if reason == "" {
		reason = msgAbort
	}
	o.o.reset(in, driver.PlainError(reason))
}

// Socket is a connection accepted for hibernation, seen from outside.
type Socket struct {
	Tags         []string
	Attachment   driver.Value // nil if none
	Buffered     int64        // bytes that the client has not taken
	AutoAnswered time.Time    // zero if never
}

// Sockets returns the object's hibernatable sockets, the oldest first.
func (o *Object) Sockets() []Socket {
	found := o.o.connections().All(nil)
	list := make([]Socket, 0, len(found))
	for _, s := range slices.Backward(found) {
		one := Socket{Buffered: s.Buffered(), AutoAnswered: s.AutoAnswered()}
		one.Tags, _ = s.Tags()             // they are all hibernatable
		one.Attachment, _ = s.Attachment() // our own encoding
		list = append(list, one)
	}
	return list
}

// Storage runs f with the object's storage, between its events. It does not
// start the object. What f has written is committed, whatever f returns.
func (o *Object) Storage(f func(driver.Storage) error) error { return o.StorageBy(nil, f) }

// ErrBlocked is [Object.StorageBy]'s error when it is too late.
var ErrBlocked = errors.New("the object lets nobody in")

// StorageBy is Storage until late has something: if f could not begin by then it does
// not run, and the error is ErrBlocked.
func (o *Object) StorageBy(late <-chan time.Time, f func(driver.Storage) error) error {
	h := o.o.host
	o.o.mu.Lock()
	in := o.o.inst
	switch {
	case o.o.stopped:
		o.o.mu.Unlock()
		return errors.New("the world is closed")
	case in == nil && o.o.leaving:
		o.o.mu.Unlock()
		h.Activity.Settle(nil)
		return o.StorageBy(late, f)
	case in == nil:
		o.o.leaving = true // events wait
		o.o.mu.Unlock()
		defer o.o.left()
		return o.o.detached(f)
	}
	done := h.NewSignal()
	defer done.Done()
	var err error
	var decided atomic.Bool // whether f runs
	e := newEvent(completerFunc(func(*event) { done.Send() }), "storage", func(e *event) {
		if decided.CompareAndSwap(false, true) {
			err = f(e.in.storage)
		}
	})
	in.submit(e)
	o.o.mu.Unlock()
	select {
	case <-done.Sent():
	case <-late:
		if decided.CompareAndSwap(false, true) {
			return ErrBlocked
		}
		<-done.Sent()
	}
	if e.failure != nil {
		return e.failure
	}
	return err
}

// detached runs f with the storage of an object that is not in memory.
func (o *object) detached(f func(driver.Storage) error) error {
	in := &instance{o: o, host: o.host, watch: o.ns.Watch, gate: gate{busy: true}} // it never falls idle
	in.storage = o.ns.storage.Storage(o.id, (*storageTurn)(in))
	in.held(nil)
	defer in.storage.Close()
	err := f(in.storage)
	if lost := in.storage.Commit(); lost != nil {
		return lost
	}
	return err
}
