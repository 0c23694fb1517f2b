package devserver

import (
	"runtime/debug"
	"sync"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
)

const (
	// manySockets is how many an object hibernates with before it is worth to
	// give memory back: waking frames and handshakes have needed some.
	manySockets = 100
	// calm is how long no such object has hibernated then.
	calm = time.Second
)

// releaser gives memory back to the system after objects with many sockets have
// hibernated, so that a sleeping world is as small as it looks.
type releaser struct {
	mu    sync.Mutex
	timer *time.Timer
}

// note takes an event.
func (r *releaser) note(e *emulator.Event) {
	if e.Type != emulator.EventHibernate || e.Sockets < manySockets {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.timer == nil {
		r.timer = time.AfterFunc(calm, debug.FreeOSMemory)
		return
	}
	r.timer.Reset(calm)
}
