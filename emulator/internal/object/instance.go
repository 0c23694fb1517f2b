package object

// https://developers.cloudflare.com/durable-objects/concepts/what-are-durable-objects/

import (
	"cmp"
	"context"
	"errors"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/clock"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/socket"
	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
	"github.com/seed-36a2c969/emu/emulator/internal/storage"
)

// instance is an object in memory: one construction of the class. One event at
// a time has its turn; see instance_turn.go.
type instance struct {
	o       *Object
	host    *host.Host
	watch   *stacks.Watch
	life    *life // of o
	id      driver.ID
	obj     driver.Instance // set by the constructor's event, which is the instance's first
	storage *storage.Storage
	cancel  context.CancelCauseFunc
	ctx     context.Context        // of the events; carries the profiler's label
	label   string                 // of the goroutines that the class starts: see stacks
	holder  atomic.Pointer[holder] // the event that has the turn; nil without Options.Foreign
	current atomic.Pointer[event]  // the event that has the turn
	began   atomic.Uint64          // the number of the event of its construction
	out     socket.Outbox          // frames of the present turn; only the event that has the turn uses it
	ended   []*event               // ended events whose results are kept back: see answersWait; likewise

	mu sync.Mutex
	gate[*event]
	pins     []*pin      // in no order
	gone     bool        // the instance has left memory
	departed bool        // depart has called the class
	dead     atomic.Bool // the same as gone, to be read without mu
	idle     clock.Timer
	quiet    time.Time // when the last pin was removed
	sampled  uint64    // the number of the latest sample of goroutines at that time
}

// newInstance starts an instance for an event that needs it. o.mu is held.
func newInstance(o *Object, first *event) *instance {
	in := &instance{o: o, host: o.host, watch: o.class.Watch, life: o.life, id: inside(o.ident())}
	in.storage = o.class.storage.Storage(o.id, (*storageTurn)(in))
	ctx, cancel := context.WithCancelCause(context.Background())
	in.cancel = cancel
	in.label = in.watch.Label()
	in.ctx = stacks.Labelled(ctx, in.label)
	e := newEvent(nil, "constructor", in.construct)
	e.cause.Store(cmp.Or(first.cause.Load(), o.ended.Load()))
	in.blocker = e
	in.submit(e)
	return in
}

// construct is the first event of an instance.
func (in *instance) construct(e *event) {
	o := in.o
	woken := in.life.sockets.Count() > 0
	o.class.storage.Create(o.id)
	// In JavaScript a constructor can wait only inside blockConcurrencyWhile, whose time limit holds here for each wait.
	var limit clock.Timer
	e.onRelease = func() { limit = in.limit() }
	defer func() {
		e.onRelease = nil
		if limit != nil {
			limit.Stop()
		}
	}()
	obj, err := o.class.Class.Construct(e, (*state)(in), o.class.Env)
	if err == nil {
		in.obj = obj // also if the instance is gone: depart calls the class
	}
	if in.dead.Load() {
		return // breakOff has emitted the reason
	}
	if err != nil {
		o.reset(in, e.fault(driver.Exception(err)))
		return
	}
	in.mu.Lock()
	in.blocker = nil
	in.mu.Unlock()
	began := host.Event{Type: host.EventStart, Cause: e.cause.Load()}
	if woken {
		began.Type, began.Sockets = host.EventWake, in.life.sockets.Count()
	}
	in.began.Store(o.emit(began))
}

// submit queues a new event. o.mu is held: the instance cannot leave memory meanwhile.
func (in *instance) submit(e *event) {
	in.mu.Lock()
	defer in.mu.Unlock()
	e.in = in
	if e.Context == nil {
		e.Context = in.ctx
	}
	in.addPin(&e.pin)
	in.ready.add(turn[*event]{e: e})
	if !in.busy {
		if next := in.pass(); next != nil {
			in.spawn(next)
		}
	}
}

