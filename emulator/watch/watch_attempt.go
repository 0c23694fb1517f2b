package watch

// https://developers.cloudflare.com/workers/wrangler/commands/#dev

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/emulator/program"
)

// attempt is what came of making a program.
type attempt struct {
	program *program.Candidate // checked; nil if there is none
	err     error
	refused bool // it was built and did not start
	built   bool // it was built, or could not be
	review  bool // it is no attempt but a review of the last one
	same    bool // the review found that the last build is right
}

// try makes the program, as far as that it is checked, in a goroutine of its own. r is the
// configuration if it has just been read.
func (w *Watch) try(r *config.Result) {
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	first := w.phase == starting
	go func() {
		a := w.attempt(ctx, r, first)
		cancel()
		w.attempts <- a
	}()
}

// attempt makes the program. Until its result is taken, nothing else uses w.last.
func (w *Watch) attempt(ctx context.Context, r *config.Result, first bool) attempt {
	given := r != nil
	for read := !given; ; read = true {
		if read {
			r = w.Load()
		}
		switch {
		case r.Config == nil:
			return attempt{err: program.ErrReported}
		case r.Config.Path == "" && w.last.config != "":
			// Its folder is still watched, so that its return is a change.
			return attempt{err: diagnostic.NewError("the configuration "+program.Shown(w.Dir, w.last.config)+" is gone", "emu goes on when it is back"), refused: true}
		}
		if !w.sources.config(r.Config, w.Dir, w.Files) {
			break
		}
		// It was read before it was watched, and may have changed in between.
	}
	if !given && r.Config.Dev != w.last.dev {
		w.last.dev = r.Config.Dev
		w.Log.Say("the dev section of the configuration counts when emu is started again")
	}
	w.last.config = r.Config.Path
	if w.Built != nil {
		return w.run(ctx, w.Built)
	}
	p, d := program.Find(r.Config, w.Script, w.Dir)
	if d != nil && p != nil {
		w.sources.expect(p.Dir)
		p, d = program.Find(r.Config, w.Script, w.Dir) // it may have come before it was watched for
	}
	if d != nil {
		w.last.program = nil
		w.Log.Diagnostics([]diagnostic.Diagnostic{*d})
		return attempt{err: program.ErrReported}
	}
	if p.Instead != "" && p.Instead != w.last.instead {
		w.Log.Say(p.Notice(w.Dir))
	}
	w.last.instead = p.Instead
	w.last.program = p
	built, err := w.build(ctx, p, first)
	if err != nil {
		return attempt{err: err, built: true}
	}
	defer built.Close()
	return w.run(ctx, built)
}

// run starts a program that was built, as far as that it is checked.
func (w *Watch) run(ctx context.Context, built *program.Executable) attempt {
	candidate, err := w.start(built)
	if err != nil {
		return attempt{err: err, built: true}
	}
	a := w.check(ctx, candidate)
	a.built = true
	return a
}

// review builds the program again, since the last build has read files before they were watched.
// If the result is the same, the files have not changed in between.
func (w *Watch) review() {
	ctx, cancel := context.WithCancel(context.Background())
	w.phase, w.cancel = replacing, cancel
	go func() {
		var said bytes.Buffer
		w.sources.begin(w.last.program)
		built, err := w.last.program.Build(ctx, &said, w.Dir)
		same := outcome(built, err, said.String()) == w.last.outcome
		if built != nil {
			built.Close()
		}
		cancel()
		w.attempts <- attempt{review: true, same: same}
	}()
}

// outcome identifies the result of a build, to compare two builds.
func outcome(built *program.Executable, err error, said string) string {
	if err != nil {
		return err.Error() + "\n" + said
	}
	sum, err := built.Sum()
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%x", sum)
}

// build builds a program, and shows the compiler's output unless it is the same as last time.
func (w *Watch) build(ctx context.Context, p *program.Package, first bool) (*program.Executable, error) {
	if first {
		slow := time.AfterFunc(patience, func() { w.Log.Say("building Go package " + p.Path(w.Dir)) })
		defer slow.Stop()
	}
	var said bytes.Buffer
	w.sources.begin(p)
	built, err := p.Build(ctx, &said, w.Dir)
	if w.sources != nil {
		w.last.outcome = outcome(built, err, said.String())
	}
	if ctx.Err() == nil {
		w.sources.built(!errors.Is(err, program.ErrBuild))
	}
	if ctx.Err() == nil && errors.Is(err, program.ErrBuild) {
		if said.String() != w.last.failed {
			w.last.failed = said.String()
			explained, rest := p.Explain(w.last.failed, w.Dir)
			w.Log.Compiler(w.Stderr, explained, rest)
			if !first {
				w.Log.Say("the last program that compiled serves on")
			}
		}
		return nil, program.ErrReported
	}
	if err != nil {
		return nil, err
	}
	w.Log.Output(w.Stderr, said.String())
	w.last.failed = ""
	return built, nil
}

// patience is how long a build or a start may take before the user learns what goes on.
const patience = 5 * time.Second

// start starts a program that was built.
func (w *Watch) start(built *program.Executable) (*program.Candidate, error) {
	h := program.Handover{Args: w.Args, Environ: w.Environ, Host: w.listening.Host, Listeners: w.listeners, Stdout: w.Stdout, Stderr: w.Stderr}
	if w.Log.JSON {
		// One pipe for both streams, and for the program's events: their order stays.
		lines := devserver.NewLines(w.Log, "")
		h.Output, h.Token = lines, lines.Token()
	}
	return built.Start(h)
}

// check waits until a program has checked that it can serve.
func (w *Watch) check(ctx context.Context, c *program.Candidate) attempt {
	slow := time.AfterFunc(patience, func() { w.Log.Say("the program has been started and has not called worker.Main yet") })
	defer slow.Stop()
	err := c.Check(ctx.Done())
	switch {
	case err == nil:
		return attempt{program: c}
	case ctx.Err() != nil:
		return attempt{err: program.ErrReported} // what is given up is not the user's to know
	}
	return attempt{err: err, refused: true}
}
