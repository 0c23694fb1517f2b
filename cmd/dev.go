package emucmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/migrations"
)

// defaultPort is Wrangler's.
const defaultPort = 8787

// devOptions are the flags of emu dev.
type devOptions struct {
	source
	ip        string
	port      int
	persistTo string
	format    string
	level     string
	stored
}

func (c *Command) dev() *cobra.Command {
	var o devOptions
	cmd := &cobra.Command{
		Use:   "dev [SCRIPT]",
		Short: "Serve a Worker and its Durable Objects on this machine",
		Long: `Serves what the configuration describes, until Ctrl-C. The program is the Go
package main at SCRIPT or at the configuration's main, or in its folder. Ctrl-C
a second time ends it at once.

Exit status: 130 after Ctrl-C, 143 after SIGTERM, 1 if it cannot start.`,
		Args:    o.args,
		Example: "  emu dev --config wrangler.jsonc --port 8787",
		RunE:    func(*cobra.Command, []string) error { return c.runDev(&o) },
	}
	o.add(cmd)
	return cmd
}

// add defines the flags of every command that serves.
func (o *devOptions) add(cmd *cobra.Command) {
	o.source.add(cmd)
	f := cmd.Flags()
	f.StringVar(&o.ip, "ip", "", "address to listen on, * for all (default: dev.ip, or localhost)")
	f.IntVar(&o.port, "port", -1, "port to listen on, 0 for any that is free (default: dev.port, or 8787)")
	f.Lookup("port").DefValue = "0" // which help does not print
	f.StringVar(&o.persistTo, "persist-to", "", "`folder` of the stored data (default: .emu/state beside the configuration)")
	o.stored.add(cmd)
	f.StringArrayVar(&o.vars, "var", nil, "variable as `name:value`; may be repeated")
	f.StringVar(&o.format, "log-format", "human", "`human`, or json: one event a line")
	f.StringVar(&o.level, "log-level", "log", "`level`: "+strings.Join(devserver.Levels, ", "))
}

func (c *Command) runDev(o *devOptions) error {
	log, r, err := c.prepare(o)
	if err != nil {
		return err
	}
	if c.Program == nil {
		return c.become(log, r.Config, o)
	}
	return c.serve(log, r, o)
}

// prepare checks the flags and reads the configuration.
func (c *Command) prepare(o *devOptions) (*devserver.Log, *config.Result, error) {
	err := cmp.Or(oneOf("log-level", o.level, devserver.Levels...), oneOf("log-format", o.format, "human", "json"))
	if err != nil {
		return nil, nil, err
	}
	if o.port < -1 || o.port > 65535 {
		return nil, nil, &usage{fmt.Sprintf("there is no port %d", o.port), "ports are 0 to 65535; 0 is any that is free"}
	}
	log := c.log(devserver.Level(slices.Index(devserver.Levels, o.level)))
	log.JSON = o.format == "json"
	r := config.Load(o.options(c))
	if r.Config == nil {
		log.Diagnostics(r.Warnings)
		log.Diagnostics(r.Errors)
		return nil, nil, &exit{code: exitError}
	}
	return log, r, nil
}

// become builds the Worker's program and goes on as that.
func (c *Command) become(log *devserver.Log, cfg *config.Config, o *devOptions) error {
	p, d := devserver.Find(cfg, o.script, c.Dir)
	if d != nil {
		log.Diagnostics([]config.Diagnostic{*d})
		return &exit{code: exitError}
	}
	if p.Instead != "" {
		log.Say(fmt.Sprintf("main %s is not run; serving Go package %s", p.Instead, p.Package(c.Dir)))
	}
	program, err := c.build(p)
	if err != nil {
		return err
	}
	code, err := program.Become(c.Args, append(c.Environ, handshake+"="+protocol))
	return &exit{code, err}
}

// build builds a program, unless a signal comes first.
func (c *Command) build(p *devserver.Program) (*devserver.Executable, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	built := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case s := <-c.Signals:
			cancel(&exit{code: exitCode(s)})
		case <-built:
		}
	})
	program, err := p.Build(ctx, c.Stderr, c.Dir)
	// From here on a signal ends the process as if nobody had asked for it,
	// so that none is lost on the way into the program.
	signal.Reset(os.Interrupt, syscall.SIGTERM)
	close(built)
	watch.Wait()
	select {
	case s := <-c.Signals:
		cancel(&exit{code: exitCode(s)})
	default:
	}
	switch {
	case context.Cause(ctx) != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, devserver.ErrBuild):
		return nil, &exit{code: exitError}
	}
	return program, err
}

// start starts the program that is linked in.
func (c *Command) start(log *devserver.Log, r *config.Result, o *devOptions, port int) (*devserver.Server, error) {
	log.Banner("emu "+Version, r)
	persist := c.persist(r.Config, o.persistTo, log)
	if err := o.forget(persist, r.Config.Name, log); err != nil {
		return nil, err
	}
	return devserver.Start(devserver.Options{
		World: emulator.Options{
			Config: r.Config, Classes: c.Program.Classes, Worker: c.Program.Worker, Persist: persist,
			Strict: o.strict, Purge: o.purge,
		},
		IP: cmp.Or(o.ip, r.Config.Dev.IP), Port: port, Log: log,
	})
}

// serve serves the program that is linked in until a signal comes.
func (c *Command) serve(log *devserver.Log, r *config.Result, o *devOptions) error {
	port := o.port
	if port < 0 {
		port = r.Config.Dev.Port
	}
	if port < 0 {
		port = defaultPort
	}
	server, err := c.start(log, r, o, port)
	if err != nil {
		return err
	}
	code := exitCode(<-c.Signals)
	ended := make(chan struct{})
	var impatient sync.WaitGroup
	impatient.Go(func() {
		select {
		case <-c.Signals:
			os.Exit(code)
		case <-ended:
		}
	})
	err = server.Close()
	close(ended)
	impatient.Wait()
	return &exit{code, err}
}

func exitCode(s os.Signal) int {
	if s == syscall.SIGTERM {
		return exitTerminated
	}
	return exitInterrupted
}

// wranglerState is where wrangler dev keeps its state.
const wranglerState = ".wrangler/state"

// persist is the state folder. It tells of the state that Wrangler keeps, and
// who else is using it if it is shared.
func (c *Command) persist(cfg *config.Config, to string, log *devserver.Log) string {
	if to != "" {
		if !filepath.IsAbs(to) {
			to = filepath.Join(c.Dir, to)
		}
		if strings.Contains(filepath.ToSlash(to), wranglerState) {
			for _, p := range migrations.Users(to) {
				log.Say(fmt.Sprintf("process %d (%s) uses the state in %s too: end it first", p.PID, p.Name, to))
			}
		}
		return to
	}
	dir := c.Dir
	if cfg.UserPath != "" {
		dir = filepath.Dir(cfg.UserPath)
	}
	theirs := filepath.Join(dir, filepath.FromSlash(wranglerState))
	if _, err := os.Stat(migrations.Dir(theirs)); err == nil {
		shown, err := filepath.Rel(c.Dir, theirs)
		if err != nil {
			shown = theirs
		}
		log.Say("wrangler dev's state is left alone; to share it: --persist-to " + filepath.ToSlash(shown))
	}
	return filepath.Join(dir, ".emu", "state")
}
