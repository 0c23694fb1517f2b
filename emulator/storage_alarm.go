package emulator

// https://developers.cloudflare.com/durable-objects/api/alarms/

import (
	"math"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/alarms"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

// maxAlarm is the first time, in ms since 1970, that workerd cannot hold. It is in
// the year 2262, whatever the message says.
const maxAlarm = 9223372036854.775

// SetAlarm sets the alarm. The scheduler learns of it from the batch's commit.
func (s *storage) SetAlarm(ms float64) error {
	switch {
	case math.IsNaN(ms) || math.IsInf(ms, 0):
		return driver.TypeError(msgAlarmInvalid)
	case ms <= 0:
		return driver.TypeError(msgAlarmPast)
	case ms >= maxAlarm:
		return driver.TypeError(msgAlarmFar)
	case s.in.obj != nil && !s.in.handles(driver.HandlesAlarm): // the constructor is not asked
		return driver.TypeError(msgAlarmNoHandler)
	}
	s.in.touched()
	if s.overdue.Load() {
		return errOverdue()
	}
	at := max(int64(ms), s.in.host.Now().UnixMilli())
	s.alarmChanges()
	return s.within(func(db *store.DB) error { return db.SetAlarm(at * 1e6) })
}

// Alarm returns the alarm in ms.
func (s *storage) Alarm() (ms float64, ok bool, err error) {
	s.in.touched()
	if s.overdue.Load() {
		return 0, false, errOverdue()
	}
	ns, ok, err := s.alarmTime()
	if err != nil || !ok || s.alarmRuns {
		return 0, false, err
	}
	return float64(ns / 1e6), true, nil
}

// DeleteAlarm deletes the alarm.
func (s *storage) DeleteAlarm() error {
	s.in.touched()
	if s.overdue.Load() {
		return errOverdue()
	}
	return s.deleteAlarm()
}

func (s *storage) deleteAlarm() error {
	s.alarmChanges()
	return s.within(func(db *store.DB) error { return db.DeleteAlarm() })
}

func (s *storage) alarmChanges() { s.alarmRuns, s.alarmLeft, s.alarmWrites = false, false, true }

// alarmTime is the stored alarm, also while its handler runs.
func (s *storage) alarmTime() (ns int64, set bool, err error) {
	err = s.within(func(db *store.DB) (err error) {
		ns, set, err = db.Alarm()
		return err
	})
	return ns, set, err
}

// alarmDue reports whether an alarm that rings is the one that the object has. It is not if
// another was set for later before a retry, or if a crash came between the two files. Then
// the scheduler learns from this batch what is so.
func (s *storage) alarmDue(run *alarms.Run) (bool, error) {
	at, set, err := s.alarmTime()
	if err != nil {
		return false, err
	}
	later := at > run.Scheduled && (!run.Again || at > s.in.host.Now().UnixNano())
	if !set || later {
		s.alarmWrites = true
		return false, nil
	}
	return true, nil
}

// alarmBegins hides the alarm from its handler.
func (s *storage) alarmBegins() { s.alarmRuns, s.alarmLeft = true, false }

// alarmEnds shows it again, if it is to be retried.
func (s *storage) alarmEnds() { s.alarmRuns = false }

// alarmSucceeded deletes the alarm, unless its handler has set another.
func (s *storage) alarmSucceeded() {
	_, set, err := s.alarmTime()
	switch {
	case s.alarmRuns && (set || err != nil):
		s.deleteAlarm()
	case s.alarmLeft:
		s.in.o.ns.alarms.Delete(s.in.o.ID())
	}
}

// giveUpAlarm deletes the alarm if it is the one that was scheduled then.
func (s *storage) giveUpAlarm(scheduled int64) {
	if at, set, err := s.alarmTime(); err == nil && set && at == scheduled {
		s.deleteAlarm()
	}
}

// abandonAlarm is abort() with retryAlarm false: the alarm whose handler runs is not
// retried. As in workerd it is deleted, unless the abort undoes something that was
// written: then it stays in the files, and runs after the next start.
func (s *storage) abandonAlarm(wrote bool) {
	s.in.o.ns.alarms.NoRetry(s.in.o.ID())
	if !s.alarmRuns || wrote || s.in.dead.Load() {
		return
	}
	if s.deleteAlarm() == nil {
		s.commit()
	}
}

// keepAlarm is called when a batch is lost: the alarm is the one that the database still
// has. The scheduler learns of it once the object is reset. s.mu is held.
func (s *storage) keepAlarm() {
	ns, set, err := s.db.StoredAlarm()
	if err != nil {
		return
	}
	s.afterReset = func() {
		n, id := s.in.o.ns.alarms, s.in.o.ID()
		if !n.Has(id, ns, set) {
			if err := n.Commit(id, ns, set, func() error { return nil }); err != nil {
				s.in.o.emit(host.Event{Type: host.EventError, Handler: "storage", Message: err.Error()})
			}
		}
	}
}

// wasReset is called when the object has been reset.
func (s *storage) wasReset() {
	if f := s.afterReset; f != nil {
		s.afterReset = nil
		f()
	}
}