// spawn runs an event that has the turn on a goroutine of its own.
func (in *instance) spawn(e *event) {
	in.host.Go(func() { in.run(e) })
}

// run runs an event that has the turn, and then each next event that has not begun.
func (in *instance) run(e *event) {
	pprof.SetGoroutineLabels(in.ctx)
	for e != nil {
		e = in.runOne(e)
	}
}

// runOne runs an event. The result is the next event, which has the turn then.
func (in *instance) runOne(e *event) *event {
	stacks.Guard(func() {
		e.holds = true
		in.held(e)
		e.run(e)
	}, func(panicked any, thrown *driver.Error) {
		if panicked != nil || !in.dead.Load() { // on an instance that is gone Abort has ended the goroutine
			thrown = e.fault(thrown)
		}
		if e.handler == "constructor" {
			in.o.reset(in, thrown)
		}
		e.throw(thrown)
		if panicked == nil { // this goroutine ends: the next event needs another one
			if after := in.finish(e); after != nil {
				in.spawn(after)
			}
		}
	})
	return in.finish(e)
}

func (in *instance) waitUntil(f func(ctx context.Context) error, at driver.Place) {
	e := newEvent(nil, "waitUntil", func(e *event) {
		if e.overdue() != nil {
			return
		}
		if err := f(e); err != nil && !in.over(err) && e.overdue() == nil {
			e.fault(driver.Exception(err))
		}
	})
	e.pin.kind, e.pin.at = driver.PinWaitUntil, at
	if of := in.current.Load(); of != nil {
		e.calledBy(of)
		if of.deadline != nil {
			e.in = in
			e.limit(of.deadline)
		}
	}
	in.o.mu.Lock()
	defer in.o.mu.Unlock()
	if in.o.inst == in && !in.o.stopped {
		in.submit(e)
	}
}

// because is that of the event that has the turn.
func (in *instance) because() uint64 {
	if e := in.current.Load(); e != nil {
		return e.because()
	}
	return in.began.Load()
}

func (in *instance) handles(h driver.Handlers) bool { return in.o.class.handlers&h != 0 }

// end wakes the waiting events of an instance that is gone.
func (in *instance) end() {
	in.cancel(driver.ErrReset)
	in.mu.Lock()
	var waiting []*host.Signal
	for _, p := range in.pins {
		if e, ok := p.of.(*event); ok && e.wakes != nil {
			waiting = append(waiting, e.wakes)
		}
	}
	in.mu.Unlock() // Send queues the event, for which it takes the same lock
	for _, s := range waiting {
		s.Send()
	}
	in.depart()
}

// depart tells the front end that the instance is gone, once its last event has ended.
func (in *instance) depart() {
	in.mu.Lock()
	departs := in.gone && in.begun == 0 && !in.departed
	in.departed = in.departed || departs
	in.mu.Unlock()
	if !departs {
		return // a constructor that still runs may be about to set in.obj
	}
	if d, ok := in.obj.(driver.Departed); ok {
		d.Gone()
	}
}

// refuse marks the instance as gone. It returns the events that run or wait, which the caller must
// fail. o.mu is held.
func (in *instance) refuse() (flight []*event) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.gone, in.blocker = true, nil
	in.dead.Store(true)
	in.ready.keepResumed()
	for _, p := range in.pins {
		if e, ok := p.of.(*event); ok {
			flight = append(flight, e)
		}
	}
	if in.idle != nil {
		in.idle.Stop()
	}
	if !in.busy {
		in.pass()
	}
	return flight
}

// over reports whether an error only says that the instance is gone. Such an error is not logged.
func (in *instance) over(err error) bool { return in.dead.Load() && errors.Is(err, driver.ErrReset) }

// overdue is overdue of the event that has the turn.
func (in *instance) overdue() error {
	if e := in.current.Load(); e != nil {
		return e.overdue()
	}
	return nil
}
