package object

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Handle is the handle by which tests and tools look at a Durable Object. It stays valid when the object
// leaves memory.
type Handle struct {
	o  *Object
	id driver.ID
}

func (o *Object) Handle() *Handle { return &Handle{o, o.ID()} }

// Outside returns a handle of the object with an id. It does not start the object.
func (n *Namespace) Outside(id driver.ID) *Handle { return &Handle{n.object(id.Bytes), id} }

// Addressed reports whether a Worker, another object or an alarm has ever called the
// object in this world.
func (o *Handle) Addressed() bool {
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
func (o *Handle) ID() driver.ID {
	if o.id.HasName {
		return o.id
	}
	return o.o.ID()
}

// Class returns the name of the object's class.
func (o *Handle) Class() string { return o.o.class.Class.Name() }

// State says where the object is now.
func (o *Handle) State() State {
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

// Pins returns what keeps the object in memory, the oldest first. Goroutines that the class has
// left running count.
func (o *Handle) Pins() []Pin {
	pins := o.o.Pins()
	in := o.o.instance()
	if in == nil || slices.ContainsFunc(pins, func(p Pin) bool { return p.Kind == driver.PinGoroutine }) {
		return pins
	}
	if at, left := in.watch.LeftBehind(in.label, in.watch.Samples()); left {
		pins = append(pins, Pin{Kind: driver.PinGoroutine, Place: at, Since: in.host.Now()})
	}
	return pins
}

// PinnedError is the error of [Handle.Hibernate] for an object that something keeps in memory.
type PinnedError struct{ Pins []Pin }

func (e *PinnedError) Error() string {
	var list []string
	for _, p := range e.Pins {
		list = append(list, p.String())
	}
	return "the object cannot hibernate: pinned by " + strings.Join(list, "; ")
}

// Hibernate takes the object out of memory now, as the end of its idle time would. It returns a
// [*PinnedError] if something keeps the object in memory.
func (o *Handle) Hibernate() error {
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

// Evict takes the object out of memory although something may pin it, as the loss of its machine
// does. Its events fail and its accepted sockets are dropped; hibernatable sockets stay.
func (o *Handle) Evict() { o.o.evict() }

// Abort resets the object as ctx.abort(reason) does.
func (o *Handle) Abort(reason string) {
	if in := o.o.instance(); in != nil {
		o.o.reset(in, driver.PlainError(cmp.Or(reason, msgAbort)))
	}
}

// Socket is a hibernatable WebSocket as tests and tools see it.
type Socket struct {
	Tags         []string
	Attachment   driver.Value // nil if none
	Buffered     int64        // bytes that the client has not taken
	AutoAnswered time.Time    // zero if never
}

// Sockets returns the object's hibernatable sockets, the oldest first.
func (o *Handle) Sockets() []Socket {
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

// Storage runs f with the object's storage, between its events. It does not start the object. The
// writes of f are committed, also if f returns an error.
func (o *Handle) Storage(f func(driver.Storage) error) error { return o.StorageBy(nil, f) }

// ErrBlocked is the error of [Handle.StorageBy] if an event has kept its turn for too long.
var ErrBlocked = errors.New("the object lets nobody in")

// StorageBy is Storage with a limit: if late sends before f has begun, f does not run, and the
// error is ErrBlocked.
func (o *Handle) StorageBy(late <-chan time.Time, f func(driver.Storage) error) error {
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
		o.o.leaving = true // events that come while f runs wait
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
