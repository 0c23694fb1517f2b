package storage

// https://developers.cloudflare.com/durable-objects/api/alarms/

import (
	"math"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/alarms"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

// maxAlarm is the first time, in ms since 1970, that workerd cannot hold. It is in the year 2262;
// workerd's message says 2189.
const maxAlarm = 9223372036854.775

// alarmState is the state of the alarm in a batch.
type alarmState struct {
	changed bool // the batch may have changed the alarm, so that its commit must tell the scheduler
	hidden  bool // the handler runs and has not set another alarm, so getAlarm() returns null
	ghost   bool // the handler has set another alarm in a transactionSync() that was rolled back: getAlarm() returns the old one, which never rings
}

// SetAlarm sets the alarm. The commit of the batch hands it to the scheduler.
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

// Alarm returns the time of the alarm in ms since 1970, unless its handler runs.
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

// alarmTime returns the time of the alarm in ns since 1970, also while its handler runs.
func (s *Storage) alarmTime() (ns int64, set bool, err error) {
	err = s.within(func(db *store.DB) (err error) {
		ns, set, err = db.Alarm()
		return err
	})
	return ns, set, err
}

// AlarmDue reports whether the alarm that rings is the object's alarm. It is not if a later one was
// set before a retry, or if the process was killed between the commits to the object's file and to
// that of the alarms.
func (s *Storage) AlarmDue(run *alarms.Run) (bool, error) {
	at, set, err := s.alarmTime()
	if err != nil {
		return false, err
	}
	later := at > run.Scheduled && (!run.Again || at > s.ns.host.Now().UnixNano())
	if !set || later {
		s.alarm.changed = true // so that this batch hands the object's alarm to the scheduler
		return false, nil
	}
	return true, nil
}

// BeginAlarm is called before the handler runs. Until EndAlarm getAlarm() returns null.
func (s *Storage) BeginAlarm() { s.alarm.hidden, s.alarm.ghost = true, false }

// EndAlarm is called after the handler, also after an error: getAlarm() returns an alarm that is
// retried.
func (s *Storage) EndAlarm() { s.alarm.hidden = false }

// FinishAlarm is called after a handler that has succeeded. It deletes the alarm, unless the handler
// has set another.
func (s *Storage) FinishAlarm() {
	_, set, err := s.alarmTime()
	switch {
	case s.alarm.hidden && (set || err != nil):
		s.deleteAlarm()
	case s.alarm.ghost:
		s.ns.alarms.Delete(s.turn.ID())
	}
}

// GiveUpAlarm deletes the alarm if scheduled is its time.
func (s *Storage) GiveUpAlarm(scheduled int64) {
	if at, set, err := s.alarmTime(); err == nil && set && at == scheduled {
		s.deleteAlarm()
	}
}

// AbandonAlarm is called before an abort() with retryAlarm false, so that the alarm whose handler runs
// is not retried. As in workerd it is deleted. If the abort undoes a write, the alarm stays in the
// files and rings after the next start.
func (s *Storage) AbandonAlarm() {
	s.ns.alarms.NoRetry(s.turn.ID())
	if !s.alarm.hidden || s.wrote() || s.turn.Gone() {
		return
	}
	if s.deleteAlarm() == nil {
		s.Commit() // if it fails, the abort undoes the deletion too
	}
}

// keepAlarm is called when a batch is lost, so that the alarm is the one in the database again. The
// scheduler gets it in AfterReset: before, it could ring in the instance that is about to be reset.
// s.mu is held.
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

// AfterReset is called after a reset because the batch was lost.
func (s *Storage) AfterReset() {
	if f := s.afterReset; f != nil {
		s.afterReset = nil
		f()
	}
}
