package alarms

// https://developers.cloudflare.com/durable-objects/api/alarms/#setalarm

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/clock"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

// Namespace is the alarms of one class's objects.
type Namespace struct {
	s      *Scheduler
	ringer Ringer

	// s.mu guards these.
	file    *store.Alarms       // metadata.sqlite; nil in memory
	current map[[32]byte]*alarm // by object: the alarm that its database has
	running map[[32]byte]*alarm // by object: the alarm whose handler runs or is to be retried
}

// A Ringer runs the alarm handlers of a namespace's objects.
type Ringer interface {
	// Ring runs the handler of an alarm that is due, and does not wait for it.
	Ring(r *Run)
	// GiveUp is called after the last of the runs that an alarm may fail.
	GiveUp(r *Run)
	// Report says what could not be written of an object's alarm, if no caller is left to say it to.
	Report(id [32]byte, err error)
}

// Commit runs commit, which commits a batch that may have changed an object's alarm: to at,
// in ns since 1970, or to none.
//
// Two files hold an alarm, the object's and the namespace's, and only what the latter holds
// rings after a crash. So that a crash between the two loses no alarm, one that comes sooner
// than the one before is in the namespace's file before the commit. One that comes later is
// there after it: after a crash the one before rings, and the object's file says that it is
// not due.
func (n *Namespace) Commit(id driver.ID, at int64, set bool, commit func() error) error {
	n.s.mu.Lock()
	was := n.current[id.Bytes]
	n.s.mu.Unlock()
	sooner := set && (was == nil || at < was.scheduled)
	if sooner {
		if err := n.save(id, at); err != nil {
			return fmt.Errorf("save the alarm: %v", err) // not wrapped: it would pass for the object's own error
		}
	}
	if err := commit(); err != nil {
		if sooner && was != nil {
			n.report(id, n.save(id, was.scheduled))
		}
		return err
	}
	if !set {
		n.Delete(id)
		return nil
	}
	if !sooner && at != was.scheduled {
		n.report(id, n.save(id, at))
	}
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	n.set(id, at)
	n.s.arm()
	return nil
}

// Has reports whether the object's alarm is at that time, or whether it has none.
func (n *Namespace) Has(id driver.ID, at int64, set bool) bool {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	a := n.current[id.Bytes]
	return set && a != nil && a.scheduled == at || !set && a == nil
}

// Delete removes the object's alarm, a retry included.
func (n *Namespace) Delete(id driver.ID) {
	n.report(id, n.delete(id))
}

func (n *Namespace) delete(id driver.ID) (err error) {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	if a := n.running[id.Bytes]; a != nil && n.s.queue.Remove(a) {
		delete(n.running, id.Bytes)
	}
	n.remove(id)
	if n.file != nil {
		err = n.file.Delete(hex.EncodeToString(id.Bytes[:]))
	}
	n.s.arm()
	return err
}

// NoRetry has the run of the object's alarm that is under way, if one is, not retried.
func (n *Namespace) NoRetry(id driver.ID) {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	if a := n.running[id.Bytes]; a != nil && !a.Queued() {
		a.noRetry = true
	}
}

func (n *Namespace) save(id driver.ID, at int64) error {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	if n.file == nil {
		return nil
	}
	return n.file.Set(store.Alarm{ID: hex.EncodeToString(id.Bytes[:]), Time: at, Name: id.Name})
}

func (n *Namespace) report(id driver.ID, err error) {
	if err != nil {
		n.ringer.Report(id.Bytes, err)
	}
}

// set makes an alarm the object's, in place of the one it had. If that one runs, the new one
// waits for its end; as in workerd it also waits for its retry, which rings in its place if
// its time has come by then. s.mu is held.
func (n *Namespace) set(id driver.ID, at int64) {
	id.HasName = id.Name != ""
	was, running := n.current[id.Bytes], n.running[id.Bytes]
	switch {
	case was == nil || was != running:
		n.remove(id)
	case was.Queued() && was.scheduled == at:
		was.id = id
		return // the retry is what was asked for
	}
	a := &alarm{Entry: clock.Entry{Due: time.Unix(0, at)}, of: n, id: id, scheduled: at}
	n.current[id.Bytes] = a
	if running == nil {
		n.s.queue.Add(a)
	}
}

// remove takes the object's alarm away, but for its retry. s.mu is held.
func (n *Namespace) remove(id driver.ID) {
	if a := n.current[id.Bytes]; a != nil {
		n.s.queue.Remove(a)
		delete(n.current, id.Bytes)
	}
}
