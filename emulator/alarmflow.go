package emulator

// How many alarms are under way at once. workerd runs all that are due: each costs it a
// promise. Here each costs a goroutine and most a database.
// https://developers.cloudflare.com/durable-objects/api/alarms/

import (
	"container/heap"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/clock"
)

const (
	// maxAlarmsRunning is how many alarms have the turn of their object or want it: more
	// than keep the processors and the disk busy.
	maxAlarmsRunning = 64
	// maxAlarmsWaiting is how many wait in their handlers for something that comes soon,
	// such as another object.
	maxAlarmsWaiting = 1024
	// alarmPatience is after what time those that wait count no longer, since what they
	// wait for may be an hour away or another alarm.
	alarmPatience = 100 * time.Millisecond
	// alarmStall is after how many such times without any progress those that run count
	// no longer: their handlers hang.
	alarmStall = 10
)

// flow counts the alarms that are under way; alarms.mu guards it. With a manual clock,
// which stands while anything runs, there is no bound: what is due at one time begins at
// that time.
type flow struct {
	bounded bool
	running int
	waiting int
	hanging int  // of those that run, how many do not count
	patient int  // of those that wait, likewise
	full    bool // alarms that are due wait for others
	filling bool // a goroutine begins alarms
	moved   bool // an alarm has ended or begun to wait since the last look
	stalled int  // looks without that
	timer   clock.Timer
}

func (f *flow) open() bool {
	return !f.bounded || f.running-f.hanging < maxAlarmsRunning && f.waiting-f.patient < maxAlarmsWaiting
}

// alarmRun is what an event has that runs an alarm: nil for every other.
type alarmRun struct {
	a     *alarms
	al    *alarm
	e     *event
	state placeState // alarms.mu guards it
}

type placeState int

const (
	placeRuns placeState = iota
	placeWaits
	placeOver // the event has its result, though its goroutine may go on
)

// waits is called when the event has given up its turn.
func (p *alarmRun) waits() { p.enter(placeWaits) }

// runs is called when the event wants its turn again.
func (p *alarmRun) runs() { p.enter(placeRuns) }

func (p *alarmRun) enter(s placeState) {
	if p == nil {
		return
	}
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	f := &p.a.flow
	if p.state == placeOver || p.state == s {
		return
	}
	if p.state == placeWaits {
		f.waiting--
		f.patient = min(f.patient, f.waiting)
	} else {
		f.running--
		f.hanging = min(f.hanging, f.running)
	}
	switch p.state = s; s {
	case placeRuns:
		f.running++
		return
	case placeWaits:
		f.waiting++
	}
	f.moved = true
	if f.full && f.open() && !p.a.stopped {
		f.full = false
		p.a.host.GoActive(p.a.run)
	}
}

// end is called when the event has its result. What follows has a goroutine of its own, as
// who ends the event may have more to say of the alarm.
func (p *alarmRun) end() {
	p.enter(placeOver)
	p.a.host.GoActive(func() {
		p.e.done.Done()
		p.a.ended(p.al, p.e)
	})
}

// run begins what is due, as far as the bound lets it. One goroutine at a time does: the
// order is that of the queue.
func (a *alarms) run() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.flow.filling {
		return // who fills looks again
	}
	a.flow.filling, a.flow.full = true, false
	for next := a.next(); next != nil; next = a.next() {
		a.mu.Unlock()
		a.begin(next)
		a.mu.Lock()
	}
	a.flow.filling = false
	a.arm()
}

// next takes an alarm that is due, or nil; the world counts as active until begin returns. a.mu is held.
func (a *alarms) next() *alarm {
	if a.stopped || len(a.queue) == 0 || a.queue[0].due.After(a.host.Now()) {
		return nil
	}
	if !a.flow.open() {
		a.flow.full = true
		if a.flow.timer == nil {
			a.flow.timer = a.host.After(alarmPatience, a.look)
		}
		return nil
	}
	al := heap.Pop(&a.queue).(*alarm)
	a.running[al.o] = al
	a.flow.running++
	a.host.Activity.Begin()
	return al
}

// look is called from time to time while the bound keeps alarms back.
func (a *alarms) look() {
	a.mu.Lock()
	f := &a.flow
	f.timer = nil
	f.patient = f.waiting
	if f.stalled++; f.moved {
		f.stalled, f.moved = 0, false
	}
	if f.stalled >= alarmStall {
		f.stalled, f.hanging = 0, f.running
	}
	a.mu.Unlock()
	a.run()
}

// begin runs the handler of an alarm.
func (a *alarms) begin(al *alarm) {
	e := newEvent(a.host.NewSignal(), "alarm", func(e *event) { e.alarm(al) })
	e.alarmRun = &alarmRun{a: a, al: al, e: e}
	al.began.Store(false)
	al.o.connect(driver.ID{Name: al.name, HasName: al.name != ""})
	al.o.submit(e)
	a.host.Activity.End() // the event counts now
}
