package emucmd

// https://developers.cloudflare.com/workers/wrangler/commands/#dev

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator/program"
)

// become builds the Worker's program and replaces this process by it: emu dev --watch=false.
func become(s *serving) error {
	r := s.load()
	if r.Config == nil {
		return &exit{code: exitError}
	}
	p, d := program.Find(r.Config, s.flags.script, s.Dir)
	if d != nil {
		s.log.Diagnostics([]diagnostic.Diagnostic{*d})
		return &exit{code: exitError}
	}
	if p.Instead != "" {
		s.log.Say(p.Notice(s.Dir))
	}
	built, err := buildUnlessSignaled(s, p)
	if err != nil {
		return err
	}
	output, err := captureForSuccessor(s.Command, s.log)
	if err != nil {
		return err
	}
	code, err := built.Become(s.Args, append(append(s.Environ, program.Handshake()), output...))
	uncapture(s.Command) // this process has not become the program
	return &exit{code, err}
}

// buildUnlessSignaled builds a program. A signal before that ends the command.
func buildUnlessSignaled(s *serving, p *program.Package) (built *program.Executable, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var said bytes.Buffer
	over := make(chan struct{})
	go func() {
		built, err = p.Build(ctx, &said, s.Dir)
		// From here on a signal ends the process as if nobody had asked for it, so that none is
		// lost on the way into the program.
		signal.Reset(os.Interrupt, syscall.SIGTERM)
		close(over)
	}()
	select {
	case sig := <-s.Signals:
		cancel()
		<-over
		return nil, &exit{code: exitCode(sig)}
	case <-over:
	}
	select {
	case sig := <-s.Signals: // it came before the reset
		return nil, &exit{code: exitCode(sig)}
	default:
	}
	if errors.Is(err, program.ErrBuild) {
		explained, rest := p.Explain(said.String(), s.Dir)
		s.log.Compiler(s.Stderr, explained, rest)
		return nil, &exit{code: exitError}
	}
	s.log.Output(s.Stderr, said.String())
	return built, err
}
