package emucmd

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/emulator/program"
)

// devOptions are the flags of emu dev.
type devOptions struct {
	source
	ip   string
	port portNumber
	host string
	// upstreamProtocol and inferOrigin are of the addresses that the Worker sees.
	upstreamProtocol string
	inferOrigin      bool
	keyPath          string
	certPath         string
	name             string
	date             string
	flags            []string
	cwd              string
	persistTo        string
	format           string
	level            string
	maxWaiting       mebibytes
	stored
}

func (c *Command) dev() *cobra.Command {
	var o devOptions
	watch, keys := true, false
	cmd := &cobra.Command{
		Use:   "dev [SCRIPT]",
		Short: "Serve a Worker and its Durable Objects on this machine",
		Long: `Serves what the configuration describes, until Ctrl-C. The program is the Go
package main at SCRIPT or at the configuration's main, or in its folder. It is
built again when its sources, the configuration or .dev.vars change; a program
that is started by itself (go run ./src dev) stays as it is. Ctrl-C a second
time ends it at once. GET /cdn-cgi/local/ready is answered "ok" by emu itself:
for those who wait until it serves.

Exit status: 130 after Ctrl-C (0 with hotkeys), 143 after SIGTERM, 1 if it
cannot start.`,
		Args:    o.args,
		Example: "  emu dev --config wrangler.jsonc --port 8787",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.Program == nil && watch {
				asked := cmd.Flags().Changed("show-interactive-dev-session")
				return c.watch(&o, keys || !asked && c.interactive(), asked)
			}
			return c.runDev(&o)
		},
	}
	o.add(cmd)
	f := cmd.Flags()
	f.BoolVar(&watch, "watch", true, "build again on change; with --watch=false emu becomes the program")
	f.BoolVar(&keys, "show-interactive-dev-session", false, "hotkeys (default: at a terminal)")
	return cmd
}

// add defines the flags of every command that serves.
func (o *devOptions) add(cmd *cobra.Command) {
	o.source.add(cmd)
	f := cmd.Flags()
	f.StringVar(&o.ip, "ip", "", "address to listen on, * for all (default: dev.ip, or localhost)")
	o.port = noPort
	f.Var(&o.port, "port", "`port` to listen on, 0 for any that is free (default: dev.port, or 8787)")
	f.Lookup("port").DefValue = "0" // which help does not print
	f.StringVar(&o.host, "host", "", "host that the Worker sees (default: dev.host, the first route's, or as it is asked for)")
	f.BoolVar(&o.inferOrigin, "infer-origin-from-routes", true, "the Worker sees the host of the first route")
	f.StringVar(&o.upstreamProtocol, "upstream-protocol", "", "`protocol` of the addresses that the Worker sees (default: dev.upstream_protocol, or that of --local-protocol)")
	f.StringVar(&o.protocol, "local-protocol", "", "http, or https with a certificate of emu's own")
	f.StringVar(&o.certPath, "https-cert-path", "", "certificate `file` for https")
	f.StringVar(&o.keyPath, "https-key-path", "", "its key `file`")
	f.StringVar(&o.name, "name", "", "name of the Worker, in place of the configuration's")
	f.StringVar(&o.date, "compatibility-date", "", "`date` in place of the configuration's")
	f.StringArrayVar(&o.flags, "compatibility-flag", nil, "`flag` in place of the configuration's; may be repeated")
	f.StringVar(&o.cwd, "cwd", "", "`folder` to run in")
	f.StringVar(&o.persistTo, "persist-to", "", "`folder` of the stored data (default: .emu/state beside the configuration)")
	o.stored.add(cmd)
	o.maxWaiting = 1024
	f.Var(&o.maxWaiting, "max-waiting", "`MiB` of memory for what waits for slow WebSocket clients, all together")
	f.StringArrayVar(&o.vars, "var", nil, "variable as `name:value`; may be repeated")
	f.StringVar(&o.format, "log-format", "human", "`human`, or json: one event a line")
	f.StringVar(&o.level, "log-level", "log", "`level`: "+strings.Join(devserver.Levels, ", "))
	f.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "compatibility-flags" { // Wrangler has both
			name = "compatibility-flag"
		}
		return pflag.NormalizedName(name)
	})
	addForeign(cmd)
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
	log, err := c.begin(o, false)
	if err != nil {
		return nil, nil, err
	}
	r := c.load(log, o)
	if r.Config == nil {
		return nil, nil, &exit{code: exitError}
	}
	return log, r, nil
}

