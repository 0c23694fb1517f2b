package emulator

// How an alarm is set and deleted, with the commit of the batch that does it.
// https://developers.cloudflare.com/durable-objects/api/alarms/#setalarm

import (
	"container/heap"
	"fmt"
	"time"

	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

// change commits a batch in which the object's alarm may have changed: to ns, or to
// none. A crash on the way loses no alarm: one that comes sooner than the one
// before is in the namespace's file before the commit, and one that comes later,
// or never, leaves the one before there until after it, which then finds nothing
// to run.
func (a *alarms) change(o *object, ns int64, set bool, commit func() error) error {
	a.mu.Lock()
	was := a.byID[o]
	a.mu.Unlock()
	sooner := set && (was == nil || ns < was.scheduled)
	if sooner {
		if err := a.save(o, ns); err != nil {
			return fmt.Errorf("save the alarm: %v", err) // not as the database's own error
		}
	}
	if err := commit(); err != nil {
		if sooner && was != nil {
			a.report(o, a.save(o, was.scheduled))
		}
		return err
	}
	switch {
	case !set:
		a.drop(o)
	default:
		if !sooner && ns != was.scheduled {
			a.report(o, a.save(o, ns))
		}
		a.schedule(o, ns)
	}
	return nil
}

// have reports whether the object's alarm is the one given.
func (a *alarms) have(o *object, ns int64, set bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	was := a.byID[o]
	return set && was != nil && was.scheduled == ns || !set && was == nil
}

// report tells of a failure to write that no caller gets to see.
func (a *alarms) report(o *object, err error) {
	if err != nil {
		o.emit(host.Event{Type: host.EventError, Handler: "storage", Message: err.Error()})
	}
}

// save writes an alarm to the namespace's file.
func (a *alarms) save(o *object, ns int64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	file := a.files[o.ns]
	if file == nil {
		return nil
	}
	return file.Set(store.Alarm{ID: idString(o.id), Time: ns, Name: o.ID().Name})
}

// schedule sets the object's alarm, which replaces the one it had. As in workerd it waits
// for the retry of that one, which runs in its place if its time has come by then.
func (a *alarms) schedule(o *object, ns int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.put(o, ns).name = o.ID().Name
	a.arm()
}

// put: a.mu is held.
func (a *alarms) put(o *object, ns int64) *alarm {
	was, first := a.byID[o], a.running[o]
	switch {
	case was == nil || was != first:
		a.remove(o)
	case was.index >= 0 && was.scheduled == ns:
		return was // it is to be retried
	}
	next := &alarm{o: o, scheduled: ns, due: time.Unix(0, ns), index: -1}
	a.byID[o] = next
	if first == nil {
		a.add(next)
	}
	return next
}

// remove: a.mu is held.
func (a *alarms) remove(o *object) {
	if was := a.byID[o]; was != nil {
		if was.index >= 0 {
			heap.Remove(&a.queue, was.index)
		}
		delete(a.byID, o)
	}
}

// removeRetry: a.mu is held.
func (a *alarms) removeRetry(o *object) {
	if al := a.running[o]; al != nil && al.index >= 0 {
		heap.Remove(&a.queue, al.index)
		delete(a.running, o)
	}
}

// abandon has the object's alarm not retried, if it runs.
func (a *alarms) abandon(o *object) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if al := a.running[o]; al != nil && al.index < 0 {
		al.abandoned = true
	}
}

// drop removes the object's alarm.
func (a *alarms) drop(o *object) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.removeRetry(o)
	a.remove(o)
	if file := a.files[o.ns]; file != nil {
		a.report(o, file.Delete(idString(o.id)))
	}
	a.arm()
}
