package emucmd

import (
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
)

// defaultPort is wrangler dev's.
const defaultPort = 8787

type devOptions struct {
	source    sourceFlags
	ip        string
	port      int
	portGiven bool
	persistTo string
	format    string
	level     string
}

func (c *Command) dev() *cobra.Command {
	var o devOptions
	cmd := &cobra.Command{
		Use:     "dev [SCRIPT]",
		Short:   "Serve a Worker and its Durable Objects on this machine",
		Args:    cobra.MaximumNArgs(1),
		Example: "  emu dev --config wrangler.jsonc --port 8787",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.source.script = args[0]
			}
			o.source.envGiven = cmd.Flags().Changed("env")
			o.portGiven = cmd.Flags().Changed("port")
			return c.runDev(o)
		},
	}
	f := cmd.Flags()
	o.source.add(f)
	f.StringVar(&o.ip, "ip", "", "address to listen on (default dev.ip, or localhost)")
	f.IntVar(&o.port, "port", defaultPort, "port to listen on, 0 for any that is free (default dev.port, or 8787)")
	f.StringVar(&o.persistTo, "persist-to", "", "folder of the stored data (default .emu/state beside the configuration)")
	f.StringVar(&o.format, "log-format", "human", "human, or json: one event a line")
	f.StringVar(&o.level, "log-level", "log", strings.Join(devserver.Levels, ", "))
	return cmd
}

func (c *Command) runDev(o devOptions) error {
	level := slices.Index(devserver.Levels, o.level)
	if level < 0 {
		return fmt.Errorf("--log-level %s is none of %s", o.level, strings.Join(devserver.Levels, ", "))
	}
	if o.format != "human" && o.format != "json" {
		return fmt.Errorf("--log-format %s is neither human nor json", o.format)
	}
	log := c.log(devserver.Level(level))
	log.JSON = o.format == "json"
	r := config.Load(o.source.options(c))
	if r.Config == nil {
		log.Diagnostics(r.Errors)
		log.Diagnostics(r.Warnings)
		return &exit{code: exitError}
	}
	if c.Program == nil {
		return c.become(log, r.Config, o)
	}
	log.Banner("emu "+Version, r)
	server, err := devserver.Start(devserver.Options{
		World: emulator.Options{
			Config: r.Config, Classes: c.Program.Classes, Worker: c.Program.Worker,
			Persist: c.persist(r.Config, o.persistTo),
		},
		IP: cmpOr(o.ip, r.Config.Dev.IP), Port: port(o, r.Config), Log: log,
	})
	if err != nil {
		return err
	}
	code := exitCode(<-c.Signals)
	go func() {
		<-c.Signals
		os.Exit(code)
	}()
	return &exit{code: code, err: server.Close()}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func port(o devOptions, c *config.Config) int {
	if !o.portGiven && c.Dev.Port >= 0 {
		return c.Dev.Port
	}
	return o.port
}

func exitCode(s os.Signal) int {
	if s == syscall.SIGTERM {
		return exitTerminated
	}
	return exitInterrupted
}

// persist is the state folder.
func (c *Command) persist(cfg *config.Config, to string) string {
	switch {
	case to == "":
		dir := c.Dir
		if cfg.UserPath != "" {
			dir = filepath.Dir(cfg.UserPath)
		}
		return filepath.Join(dir, ".emu", "state")
	case filepath.IsAbs(to):
		return to
	}
	return filepath.Join(c.Dir, to)
}

// become builds the Worker's program and goes on as that.
func (c *Command) become(log *devserver.Log, cfg *config.Config, o devOptions) error {
	p, d := devserver.Find(cfg, o.source.script, c.Dir)
	if d != nil {
		log.Diagnostics([]config.Diagnostic{*d})
		return &exit{code: exitError}
	}
	if p.Instead != "" {
		log.Line(fmt.Sprintf("main %s is not run; serving Go package %s", p.Instead, p.Package(c.Dir)))
	}
	bin, err := c.build(p)
	if err != nil {
		return err
	}
	code, err := devserver.Become(bin, c.Args, append(c.Environ, handshake+"="+protocol))
	return &exit{code: code, err: err}
}

// build builds a program, unless a signal comes first.
func (c *Command) build(p *devserver.Program) (string, error) {
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
	bin, err := p.Build(ctx, c.Stderr)
	// From here on a signal ends the process as if nobody had asked for it.
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
		return "", context.Cause(ctx)
	case errors.Is(err, devserver.ErrBuild):
		return "", &exit{code: exitError}
	}
	return bin, err
}

// The handshake between emu and a program that it runs.
const (
	handshake = "EMU_PROGRAM"
	protocol  = "1"
)
