package storage

// https://developers.cloudflare.com/durable-objects/api/alarms/

import (
	"math"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/alarms"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

// maxAlarm is the first time, in ms since 1970, that workerd cannot hold. It is in
// the year 2262, whatever the message says.
const maxAlarm = 9223372036854.775

// alarmState is what a batch knows of the alarm.
type alarmState struct {
	changed bool // the batch may have changed it, of which the scheduler is to learn
	hidden  bool // its handler runs and has not set another: getAlarm() does not show it
	ghost   bool // transactionSync() rolled back that the handler set another: it shows and never rings
}

// SetAlarm sets the alarm. The scheduler learns of it when the batch is committed.
func (s *Storage) SetAlarm(ms float64) error {
	switch {
	case math.IsNaN(ms) || math.IsInf(ms, 0):
		return driver.TypeError(msgAlarmInvalid)
	case ms <= 0:
		return driver.TypeError(msgAlarmPast)
	case ms >= maxAlarm:
		return driver.TypeError(msgAlarmFar)
	case !s.turn.HandlesAlarm():
		return driver.TypeError(msgAlarmNoHandler)
	}
	if err := s.usable(); err != nil {
		return err
	}
	at := max(int64(ms), s.ns.host.Now().UnixMilli())
	s.alarm = alarmState{changed: true}
	return s.within(func(db *store.DB) error { return db.SetAlarm(at * 1e6) })
}

// Alarm returns the alarm in ms.
func (s *Storage) Alarm() (ms float64, ok bool, err error) {
	if err := s.usable(); err != nil {
		return 0, false, err
	}
	ns, ok, err := s.alarmTime()
	if err != nil || !ok || s.alarm.hidden {
		return 0, false, err
	}
	return float64(ns / 1e6), true, nil
}

func (s *Storage) DeleteAlarm() error {
	if err := s.usable(); err != nil {
		return err
	}
	return s.deleteAlarm()
}

func (s *Storage) deleteAlarm() error {
	s.alarm = alarmState{changed: true}
	return s.within(func(db *store.DB) error { return db.DeleteAlarm() })
}

// alarmTime is the stored alarm, also while its handler runs.
func (s *Storage) alarmTime() (ns int64, set bool, err error) {
	err = s.within(func(db *store.DB) (err error) {
		ns, set, err = db.Alarm()
		return err
	})
	return ns, set, err
}

// AlarmDue reports whether an alarm that rings is the one that the object has. It is not if
// another was set for later before a retry, or if a crash came between the two files.
func (s *Storage) AlarmDue(run *alarms.Run) (bool, error) {
	at, set, err := s.alarmTime()
	if err != nil {
		return false, err
	}
	later := at > run.Scheduled && (!run.Again || at > s.ns.host.Now().UnixNano())
	if !set || later {
		s.alarm.changed = true // so that the scheduler learns from this batch what is so
		return false, nil
	}
	return true, nil
}

// BeginAlarm hides the alarm from its handler, which is about to run, until EndAlarm.
func (s *Storage) BeginAlarm() { s.alarm.hidden, s.alarm.ghost = true, false }

// EndAlarm is called however the handler has ended: an alarm that is to be retried shows
// again.
func (s *Storage) EndAlarm() { s.alarm.hidden = false }

// FinishAlarm deletes the alarm, whose handler has succeeded, unless that has set another.
func (s *Storage) FinishAlarm() {
	_, set, err := s.alarmTime()
	switch {
	case s.alarm.hidden && (set || err != nil):
		s.deleteAlarm()
	case s.alarm.ghost:
		s.ns.alarms.Delete(s.turn.ID())
	}
}

// GiveUpAlarm deletes the alarm if it is the one that was scheduled then.
func (s *Storage) GiveUpAlarm(scheduled int64) {
	if at, set, err := s.alarmTime(); err == nil && set && at == scheduled {
		s.deleteAlarm()
	}
}

// AbandonAlarm is called before an abort() with retryAlarm false: the alarm whose handler runs
// is not retried. As in workerd it is deleted, unless the abort undoes something that was
// written: then it stays in the files, and rings after the next start.
func (s *Storage) AbandonAlarm() {
	s.ns.alarms.NoRetry(s.turn.ID())
	if !s.alarm.hidden || s.wrote() || s.turn.Gone() {
		return
	}
	if s.deleteAlarm() == nil {
		s.Commit() // if it fails the abort drops the deletion, and the alarm stays
	}
}

// keepAlarm is called when a batch is lost, after which the alarm is the one that the
// database still has. The scheduler learns of it once the object has been reset: before that
// it could ring in the instance that is about to go. s.mu is held.
func (s *Storage) keepAlarm() {
	at, set, err := s.db.StoredAlarm()
	if err != nil {
		return
	}
	s.afterReset = func() {
		id := s.turn.ID()
		if s.ns.alarms.Has(id, at, set) {
			return
		}
		if err := s.ns.alarms.Commit(id, at, set, func() error { return nil }); err != nil {
			s.turn.Report(err.Error())
		}
	}
}

// AfterReset is called when the object has been reset because the batch was lost.
func (s *Storage) AfterReset() {
	if f := s.afterReset; f != nil {
		s.afterReset = nil
		f()
	}
}
