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

// Namespace holds the alarms of one class's objects.
type Namespace struct {
	s      *Scheduler
	ringer Ringer

	// guarded by s.mu
	file    *store.Alarms       // metadata.sqlite; nil in memory
	current map[[32]byte]*alarm // by object: the alarm that getAlarm() returns
	running map[[32]byte]*alarm // by object: the alarm whose handler runs or waits for its retry
}

// Ringer runs the alarm handlers of a namespace's objects.
type Ringer interface {
	// Ring starts the handler of an alarm that is due. It does not wait for the handler.
	Ring(r *Run)
	// GiveUp is called when an alarm's last retry has failed.
	GiveUp(r *Run)
	// Report is called with an error of the file if no caller is left to return it to.
	Report(id [32]byte, err error)
}

// Commit calls commit, which commits the writes of a turn to the object's database, and notes the
// alarm that the object has then: at in ns since 1970, or none if set is false.
//
// Two files hold an alarm: the object's database and the namespace's file. After a crash only alarms
// of the namespace's file ring. A sooner alarm than the present one is therefore written there before
// the commit, so that a crash between the two does not lose it. A later alarm is written there after
// the commit. A crash between the two then lets the earlier alarm ring, which does nothing: the
// object's database says that no alarm is due.
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

// Has reports whether the object's alarm is set to at or, if set is false, whether it has none.
func (n *Namespace) Has(id driver.ID, at int64, set bool) bool {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	a := n.current[id.Bytes]
	return set && a != nil && a.scheduled == at || !set && a == nil
}

// Delete removes the object's alarm, also one that waits for its retry.
func (n *Namespace) Delete(id driver.ID) {
	var err error
	n.s.mu.Lock()
	if a := n.running[id.Bytes]; a != nil && n.s.queue.Remove(a) {
		delete(n.running, id.Bytes)
	}
	n.remove(id)
	if n.file != nil {
		err = n.file.Delete(hex.EncodeToString(id.Bytes[:]))
	}
	n.s.arm()
	n.s.mu.Unlock()
	n.report(id, err)
}

// NoRetry prevents the retry of the object's alarm whose handler runs now, if one does.
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

// set replaces the object's alarm. If the handler of the old alarm runs, the new one is queued when
// it ends. As in workerd the new alarm also waits for a retry of the old one, and if it is due by then
// the retry runs in its place. s.mu is held.
func (n *Namespace) set(id driver.ID, at int64) {
	id.HasName = id.Name != ""
	was, running := n.current[id.Bytes], n.running[id.Bytes]
	switch {
	case was == nil || was != running:
		n.remove(id)
	case was.Queued() && was.scheduled == at:
		was.id = id
		return // the retry rings at the time that is set
	}
	a := &alarm{Entry: clock.Entry{Due: time.Unix(0, at)}, of: n, id: id, scheduled: at}
	n.current[id.Bytes] = a
	if running == nil {
		n.s.queue.Add(a)
	}
}

// remove removes the object's alarm. A retry stays. s.mu is held.
func (n *Namespace) remove(id driver.ID) {
	if a := n.current[id.Bytes]; a != nil {
		n.s.queue.Remove(a)
		delete(n.current, id.Bytes)
	}
}
