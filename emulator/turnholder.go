package emulator

// Who has the turn of an instance, for Options.Foreign.

import (
	"errors"

	"github.com/seed-36a2c969/emu/emulator/internal/stacks"
)

// holder is who has the turn of an instance.
type holder struct {
	goroutine uint64
	e         *event
}

// held notes that the calling goroutine has the turn for e.
func (in *instance) held(e *event) {
	if e != nil { // nil: a test looks at the storage of an object that sleeps
		in.current.Store(e)
		e.deadline.run(true)
	}
	if in.watch.Foreign != nil {
		in.holder.Store(&holder{stacks.Goroutine(), e})
	}
}

// unheld notes that nobody has it.
func (in *instance) unheld() {
	in.holder.Store(nil)
	in.current.Store(nil)
}

// touched is called where user code touches the object.
func (in *instance) touched() {
	if in.watch.Foreign == nil || in.dead.Load() {
		return
	}
	if h := in.holder.Load(); h == nil || h.goroutine != stacks.Goroutine() {
		in.report(h)
	}
}

// errStale is returned instead of a wait that would hold the whole object up.
var errStale = errors.New("the context belongs to another event than the one that runs here")

// waited is called where user code waits in an event. In a function given to Await
// that only waits.
func (in *instance) waited(e *event) {
	if h := in.runs(); h != nil && (h.e == e) != (h.goroutine == stacks.Goroutine()) {
		in.report(h)
	}
}

// stale reports whether user code waits with the context of another event than the one
// that runs: the turn would not be given up.
func (in *instance) stale(e *event) bool {
	h := in.runs()
	return h != nil && h.e != e && h.goroutine == stacks.Goroutine()
}

// runs is who has the turn for an event, nil if that is not looked at.
func (in *instance) runs() *holder {
	if in.watch.Foreign == nil || in.dead.Load() {
		return nil
	}
	if h := in.holder.Load(); h != nil && h.e != nil {
		return h
	}
	return nil
}

// Claim makes the calling goroutine the one that has the event's turn.
func (e *event) Claim() {
	if e.holds {
		e.in.held(e)
	}
}

func (in *instance) report(h *holder) {
	f, ok := stacks.Foreign()
	if !ok {
		return
	}
	o := in.o
	f.Class, f.ID, f.Name = o.ns.Class.Name(), idString(o.id), in.id.Name
	f.Stale = h != nil && h.goroutine == stacks.Goroutine()
	if f.Stale {
		f.Handler, f.Away = h.e.handler, false
	} else if h != nil && h.e != nil {
		f.Handler, f.At = h.e.handler, stacks.Where(h.goroutine)
	}
	in.watch.Foreign(f)
}
