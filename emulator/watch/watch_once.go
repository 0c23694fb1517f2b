package watch

// https://developers.cloudflare.com/workers/wrangler/commands/#dev

import (
	"time"

	"github.com/seed-36a2c969/emu/emulator/program"
)

// Once is the program of a [Watch] that serves without being watched.
type Once struct {
	*program.Candidate
	watch *Watch
}

// ServeOnce builds the program and returns when it serves. It ends with an
// [Interrupted] if a signal comes before that.
func (w *Watch) ServeOnce() (o *Once, err error) {
	r := w.Load()
	if r.Config == nil {
		return nil, program.ErrReported
	}
	if err := w.open(r.Config); err != nil {
		return nil, err
	}
	defer w.unlisten() // the program has the listeners
	defer func() {
		if o == nil {
			w.killAll()
		}
	}()
	w.try(r)
	var a attempt
	select {
	case a = <-w.attempts:
		w.cancel = nil
	case s := <-w.Signals:
		return nil, w.end(s)
	}
	if a.err != nil {
		return nil, a.err
	}
	w.draining = append(w.draining, a.program)
	if err := w.await(a.program, 0, func() error { return a.program.Serve(program.Start) }); err != nil {
		return nil, err
	}
	return &Once{a.program, w}, nil
}

// End ends the program, unless it has ended; a signal ends it at once. It
// reports whether the program served until then.
func (o *Once) End() bool {
	o.Candidate.End()
	select {
	case <-o.Ended():
		return o.Complied()
	case <-time.After(maxEnding):
	case <-o.watch.Signals:
	}
	o.watch.killAll()
	return true
}
