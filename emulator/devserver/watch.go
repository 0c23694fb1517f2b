package devserver

// Rebuild on change: emu keeps the address and the watch, and one program after
// another serves.
// https://developers.cloudflare.com/workers/wrangler/commands/#dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/seed-36a2c969/emu/config"
)

// Watch serves the Go program behind a configuration, and the next one when its
// sources or the configuration change.
type Watch struct {
	// Load reads the configuration. A result without Config has been told.
	Load func() *config.Result
	// Script is the program, "" for the configuration's main.
	Script string
	// Dir is the working directory.
	Dir string
	// Address is where to listen.
	Address func(*config.Config) Address
	// Files are files to watch besides the configuration and .dev.vars.
	Files []string
	// Args and Environ are the program's. Handshake makes another entry of the
	// environment out of the link's description.
	Args, Environ []string
	Handshake     func(link string) string
	// Stdout and Stderr are the program's too.
	Stdout, Stderr io.Writer
	// Signals end it: gracefully at the first, at once at the second.
	Signals <-chan os.Signal
	// Keys are what is typed at a terminal; nil is none.
	Keys <-chan byte
	Log  *Log

	host    string
	opened  *Listening
	files   []*os.File // the listeners, to be handed over
	dev     config.Dev
	config  string // the newest configuration's file
	sources *sources
	instead string // what main stands for, as it was told
	failed  string // what was wrong with the last build
	program *Program
	outcome string // of the last build, to compare with

	attempts chan attempt
	cancel   context.CancelFunc // of the attempt that runs; nil if none does
	current  *served
	olds     []*served // may still answer what came before
	stopgap  *http.Server
}

// ErrTold is the error of a watch that has said already what is wrong.
var ErrTold = errors.New("it was told what is wrong")

// Interrupted is the error of a watch that a signal has ended.
type Interrupted struct{ Signal os.Signal }

func (e *Interrupted) Error() string { return e.Signal.String() }

const (
	// maxCutting is how long a program may take to make way for the next.
	maxCutting = maxLeaving + 2*time.Second
	// maxEnding is how long one may take to end: the world has 10 s itself.
	maxEnding = 15 * time.Second
)

// Run serves until a signal comes, which is its error, or the first program
// cannot be served.
func (w *Watch) Run() (err error) {
	r := w.Load()
	if r.Config == nil {
		return ErrTold
	}
	w.dev = r.Config.Dev
	if w.sources, err = newSources(); err != nil {
		return fmt.Errorf("cannot watch files: %w", err)
	}
	defer w.sources.close()
	if err = w.listen(w.Address(r.Config)); err != nil {
		return err
	}
	defer w.unlisten()
	w.attempts = make(chan attempt, 1)
	defer w.killAll()
	w.try(r, tellStart)
	return w.loop()
}

// loop is the life of a watch. begin is how the program that is being built
// will be told to serve.
func (w *Watch) loop() error {
	first, begin, changed := true, tellStart, false
	for {
		var ended <-chan struct{}
		if w.current != nil {
			ended = w.current.ended
		}
		select {
		case s := <-w.Signals:
			return w.end(s)
		case key := <-w.Keys:
			again, err := w.press(key)
			if err != nil {
				return err
			}
			if !again {
				continue
			}
			if !first {
				begin = tellConfig
			}
			if w.cancel == nil {
				w.try(nil, begin)
			}
		case kind := <-w.sources.changes:
			if begin == "" || kind == tellConfig && !first {
				begin = kind
			}
			if w.cancel != nil {
				w.cancel()
				changed = true
				continue
			}
			w.try(nil, begin)
		case <-w.sources.grown:
			// While an attempt runs, the inputs are listed once more after it.
			if w.cancel == nil && w.program != nil {
				w.review()
			}
		case a := <-w.attempts:
			w.cancel = nil
			if changed { // while it was built: it is not the newest
				changed = false
				if a.program != nil {
					w.olds = append(w.olds, a.program)
					a.program.input.Close()
				}
				w.try(nil, begin)
				continue
			}
			if a.review {
				if !a.same {
					if begin == "" {
						begin = tellCode
					}
					w.try(nil, begin)
				}
				continue
			}
			if a.err == nil {
				a.err = w.follow(a.program, begin)
			}
			var interrupted *Interrupted
			if errors.As(a.err, &interrupted) || a.err != nil && first {
				return a.err
			}
			if a.err != nil && a.err != ErrTold {
				w.Log.Error(a.err)
			}
			switch {
			case a.err != nil && w.current == nil:
				w.hold()
			case a.refused:
				w.Log.Say("the last program that started serves on")
			}
			if a.err == nil {
				first, begin = false, ""
			}
			if a.built {
				w.sources.list()
			}
		case <-ended:
			w.Log.Error(&advised{msgEnded(w.current), "it starts again when a source file or the configuration changes"})
			w.current = nil
			w.hold()
		}
	}
}

