package emulator

// https://developers.cloudflare.com/durable-objects/api/alarms/#alarm

import (
	"math"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

// maxAlarm is the first time, in ms since 1970, that workerd cannot hold. It is in
// the year 2262, whatever the message says.
const maxAlarm = 9223372036854.775

// alarm runs the class's alarm handler.
func (e *event) alarm(al *alarm) {
	al.began.Store(true)
	in, s := e.in, e.in.storage
	at, set, err := s.alarmTime()
	switch {
	case err != nil:
		e.failed(err)
		return
	case !set || at > al.scheduled && (al.failures == 0 || at > in.host.Now().UnixNano()):
		// It is to be retried and another was set for later, or a crash came between
		// the two files: the object's own is right.
		s.alarmWrites = true
		return
	}
	in.o.emit(host.Event{Type: host.EventAlarm, Retry: al.retries})
	if !in.handles(driver.HandlesAlarm) {
		s.deleteAlarm()
		return
	}
	s.alarmRuns, s.alarmLeft = true, false
	// However the handler ends, the alarm shows again.
	defer func() { s.alarmRuns = false }()
	info := driver.AlarmInfo{ScheduledTime: time.UnixMilli(al.scheduled / 1e6), IsRetry: al.retries > 0, RetryCount: al.retries}
	if err := in.obj.Alarm(e, info); err != nil {
		e.failed(err)
		return
	}
	_, set, err = s.alarmTime()
	switch {
	case s.alarmRuns && (set || err != nil):
		s.deleteAlarm()
	case s.alarmLeft:
		in.o.ns.w.alarms.drop(in.o)
	}
}

// giveUp deletes an alarm that has failed too often, unless another was set meanwhile.
func (e *event) giveUp(al *alarm) {
	if at, set, err := e.in.storage.alarmTime(); err == nil && set && at == al.scheduled {
		e.in.storage.deleteAlarm()
	}
}

// abandonAlarm is abort() with retryAlarm false: the alarm whose handler runs is not
// retried. As in workerd it is deleted, unless the abort undoes something that was
// written: then it stays in the files, and runs after the next start.
func (s *storage) abandonAlarm(wrote bool) {
	s.in.o.ns.w.alarms.abandon(s.in.o)
	if !s.alarmRuns || wrote || s.in.dead.Load() {
		return
	}
	if s.deleteAlarm() == nil {
		s.commit()
	}
}

// failed is the result of a handler that returned an error.
func (e *event) failed(err error) {
	thrown := driver.Exception(err)
	if !e.in.dead.Load() {
		e.in.o.fault(e.handler, thrown)
	}
	e.throw(thrown)
}

// alarmTime is the stored alarm, also while its handler runs.
func (s *storage) alarmTime() (ns int64, set bool, err error) {
	err = s.within(func(db *store.DB) (err error) {
		ns, set, err = db.Alarm()
		return err
	})
	return ns, set, err
}

// SetAlarm sets the alarm, of which the scheduler learns when it is committed.
func (s *storage) SetAlarm(ms float64) error {
	switch {
	case math.IsNaN(ms) || math.IsInf(ms, 0):
		return driver.TypeError(msgAlarmInvalid)
	case ms <= 0:
		return driver.TypeError(msgAlarmPast)
	case ms >= maxAlarm:
		return driver.TypeError(msgAlarmFar)
	case s.in.obj != nil && !s.in.handles(driver.HandlesAlarm):
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

// DeleteAlarm deletes it.
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

// keepAlarm notes the alarm that is in the database although the batch is not; the
// scheduler learns of it when the object has been reset. s.mu is held.
func (s *storage) keepAlarm() {
	o, alarms := s.in.o, s.in.o.ns.w.alarms
	ns, set, err := s.db.StoredAlarm()
	if err != nil {
		return
	}
	s.afterReset = func() {
		if !alarms.have(o, ns, set) {
			alarms.report(o, alarms.change(o, ns, set, func() error { return nil }))
		}
	}
}

func (s *storage) wasReset() {
	if f := s.afterReset; f != nil {
		s.afterReset = nil
		f()
	}
}
