package object

// https://developers.cloudflare.com/durable-objects/api/alarms/#alarm

import (
	"github.com/seed-36a2c969/emu/emulator/internal/alarms"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
)

// Ring submits the event of an alarm that is due.
func (n *Namespace) Ring(run *alarms.Run) {
	ended := func(e *event) { run.End(e.result()) }
	e := newEvent(completerFunc(ended), "alarm", func(e *event) { e.alarm(run) })
	e.alarmRun = run
	e.cause.Store(run.Cause)
	o := n.object(run.ID.Bytes)
	o.connect(run.ID) // after a restart nobody may have addressed the object before: the alarm knows its name
	o.submit(e)
}

// GiveUp deletes an alarm that has failed too often. An alarm that was set meanwhile stays.
func (n *Namespace) GiveUp(run *alarms.Run) {
	o := n.object(run.ID.Bytes)
	o.emit(host.Event{Type: host.EventError, Cause: run.Cause, Message: msgAlarmGivenUp(run.Retries + 1)})
	o.submit(newEvent(nil, "alarm", func(e *event) { e.in.storage.GiveUpAlarm(run.Scheduled) }))
}

// Report emits an error of the file of alarms.
func (n *Namespace) Report(id [32]byte, err error) {
	n.object(id).emit(host.Event{Type: host.EventError, Handler: "storage", Message: err.Error()})
}