// follow lets a program serve in place of the one that does.
func (w *Watch) follow(next *served, begin string) error {
	w.olds = append(w.olds, next) // until it serves
	if begin != tellStart {
		w.Log.Print(msgReloading)
	}
	if old := w.current; old != nil {
		w.current = nil
		w.olds = append(w.olds, old)
		old.tell(tellLeave)
		if err := w.await(old, maxCutting); err != nil {
			return err
		}
	}
	w.release()
	next.tell(begin)
	if err := w.await(next, 0); err != nil {
		return err
	}
	if next.url == "" {
		return next.fault()
	}
	w.current = next // it may have ended since: then the loop tells
	kept := w.olds[:0]
	for _, p := range w.olds {
		select {
		case <-p.ended:
		default:
			if p != next {
				kept = append(kept, p)
			}
		}
	}
	w.olds = kept
	return nil
}

// await waits until a program has something to say or has ended; after the time
// given, if there is one, it is ended.
func (w *Watch) await(p *served, limit time.Duration) error {
	var late <-chan time.Time
	if limit > 0 {
		t := time.NewTimer(limit)
		defer t.Stop()
		late = t.C
	}
	for {
		select {
		case _, ok := <-p.said:
			if !ok {
				<-p.ended
			}
			return nil
		case <-late:
			p.child.Kill()
			late = nil
		case s := <-w.Signals:
			return w.end(s)
		}
	}
}

// end ends the program gracefully, unless another signal comes.
func (w *Watch) end(s os.Signal) error {
	if w.cancel != nil {
		w.cancel()
		a := <-w.attempts
		w.cancel = nil
		if a.program != nil {
			w.olds = append(w.olds, a.program)
		}
	}
	for _, p := range w.olds {
		p.input.Close()
	}
	if w.current != nil {
		w.current.tell(tellEnd)
		select {
		case <-w.current.ended:
		case <-time.After(maxEnding):
		case <-w.Signals:
		}
	}
	return &Interrupted{s}
}

// killAll ends what is left.
func (w *Watch) killAll() {
	w.release()
	if w.cancel != nil {
		w.cancel()
		if a := <-w.attempts; a.program != nil {
			w.olds = append(w.olds, a.program)
		}
	}
	if w.current != nil {
		w.olds = append(w.olds, w.current)
	}
	for _, p := range w.olds {
		p.child.Kill()
		<-p.ended
		p.input.Close()
	}
}

// hold answers in place of a program that there is not.
func (w *Watch) hold() {
	if w.stopgap != nil || len(w.files) == 0 {
		return
	}
	w.stopgap = &http.Server{ErrorLog: log.New(&complaints{log: w.Log}, "", 0), Handler: http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Retry-After", "0")
		rw.Header().Set("Connection", "close")
		http.Error(rw, "The program has ended, and starts again when its source changes. See the terminal.", http.StatusServiceUnavailable)
	})}
	for _, f := range w.files {
		if l, err := net.FileListener(f); err == nil {
			go w.stopgap.Serve(l)
		}
	}
}

// release gives the address back.
func (w *Watch) release() {
	if w.stopgap == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), maxParting)
	defer cancel()
	w.stopgap.Shutdown(ctx)
	w.stopgap.Close()
	w.stopgap = nil
}
