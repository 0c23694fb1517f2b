package devserver

// A program that serves while something else runs: built once, and not again.
// https://developers.cloudflare.com/workers/wrangler/commands/#dev

import (
	"errors"
	"fmt"
	"time"
)

// Once is the program of a [Watch] that serves without being watched.
type Once struct {
	watch   *Watch
	program *served
}

// ServeOnce builds the program and returns when it serves. It ends with an
// [Interrupted] if a signal comes before that.
func (w *Watch) ServeOnce() (o *Once, err error) {
	r := w.Load()
	if r.Config == nil {
		return nil, ErrTold
	}
	w.dev = r.Config.Dev
	if err := w.listen(w.Address(r.Config)); err != nil {
		return nil, err
	}
	defer w.unlisten() // the program has the listeners
	w.attempts = make(chan attempt, 1)
	defer func() {
		if o == nil {
			w.killAll()
		}
	}()
	w.try(r, tellStart)
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
	w.olds = append(w.olds, a.program)
	a.program.tell(tellStart)
	if err := w.await(a.program, 0); err != nil {
		return nil, err
	}
	if a.program.url == "" {
		return nil, a.program.fault()
	}
	return &Once{w, a.program}, nil
}

// URL is where the program serves.
func (o *Once) URL() string { return o.program.url }

// Ended is closed when the program has ended.
func (o *Once) Ended() <-chan struct{} { return o.program.ended }

// End ends the program, unless it has ended; a signal ends it at once. It
// reports whether the program served until then.
func (o *Once) End() bool {
	o.program.tell(tellEnd)
	select {
	case <-o.program.ended:
		return o.program.left || o.program.why
	case <-time.After(maxEnding):
	case <-o.watch.Signals:
	}
	o.watch.killAll()
	return true
}

// Fault says how the program has ended.
func (o *Once) Fault() error {
	<-o.program.ended
	return errors.New(msgEnded(o.program))
}

// listen listens on an address, and makes files of the listeners to hand over.
func (w *Watch) listen(address Address) (err error) {
	if w.opened, err = Listen(address); err != nil {
		return err
	}
	w.host = w.opened.Host
	for _, l := range w.opened.listeners {
		f, err := fileOf(l)
		if err != nil {
			w.unlisten()
			return fmt.Errorf("cannot hand the listener over: %w", err)
		}
		if f != nil {
			w.files = append(w.files, f)
		}
	}
	return nil
}

// unlisten closes what this process has of the listeners.
func (w *Watch) unlisten() {
	w.opened.Close()
	for _, f := range w.files {
		f.Close()
	}
}
