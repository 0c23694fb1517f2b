package emulator

// https://developers.cloudflare.com/durable-objects/api/alarms/

import (
	"container/heap"
	"encoding/hex"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/clock"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

const (
	alarmRetries    = 6
	alarmFirstDelay = 2 * time.Second
	alarmJitter     = 0.25
	// maxAlarm is the last time that kj::Date counts, in ms: the year 2189.
	maxAlarm = 6936249599999
)

// alarms schedules the alarms of all objects of a world.
type alarms struct {
	w *World

	mu      sync.Mutex
	queue   alarmQueue
	byID    map[*object]*alarm
	files   map[*namespace]*store.Alarms
	timer   clock.Timer
	stopped bool
}

// alarm is the one alarm of an object.
type alarm struct {
	o         *object
	scheduled int64     // as it was set, ns
	due       time.Time // when it runs, which for a retry is later
	retries   int
	index     int // in the queue; -1 while it runs
}

func newAlarms(w *World) *alarms {
	return &alarms{w: w, byID: map[*object]*alarm{}, files: map[*namespace]*store.Alarms{}}
}

// load reads the alarms of a namespace that were set before the start.
func (a *alarms) load(n *namespace) error {
	file, err := n.files.alarms(false)
	if err != nil || file == nil {
		return err
	}
	list, err := file.All()
	if err != nil {
		file.Close()
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.files[n] = file
	for _, row := range list {
		var id [32]byte
		if b, err := hex.DecodeString(row.ID); err != nil || copy(id[:], b) != len(id) {
			continue
		}
		o := n.object(id)
		o.connect(driver.ID{Name: row.Name, HasName: row.Name != ""})
		a.put(o, row.Time)
	}
	return nil
}

// NextAlarm returns when the earliest alarm, or its retry, runs.
func (w *World) NextAlarm() (at time.Time, ok bool) {
	w.alarms.mu.Lock()
	defer w.alarms.mu.Unlock()
	if len(w.alarms.queue) == 0 {
		return time.Time{}, false
	}
	return w.alarms.queue[0].due, true
}

// start begins to run what is due.
func (a *alarms) start() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.arm()
}

func (a *alarms) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped = true
	if a.timer != nil {
		a.timer.Stop()
	}
}

// close closes the files.
func (a *alarms) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.files {
		if f != nil { // in memory there is none
			f.Close()
		}
	}
	a.files = nil
}

// save writes an alarm to the namespace's file, before the object's own commit.
func (a *alarms) save(o *object, ns int64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	file, ok := a.files[o.ns]
	if !ok {
		var err error
		if file, err = o.ns.files.alarms(true); err != nil {
			return err
		}
		a.files[o.ns] = file
	}
	if file == nil {
		return nil
	}
	return file.Set(store.Alarm{ID: idString(o.id), Time: ns, Name: o.ID().Name})
}

// schedule sets the object's alarm, which replaces the one it had and its retries.
func (a *alarms) schedule(o *object, ns int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.put(o, ns)
	a.arm()
}

// put: a.mu is held.
func (a *alarms) put(o *object, ns int64) {
	a.remove(o)
	next := &alarm{o: o, scheduled: ns, due: time.Unix(0, ns)}
	a.byID[o] = next
	heap.Push(&a.queue, next)
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

// drop removes the object's alarm.
func (a *alarms) drop(o *object) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.remove(o)
	if file := a.files[o.ns]; file != nil {
		if err := file.Delete(idString(o.id)); err != nil {
			o.emit(Event{Type: EventError, Handler: "storage", Message: err.Error()})
		}
	}
	a.arm()
}

// arm sets the timer for the earliest alarm. a.mu is held.
func (a *alarms) arm() {
	if a.timer != nil {
		a.timer.Stop()
		a.timer = nil
	}
	if len(a.queue) > 0 && !a.stopped {
		a.timer = a.w.clock.AfterFunc(a.queue[0].due.Sub(a.w.clock.Now()), a.run)
	}
}

// run starts the handlers of what is due.
func (a *alarms) run() {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.w.clock.Now()
	for len(a.queue) > 0 && !a.stopped && !a.queue[0].due.After(now) {
		next := heap.Pop(&a.queue).(*alarm)
		a.w.activity.change(true)
		if !a.w.start(func() { a.fire(next) }) {
			a.w.activity.change(false)
			return
		}
	}
	a.arm()
}

