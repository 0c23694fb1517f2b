package devserver

// A program that is built and checked before the one that serves makes way for it.
// https://developers.cloudflare.com/workers/wrangler/commands/#dev

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// attempt is what came of building a program.
type attempt struct {
	program *served // checked; nil if there is none
	err     error   // has been told if it is ErrTold
	refused bool    // it was built and did not start
	built   bool    // it was built, or could not be
	review  bool    // it is no attempt but a review of the last one
	same    bool    // the review found that the last build is right
}

// try builds the program and starts it as far as that it is checked.
func (w *Watch) try(r *config.Result, begin string) {
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	go func() {
		a := w.attempt(ctx, r, begin)
		cancel()
		w.attempts <- a
	}()
}

func (w *Watch) attempt(ctx context.Context, r *config.Result, begin string) attempt {
	first := r != nil
	for read := !first; ; read = true {
		if read {
			r = w.Load()
		}
		switch {
		case r.Config == nil:
			return attempt{err: ErrTold}
		case r.Config.Path == "" && w.config != "":
			// Its place is watched on.
			return attempt{err: &advised{"the configuration " + shown(w.Dir, w.config) + " is gone", "emu goes on when it is back"}, refused: true}
		}
		if !w.sources.config(r.Config, w.Dir, w.Files) {
			break
		}
		// It was read before it was watched, and may have changed in between.
	}
	if !first && r.Config.Dev != w.dev {
		w.dev = r.Config.Dev
		w.Log.Say("the dev section of the configuration counts when emu is started again")
	}
	w.config = r.Config.Path
	p, d := Find(r.Config, w.Script, w.Dir)
	if d != nil && p != nil {
		w.sources.expect(p.Dir)
		p, d = Find(r.Config, w.Script, w.Dir) // it may have come before it was watched for
	}
	if d != nil {
		w.program = nil
		w.Log.Diagnostics([]diagnostic.Diagnostic{*d})
		return attempt{err: ErrTold}
	}
	if p.Instead != "" && p.Instead != w.instead {
		w.Log.Say(p.Told(w.Dir))
	}
	w.instead = p.Instead
	w.program = p
	built, err := w.build(ctx, p, begin)
	if err != nil {
		return attempt{err: err, built: true}
	}
	defer built.Close()
	program, err := w.serveWith(built)
	if err != nil {
		return attempt{err: err, built: true}
	}
	a := w.check(ctx, program)
	a.built = true
	return a
}

// review builds the program again, for the last build has read files before they were
// watched: if the same comes of it, they were the same.
func (w *Watch) review() {
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	go func() {
		var said bytes.Buffer
		w.sources.begin(w.program)
		built, err := w.program.Build(ctx, &said, w.Dir)
		same := outcome(built, err, said.String()) == w.outcome
		if built != nil {
			built.Close()
		}
		cancel()
		w.attempts <- attempt{review: true, same: same}
	}()
}

// outcome tells two builds' results apart.
func outcome(built *Executable, err error, said string) string {
	if err != nil {
		return err.Error() + "\n" + said
	}
	sum, err := built.sum()
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%x", sum)
}

// build builds a program. What the compiler says is shown, but not twice.
func (w *Watch) build(ctx context.Context, p *Program, begin string) (*Executable, error) {
	if begin == tellStart {
		slow := time.AfterFunc(patience, func() { w.Log.Say("building Go package " + p.Package(w.Dir)) })
		defer slow.Stop()
	}
	var said bytes.Buffer
	w.sources.begin(p)
	built, err := p.Build(ctx, &said, w.Dir)
	if w.sources != nil {
		w.outcome = outcome(built, err, said.String())
	}
	if ctx.Err() == nil {
		w.sources.built(!errors.Is(err, ErrBuild))
	}
	if ctx.Err() == nil && errors.Is(err, ErrBuild) {
		if said.String() != w.failed {
			w.failed = said.String()
			w.Log.Compiler(w.Stderr, w.failed, p)
			if begin != tellStart {
				w.Log.Say("the last program that compiled serves on")
			}
		}
		return nil, ErrTold
	}
	if err != nil {
		return nil, err
	}
	w.Log.Output(w.Stderr, said.String())
	w.failed = ""
	return built, nil
}

// patience is how long a build or a start may take before it is told what goes on.
const patience = 5 * time.Second

// check waits until a program has said that it can serve.
func (w *Watch) check(ctx context.Context, program *served) attempt {
	slow := time.AfterFunc(patience, func() { w.Log.Say("the program has been started and has not called worker.Main yet") })
	defer slow.Stop()
	select {
	case word := <-program.said:
		if word == saidChecked {
			return attempt{program: program}
		}
	case <-ctx.Done():
		program.child.Kill() // it may hang before it looks at the link, and holds nothing yet
	}
	program.input.Close()
	fault := program.fault()
	if ctx.Err() != nil {
		return attempt{err: ErrTold}
	}
	return attempt{err: fault, refused: true}
}