// begin checks the flags. What emu has to say goes to standard output, or error.
func (c *Command) begin(o *devOptions, stderr bool) (*devserver.Log, error) {
	err := cmp.Or(refuseForeign(o.cmd), oneOf("log-level", o.level, devserver.Levels...), oneOf("log-format", o.format, "human", "json"))
	if err == nil && o.protocol != "" {
		err = oneOf("local-protocol", o.protocol, "http", "https")
	}
	if err == nil && o.upstreamProtocol != "" {
		err = oneOf("upstream-protocol", o.upstreamProtocol, "http", "https")
	}
	if err == nil && (o.certPath == "") != (o.keyPath == "") {
		err = &usage{"a certificate and its key belong together", "give both --https-cert-path and --https-key-path, or none"}
	}
	if err != nil {
		return nil, err
	}
	if err := checkHost(o.host); err != nil {
		return nil, err
	}
	if err := checkVars(o.vars); err != nil {
		return nil, err
	}
	// Whoever reads what emu says may go, and the Worker is served on. A signal that is
	// ignored would be in what the Worker starts, too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	log := c.log(devserver.Level(slices.Index(devserver.Levels, o.level)))
	log.JSON = o.format == "json"
	if o.cwd != "" {
		o.cwd = c.path(o.cwd)
		if info, err := os.Stat(o.cwd); err != nil || !info.IsDir() {
			return nil, &usage{"there is no folder " + o.cwd, "--cwd takes the folder to run in"}
		}
		c.Dir, log.Dir = o.cwd, o.cwd
	}
	if err := c.checkPersistTo(o.persistTo); err != nil {
		return nil, err
	}
	if err := c.events(log, stderr); err != nil {
		return nil, err
	}
	c.logged = log
	return log, nil
}

// checkVars refuses variables of the command line whose names are none. Wrangler makes
// --var A=B a variable "A=B" without a word.
func checkVars(vars []string) error {
	for _, v := range vars {
		name, _, _ := strings.Cut(v, ":")
		key, value, equals := strings.Cut(v, "=")
		switch {
		case name == "" || equals && key == "":
			return &usage{fmt.Sprintf("--var %q has no name", v), "give --var name:value"}
		case equals && strings.Contains(name, "="):
			return &usage{fmt.Sprintf("--var %s is not a name, a colon and a value", v), "did you mean --var " + key + ":" + value + "?"}
		}
	}
	return nil
}

// load reads the configuration and says what is wrong with it.
func (c *Command) load(log *devserver.Log, o *devOptions) *config.Result {
	options := o.options(c)
	options.Name, options.CompatibilityFlags = o.name, o.flags
	if o.cmd.Flags().Changed("compatibility-date") {
		options.CompatibilityDate = &o.date
	}
	r := config.Load(options)
	if r.Config != nil {
		errs, warnings := r.Config.CheckStart()
		if r.Errors, r.Warnings = errs, append(r.Warnings, warnings...); len(errs) > 0 {
			r.Config = nil
		}
	}
	if r.Config == nil {
		log.Diagnostics(r.Warnings)
		log.Diagnostics(r.Errors)
		return r
	}
	if err := o.checkEnvFiles(c.stateBeside(r.Config)); err != nil {
		log.Error(err)
		r.Config = nil
		return r
	}
	return r
}

// become builds the Worker's program and goes on as that.
func (c *Command) become(log *devserver.Log, cfg *config.Config, o *devOptions) error {
	p, d := program.Find(cfg, o.script, c.Dir)
	if d != nil {
		log.Diagnostics([]diagnostic.Diagnostic{*d})
		return &exit{code: exitError}
	}
	if p.Instead != "" {
		log.Say(p.Notice(c.Dir))
	}
	built, err := c.build(log, p)
	if err != nil {
		return err
	}
	output, err := c.becoming(log)
	if err != nil {
		return err
	}
	code, err := built.Become(c.Args, append(append(c.Environ, program.Handshake()), output...))
	c.uncapture()
	return &exit{code, err}
}

// build builds a program, unless a signal comes first.
func (c *Command) build(log *devserver.Log, p *program.Package) (*program.Executable, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	over := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case s := <-c.Signals:
			cancel(&exit{code: exitCode(s)})
		case <-over:
		}
	})
	var said bytes.Buffer
	built, err := p.Build(ctx, &said, c.Dir)
	// From here on a signal ends the process as if nobody had asked for it,
	// so that none is lost on the way into the program.
	signal.Reset(os.Interrupt, syscall.SIGTERM)
	close(over)
	watch.Wait()
	select {
	case s := <-c.Signals:
		cancel(&exit{code: exitCode(s)})
	default:
	}
	switch {
	case context.Cause(ctx) != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, program.ErrBuild):
		explained, rest := p.Explain(said.String(), c.Dir)
		log.Compiler(c.Stderr, explained, rest)
		return nil, &exit{code: exitError}
	}
	log.Output(c.Stderr, said.String())
	return built, err
}

// address is where to listen.
func (c *Command) address(o *devOptions, cfg *config.Config) devserver.Address {
	a := devserver.Address{IP: cmp.Or(o.ip, cfg.Dev.IP), Port: int(o.port)}
	if a.Port < 0 {
		a.Port = cfg.Dev.Port
	}
	if a.Port < 0 {
		a.Port = devserver.AnyPort
	}
	ci, _ := c.getenv("CI")
	a.CI = ci != "" && ci != "false"
	return a
}
