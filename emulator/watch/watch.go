// Package watch serves a Worker's program until its sources change, then the next one.
//
// Source: https://developers.cloudflare.com/workers/wrangler/commands/#dev
package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/emulator/program"
)

// Watch serves the Go program behind a configuration, and the next one when its
// sources or the configuration change. This process keeps the address; the programs serve in
// processes of their own, one after another.
type Watch struct {
	// Load reads the configuration. A result without Config has been reported.
	Load func() *config.Result
	// Built is the program if it is there already. It is not watched.
	Built *program.Executable
	// Script is the program, "" for the configuration's main.
	Script string
	// Dir is the working directory.
	Dir string
	// Address is where to listen.
	Address func(*config.Config) devserver.Address
	// Files are files to watch besides the configuration and .dev.vars.
	Files []string
	// Args and Environ are the program's.
	Args, Environ []string
	// Stdout and Stderr are the program's too.
	Stdout, Stderr io.Writer
	// Signals end it: gracefully at the first, at once at the second.
	Signals <-chan os.Signal
	// Keys are what is typed at a terminal; nil is none.
	Keys <-chan byte
	Log  *devserver.Log

	listening *devserver.Listening
	listeners []*os.File // to be handed over
	sources   *sources   // nil if nothing is watched

	phase    phase
	pending  program.Reason // why the next program is made, "" if nothing has changed
	stale    bool           // the sources have changed since the attempt began
	current  *program.Candidate
	draining []*program.Candidate // replaced programs that still answer requests they accepted
	stopgap  *devserver.Stopgap   // answers while no program does; nil otherwise

	attempts chan attempt       // the result of the one that runs
	cancel   context.CancelFunc // of the attempt that runs; nil if none does
	last     last
}

// last is what the attempts so far have found, to be compared with.
type last struct {
	dev     config.Dev
	config  string // the configuration's file
	instead string // the entry point that the program is run in place of, as it was last shown
	failed  string // what the compiler said
	outcome string // of the build
	program *program.Package
}

// phase is a part of a watch's life.
type phase int

const (
	// starting makes the first program. If it fails, the watch ends.
	starting phase = iota
	// serving waits for a change.
	serving
	// replacing makes the next program. The current one, if there is one, serves meanwhile.
	replacing
	// broken waits for a change too, without a program: the stopgap answers.
	broken
	// ended is final.
	ended
)

// making reports whether an attempt runs.
func (w *Watch) making() bool { return w.phase == starting || w.phase == replacing }

// Interrupted is the error of a watch that a signal has ended.
type Interrupted struct{ Signal os.Signal }

func (e *Interrupted) Error() string { return e.Signal.String() }

const (
	// maxCutting is how long a program may take to make way for the next.
	maxCutting = devserver.MaxLeaving + 2*time.Second
	// maxEnding is how long one may take to end: the world has 10 s itself.
	maxEnding = 15 * time.Second
)

// Run serves until a signal comes, which is its error, or the first program
// cannot be served.
func (w *Watch) Run() (err error) {
	r := w.Load()
	if r.Config == nil {
		return program.ErrReported
	}
	if w.sources, err = newSources(); err != nil {
		return fmt.Errorf("cannot watch files: %w", err)
	}
	defer w.sources.close()
	if err := w.open(r.Config); err != nil {
		return err
	}
	defer w.unlisten()
	defer w.killAll()
	w.pending = program.Start
	w.try(r)
	for w.phase != ended {
		if err := w.step(); err != nil {
			return err
		}
	}
	return nil
}

// step waits for the next thing that happens, and answers it. Its error ends the watch.
func (w *Watch) step() error {
	var lost <-chan struct{}
	if w.current != nil {
		lost = w.current.Ended()
	}
	select {
	case s := <-w.Signals:
		return w.end(s)
	case key := <-w.Keys:
		return w.press(key)
	case why := <-w.sources.changes:
		w.change(why)
	case <-w.sources.grown:
		// An attempt that runs lists the inputs once more at its end.
		if !w.making() && w.last.program != nil {
			w.review()
		}
	case a := <-w.attempts:
		return w.take(a)
	case <-lost:
		w.Log.Error(diagnostic.NewError(w.current.EndError().Error(), "it starts again when a source file or the configuration changes"))
		w.current = nil
		w.hold()
		if !w.making() {
			w.phase = broken
		}
	}
	return nil
}

// change makes the next program. An attempt that runs has read what is no longer so: it is
// given up, and the next one begins when it has ended.
func (w *Watch) change(why program.Reason) {
	if w.pending == "" || why == program.ConfigChanged && w.phase != starting {
		w.pending = why
	}
	if w.making() {
		w.cancel()
		w.stale = true
		return
	}
	w.phase = replacing
	w.try(nil)
}