// fire runs an alarm's handler and decides what follows.
func (a *alarms) fire(al *alarm) {
	e := newEvent(a.w.newSignal(), "alarm", func(e *event) { e.alarm(al) })
	defer e.done.leave()
	al.o.submit(e)
	a.w.activity.change(false) // run's: the event counts now
	<-e.done.c
	_, _, err := e.result()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byID[al.o] != al || a.stopped {
		return // set anew, or deleted, in the handler
	}
	if err == nil || err.Name == noRetry {
		return
	}
	if al.retries >= alarmRetries {
		al.o.submit(newEvent(nil, "alarm", func(e *event) { e.in.storage.DeleteAlarm() }))
		return
	}
	delay := time.Duration(float64(alarmFirstDelay<<al.retries) * (1 + alarmJitter*a.w.chance.fraction()))
	al.retries++
	al.due = a.w.clock.Now().Add(delay)
	heap.Push(&a.queue, al)
	a.arm()
}

// noRetry is the name of an error that only says that there was nothing to run.
const noRetry = "emu: no alarm"

// alarm runs the class's alarm handler.
func (e *event) alarm(al *alarm) {
	in := e.in
	s := in.storage
	at, set, err := s.alarmTime()
	if err == nil && (!set || at > al.scheduled) {
		// A crash came between the two files: the object's own is right.
		s.alarmWrites = true
		if !set {
			in.o.ns.w.alarms.drop(in.o)
		} else {
			in.o.ns.w.alarms.schedule(in.o, at)
		}
		return
	}
	in.o.emit(Event{Type: EventAlarm, Retry: al.retries})
	if !in.handles(driver.HandlesAlarm) {
		s.DeleteAlarm()
		return
	}
	s.alarmRuns = true
	info := driver.AlarmInfo{ScheduledTime: time.UnixMilli(al.scheduled / 1e6), IsRetry: al.retries > 0, RetryCount: al.retries}
	err = in.obj.Alarm(e, info)
	unset := s.alarmRuns
	s.alarmRuns = false
	if err != nil {
		thrown := exception(err)
		if !errors.Is(err, driver.ErrReset) {
			in.o.fault("alarm", thrown)
		}
		e.throw(thrown)
		return
	}
	if unset {
		s.DeleteAlarm()
	}
}

// alarmTime is the stored alarm, also while its handler runs.
func (s *storage) alarmTime() (ns int64, set bool, err error) {
	err = s.use(func(db *store.DB) (err error) {
		ns, set, err = db.Alarm()
		return err
	})
	return ns, set, err
}

// SetAlarm sets the alarm, of which the scheduler learns when it is committed.
func (s *storage) SetAlarm(ms float64) error {
	switch {
	case math.IsNaN(ms) || math.IsInf(ms, 0):
		return typeError(msgAlarmInvalid)
	case ms <= 0:
		return typeError(msgAlarmPast)
	case ms > maxAlarm:
		return typeError(msgAlarmFar)
	case s.in.obj != nil && !s.in.handles(driver.HandlesAlarm):
		return typeError(msgAlarmNoHandler)
	}
	at := max(int64(ms), s.in.o.ns.w.clock.Now().UnixMilli())
	s.alarmRuns, s.alarmWrites = false, true
	return s.use(func(db *store.DB) error { return db.SetAlarm(at * 1e6) })
}

// Alarm returns the alarm in ms.
func (s *storage) Alarm() (ms float64, ok bool, err error) {
	ns, ok, err := s.alarmTime()
	if err != nil || !ok || s.alarmRuns {
		return 0, false, err
	}
	return float64(ns / 1e6), true, nil
}

// DeleteAlarm deletes it.
func (s *storage) DeleteAlarm() error {
	s.alarmRuns, s.alarmWrites = false, true
	return s.use(func(db *store.DB) error { return db.DeleteAlarm() })
}

// alarmQueue is a heap by time.
type alarmQueue []*alarm

func (q alarmQueue) Len() int           { return len(q) }
func (q alarmQueue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q alarmQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}
func (q *alarmQueue) Push(x any) {
	al := x.(*alarm)
	al.index = len(*q)
	*q = append(*q, al)
}
func (q *alarmQueue) Pop() any {
	al := (*q)[len(*q)-1]
	(*q)[len(*q)-1] = nil
	*q = (*q)[:len(*q)-1]
	al.index = -1
	return al
}
