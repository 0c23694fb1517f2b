package emulator

// https://developers.cloudflare.com/durable-objects/api/alarms/

import (
	"container/heap"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-36a2c969/emu/emulator/internal/clock"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

const (
	alarmRetries    = 6
	alarmFirstDelay = 2 * time.Second
	alarmMaxBackoff = 9 // doublings of it
	alarmJitter     = 0.25
)

// alarms schedules the alarms of all objects of a world.
type alarms struct {
	host *host.Host

	mu      sync.Mutex
	queue   alarmQueue
	byID    map[*object]*alarm
	running map[*object]*alarm // whose handlers run or wait for their retry; one set meanwhile waits for their end
	files   map[*namespace]*store.Alarms
	timer   clock.Timer
	flow    flow
	seq     uint64
	stopped bool
}

// alarm is the one alarm of an object.
type alarm struct {
	o         *object
	name      string    // of the object, which may have been forgotten
	scheduled int64     // as it was set, ns
	due       time.Time // when it runs, which for a retry is later
	seq       uint64    // of those due at one time, the first in the queue runs first
	retries   int       // that count
	failures  int
	abandoned bool        // not to be retried
	began     atomic.Bool // its handler, at the latest run
	index     int         // in the queue; -1 while it runs, or the one before it runs or is to be retried
}

func newAlarms(h *host.Host) *alarms {
	_, real := h.Clock.(clock.Real)
	return &alarms{host: h, flow: flow{bounded: real}, byID: map[*object]*alarm{}, running: map[*object]*alarm{}, files: map[*namespace]*store.Alarms{}}
}

// load reads the alarms of a namespace that were set before the start.
func (a *alarms) load(n *namespace) error {
	file, err := n.files.alarms()
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
		a.put(n.object(id), row.Time).name = row.Name
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
	for _, t := range []clock.Timer{a.timer, a.flow.timer} {
		if t != nil {
			t.Stop()
		}
	}
}

// close closes the files.
func (a *alarms) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.files {
		f.Close()
	}
	a.files = nil
}

// arm sets the timer for the earliest alarm. a.mu is held.
func (a *alarms) arm() {
	if a.timer != nil {
		a.timer.Stop()
		a.timer = nil
	}
	if len(a.queue) > 0 && !a.stopped && !a.flow.full && !a.flow.filling {
		a.timer = a.host.Clock.At(a.queue[0].due, a.run)
	}
}

// ended decides what follows when an alarm's handler has ended.
func (a *alarms) ended(al *alarm, e *event) {
	failed := e.result() != nil
	a.mu.Lock()
	delete(a.running, al.o)
	if next := a.byID[al.o]; next != nil && next != al {
		a.add(next)
		a.arm()
	}
	if !failed || a.byID[al.o] != al || al.abandoned || a.stopped {
		a.mu.Unlock()
		return // done, or set anew or deleted in the handler, or not to be retried
	}
	counts := al.began.Load() // not if the object could not be constructed
	if counts && al.retries >= alarmRetries {
		a.mu.Unlock()
		al.o.emit(host.Event{Type: host.EventError, Message: msgAlarmGivenUp(al.retries + 1)})
		al.o.submit(newEvent(nil, "alarm", func(e *event) { e.giveUp(al) }))
		return
	}
	delay := time.Duration(float64(alarmFirstDelay<<min(al.failures, alarmMaxBackoff)) * (1 + alarmJitter*a.host.Chance.Fraction()))
	al.failures++
	if counts {
		al.retries++
	}
	al.due = a.host.Now().Add(delay)
	a.running[al.o] = al
	a.add(al)
	a.arm()
	a.mu.Unlock()
}

// add queues an alarm. a.mu is held.
func (a *alarms) add(al *alarm) {
	a.seq++
	al.seq = a.seq
	heap.Push(&a.queue, al)
}

// alarmQueue is a heap by time, then by age.
type alarmQueue []*alarm

func (q alarmQueue) Len() int { return len(q) }
func (q alarmQueue) Less(i, j int) bool {
	if q[i].due.Equal(q[j].due) {
		return q[i].seq < q[j].seq
	}
	return q[i].due.Before(q[j].due)
}
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