// take lets the program of an attempt serve, if it has one.
func (w *Watch) take(a attempt) error {
	w.cancel = nil
	switch {
	case w.stale:
		w.stale = false
		if a.program != nil {
			w.draining = append(w.draining, a.program)
			a.program.Dismiss()
		}
		w.try(nil)
		return nil
	case a.review && !a.same:
		if w.pending == "" {
			w.pending = program.CodeChanged
		}
		w.try(nil)
		return nil
	case a.review:
		w.rest()
		return nil
	}
	first := w.phase == starting
	if a.err == nil {
		a.err = w.follow(a.program)
	}
	var interrupted *Interrupted
	switch {
	case errors.As(a.err, &interrupted), a.err != nil && first:
		return a.err
	case a.err == nil:
		w.pending = ""
	case a.err != program.ErrReported:
		w.Log.Error(a.err)
	}
	w.rest()
	if a.refused && w.phase == serving {
		w.Log.Say("the last program that started serves on")
	}
	if a.built {
		w.sources.list()
	}
	return nil
}

// rest waits for the next change.
func (w *Watch) rest() {
	w.phase = serving
	if w.current == nil {
		w.phase = broken
		w.hold()
	}
}

// follow lets a program serve in place of the one that does.
func (w *Watch) follow(next *program.Candidate) error {
	w.draining = append(w.draining, next) // so that it ends with the watch before it is current
	if w.pending != program.Start {
		w.Log.Print(msgReloading)
	}
	if old := w.current; old != nil {
		w.current = nil
		w.draining = append(w.draining, old)
		if err := w.await(old, maxCutting, func() error { old.Leave(); return nil }); err != nil {
			return err
		}
	}
	w.release()
	if err := w.await(next, 0, func() error { return next.Serve(w.pending) }); err != nil {
		return err
	}
	w.current = next // it may have ended since: then the next step says so
	kept := w.draining[:0]
	for _, p := range w.draining {
		select {
		case <-p.Ended():
		default:
			if p != next {
				kept = append(kept, p)
			}
		}
	}
	w.draining = kept
	return nil
}

// await waits until a program has done something. After the time given, if there is one, the
// program is killed, which ends the wait.
func (w *Watch) await(p *program.Candidate, limit time.Duration, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	var late <-chan time.Time
	if limit > 0 {
		t := time.NewTimer(limit)
		defer t.Stop()
		late = t.C
	}
	for {
		select {
		case err := <-done:
			return err
		case <-late:
			p.Kill()
			late = nil
		case s := <-w.Signals:
			return w.end(s)
		}
	}
}

// press does what a key is for. Its error ends the watch.
func (w *Watch) press(key byte) error {
	switch key {
	case 'b':
		if w.current != nil {
			if err := browse(w.current.URL()); err != nil {
				w.Log.Say("no browser can be started: " + err.Error())
			}
		}
	case 'c':
		w.Log.Clear(Keys)
	case 'r':
		if w.phase != starting {
			w.pending = program.ConfigChanged
		}
		if !w.making() {
			w.phase = replacing
			w.try(nil)
		}
	case 'h':
		if w.current != nil {
			w.current.Hibernate()
		}
	case 'x', 'q':
		w.Log.Print(msgStopping)
		w.end(os.Interrupt)
		return ErrExit
	}
	return nil
}

// end ends the program gracefully, unless another signal comes.
func (w *Watch) end(s os.Signal) error {
	w.phase = ended
	w.giveUp()
	for _, p := range w.draining {
		p.Dismiss()
	}
	if w.current != nil {
		w.current.End()
		select {
		case <-w.current.Ended():
		case <-time.After(maxEnding):
		case <-w.Signals:
		}
	}
	return &Interrupted{s}
}

// giveUp ends the attempt that runs.
func (w *Watch) giveUp() {
	if w.cancel == nil {
		return
	}
	w.cancel()
	a := <-w.attempts
	w.cancel = nil
	if a.program != nil {
		w.draining = append(w.draining, a.program)
	}
}

// killAll ends every program at once.
func (w *Watch) killAll() {
	w.release()
	w.giveUp()
	if w.current != nil {
		w.draining = append(w.draining, w.current)
	}
	for _, p := range w.draining {
		p.Kill()
		<-p.Ended()
		p.Dismiss()
	}
}

// open listens where the configuration says.
func (w *Watch) open(c *config.Config) (err error) {
	w.last.dev = c.Dev
	w.attempts = make(chan attempt, 1)
	if w.listening, err = devserver.Listen(w.Address(c)); err != nil {
		return err
	}
	for _, l := range w.listening.Listeners {
		f, err := program.ListenerFile(l)
		if err != nil {
			w.unlisten()
			return fmt.Errorf("cannot hand the listener over: %w", err)
		}
		if f != nil {
			w.listeners = append(w.listeners, f)
		}
	}
	return nil
}

// unlisten closes what this process has of the listeners.
func (w *Watch) unlisten() {
	w.listening.Close()
	for _, f := range w.listeners {
		f.Close()
	}
}

// hold answers in place of a program that there is not.
func (w *Watch) hold() {
	if w.stopgap == nil && len(w.listeners) > 0 {
		w.stopgap = devserver.Hold(w.Log, w.listeners)
	}
}

// release gives the address to a program.
func (w *Watch) release() {
	if w.stopgap != nil {
		w.stopgap.Release()
		w.stopgap = nil
	}
}
