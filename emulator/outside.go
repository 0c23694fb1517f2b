package emulator

import "time"

// patience counts a wait for something outside the world as activity until it ends, or
// for as long as Options.Patience says: what hangs must not hold a manual clock for ever.
type patience struct {
	a     *activity
	timer *time.Timer // nil without patience: the wait does not count
}

// waits begins a wait of somebody who counts as active.
func (w *World) waits(outside bool) patience {
	p := patience{a: &w.activity}
	if d := w.opts.Patience; outside && d > 0 {
		p.timer = time.AfterFunc(d, func() { p.a.change(false) })
	} else {
		p.a.change(false)
	}
	return p
}

// end reports whether who waited counts as active still.
func (p patience) end() bool { return p.timer != nil && p.timer.Stop() }
