package object

// https://developers.cloudflare.com/durable-objects/api/alarms/#alarm

import (
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/alarms"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
)

// ringer runs the alarm handlers of a namespace's objects.
type ringer struct{ n *Namespace }

// Ring submits the event of an alarm that is due.
func (r ringer) Ring(run *alarms.Run) {
	ended := func(e *event) { run.End(e.result() != nil) }
	e := newEvent(completerFunc(ended), "alarm", func(e *event) { e.alarm(run) })
	e.alarmRun = run
	o := r.n.object(run.ID.Bytes)
	o.connect(run.ID) // after a restart the alarm is the first to address the object, by its name
	o.submit(e)
}

// GiveUp deletes an alarm that has failed too often, unless another was set meanwhile.
func (r ringer) GiveUp(run *alarms.Run) {
	o := r.n.object(run.ID.Bytes)
	o.emit(host.Event{Type: host.EventError, Message: msgAlarmGivenUp(run.Retries + 1)})
	o.submit(newEvent(nil, "alarm", func(e *event) { e.in.storage.GiveUpAlarm(run.Scheduled) }))
}

// Report says what could not be written of an object's alarm.
func (r ringer) Report(id [32]byte, err error) {
	r.n.object(id).emit(host.Event{Type: host.EventError, Handler: "storage", Message: err.Error()})
}

// alarm runs the class's alarm handler.
func (e *event) alarm(run *alarms.Run) {
	run.Begin()
	in := e.in
	due, err := in.storage.AlarmDue(run)
	if err != nil {
		e.failed(err)
		return
	}
	if !due {
		return
	}
	in.o.emit(host.Event{Type: host.EventAlarm, Retry: run.Retries})
	in.storage.BeginAlarm()
	defer in.storage.EndAlarm() // also if the handler panics or ends its goroutine
	if in.handles(driver.HandlesAlarm) {
		info := driver.AlarmInfo{ScheduledTime: time.UnixMilli(run.Scheduled / 1e6), IsRetry: run.Retries > 0, RetryCount: run.Retries}
		if err := in.obj.Alarm(e, info); err != nil {
			e.failed(err)
			return
		}
	}
	in.storage.FinishAlarm()
}
