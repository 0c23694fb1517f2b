package emucmd

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/program"
	"github.com/seed-36a2c969/emu/emulator/watch"
)

// serving is a Worker that is served as flags and a configuration say. Only here do these become
// options of the packages below.
type serving struct {
	*Command
	flags *serveFlags
	log   *devserver.Log
	// exec says that a command runs beside the Worker. The command has standard output, and the
	// default port is any that is free.
	exec bool
}

// newServing checks the flags, and sends the log to where they say.
func newServing(c *Command, flags *serveFlags, exec bool) (*serving, error) {
	if err := flags.check(); err != nil {
		return nil, err
	}
	// The Worker is served on when the reader of emu's output ends. The signal is not ignored,
	// because processes that the Worker starts would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if flags.cwd != "" {
		dir := c.path(flags.cwd)
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return nil, diagnostic.NewError("there is no folder "+dir, "--cwd takes the folder to run in")
		}
		c.Dir = dir
	}
	if err := checkPersistTo(c, flags.persistTo); err != nil {
		return nil, err
	}
	log := c.log(devserver.Level(slices.Index(devserver.Levels, flags.level)))
	log.JSON = flags.format == "json"
	if exec {
		log.Out = c.Stderr
	}
	if log.JSON && c.link != nil && c.link.Token != "" {
		log.Out = devserver.Marked(log.Out, c.link.Token)
	}
	c.logged = log
	return &serving{c, flags, log, exec}, nil
}

// load reads the configuration. If that is wrong, it prints why and returns a result without one.
func (s *serving) load() *config.Result {
	f := s.flags
	o := f.options(s.Command)
	o.Name, o.CompatibilityFlags = f.name, f.flags
	if f.cmd.Flags().Changed("compatibility-date") {
		o.CompatibilityDate = &f.date
	}
	r := config.Load(o)
	if r.Config != nil {
		errs, warnings := r.Config.CheckStart()
		if r.Errors, r.Warnings = errs, append(r.Warnings, warnings...); len(errs) > 0 {
			r.Config = nil
		}
	}
	if r.Config == nil {
		s.log.Diagnostics(r.Warnings)
		s.log.Diagnostics(r.Errors)
		return r
	}
	if err := f.checkEnvFiles(s.beside(r.Config)); err != nil {
		s.log.Error(err)
		r.Config = nil
	}
	return r
}

// address is where to listen.
func (s *serving) address(cfg *config.Config) devserver.Address {
	a := devserver.Address{IP: cmp.Or(s.flags.ip, cfg.Dev.IP), Port: int(s.flags.port.value)}
	ci, _ := s.getenv("CI")
	a.CI = ci != "" && ci != "false"
	switch {
	case s.exec:
		a.Port = max(a.Port, 0)
	case a.Port < 0 && cfg.Dev.Port < 0:
		a.Port = devserver.AnyPort
	case a.Port < 0:
		a.Port = cfg.Dev.Port
	}
	return a
}

// watch makes the watch that serves the programs that emu builds, one after another.
func (s *serving) watch() *watch.Watch {
	return &watch.Watch{
		Load: s.load, Built: s.built, Script: s.flags.script, Dir: s.Dir, Address: s.address, Files: s.flags.envFiles,
		Args: s.Args, Environ: slices.Clip(s.Environ),
		Stdout: s.Stdout, Stderr: s.Stderr, Signals: s.Signals, Log: s.log,
	}
}

// options are the options of a server for the Worker that this process makes.
func (s *serving) options(cfg *config.Config, p *driver.Program) devserver.Options {
	f := s.flags
	host := cmp.Or(f.host, cfg.Dev.Host)
	if host == "" && f.inferOrigin {
		host = cfg.RouteHost
	}
	return devserver.Options{
		World: emulator.Options{
			Config: cfg, Classes: p.Classes, Worker: p.Worker,
			Persist: stateFolder(s.Command, cfg, f.persistTo), Strict: f.strict, Purge: f.purge,
			MaxWaiting: f.maxWaiting.value << 20,
			Upstream:   emulator.Origin{Scheme: cmp.Or(f.upstreamProtocol, cfg.Dev.UpstreamProtocol), Host: host},
		},
		Address: s.address(cfg), Log: s.log,
	}
}

// workerServer is a server with the program that it serves.
type workerServer struct {
	*devserver.Server
	program *driver.Program
}

// Close ends the server, then the program.
func (r *workerServer) Close() error { return errors.Join(r.Server.Close(), r.program.Close()) }

// start serves the Worker that this process makes. With a link it waits until emu asks for that.
func (s *serving) start(r *config.Result) (*workerServer, error) {
	p, err := s.Maker.Make(context.Background())
	if err != nil {
		return nil, err
	}
	o, why := s.options(r.Config, p), program.Start
	if s.link != nil {
		if err := s.checkWorld(o.World); err != nil {
			return nil, err
		}
		why = s.link.Checked()
		o.Inherited = &devserver.Inherited{Host: s.link.Host, Files: s.link.Files, Update: why != program.Start}
	}
	if why != program.CodeChanged { // the configuration may have changed
		s.log.Banner("emu "+Version, r)
	}
	if why == program.Start {
		if err := s.begin(r.Config, o.World.Persist); err != nil {
			return nil, err
		}
	}
	if s.flags.encrypted(r.Config) {
		if o.TLS, err = s.certificate(&o, why == program.Start); err != nil {
			return nil, err
		}
	}
	server, err := devserver.Start(o)
	if err != nil {
		return nil, err
	}
	return &workerServer{server, p}, nil
}

// checkWorld refuses what a start would refuse, before the program that serves makes way.
func (s *serving) checkWorld(o emulator.Options) error {
	if s.flags.resetMigrations { // the record of migrations will be replaced, and may be unreadable
		o.Persist = ""
	}
	_, errs, _, err := emulator.Check(o)
	if err == nil && len(errs) > 0 {
		s.log.Diagnostics(errs)
		err = &exit{code: exitError}
	}
	return err
}

// begin is done at the first start only. It lists flags without effect and mentions Wrangler's
// state. With --reset-migrations it moves the record of migrations away.
func (s *serving) begin(cfg *config.Config, persist string) error {
	if s.flags.certPath != "" && !s.flags.encrypted(cfg) {
		s.log.Say("without --local-protocol https, --https-cert-path and --https-key-path have no effect")
	}
	if flags := withoutEffect(s.flags.cmd); flags != "" {
		s.log.Say("without effect here: " + flags)
	}
	if s.flags.persistTo == "" {
		sayState(s.Command, cfg, s.log)
	}
	if s.flags.resetMigrations {
		return resetMigrations(persist, cfg.Name, s.log)
	}
	return nil
}

// certificate is the configuration for https, with the user's certificate or emu's own. show says
// whether its fingerprint is printed.
func (s *serving) certificate(o *devserver.Options, show bool) (_ *tls.Config, err error) {
	var cert tls.Certificate
	if s.flags.certPath == "" {
		hosts := slices.DeleteFunc([]string{o.World.Upstream.Host, o.Address.IP}, func(h string) bool { return h == "" || h == "*" })
		cert, err = devserver.Certificate(s.log, o.World.Persist, hosts...)
	} else if cert, err = tls.LoadX509KeyPair(s.path(s.flags.certPath), s.path(s.flags.keyPath)); err != nil {
		err = fmt.Errorf("cannot use the certificate: %w", err)
	}
	if err != nil {
		return nil, err
	}
	if show {
		s.log.Say("certificate SHA-256 " + devserver.Fingerprint(cert))
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}}, nil
}

// serve serves the Worker that this process makes until a signal or emu ends it.
func (s *serving) serve() error {
	r := s.load()
	if r.Config == nil {
		return &exit{code: exitError}
	}
	server, err := s.start(r)
	if err != nil {
		return err
	}
	if s.link != nil {
		return s.link.Serve(server)
	}
	code := exitCode(<-s.Signals)
	go func() { // a second signal does not wait for handlers
		<-s.Signals
		os.Exit(code)
	}()
	return &exit{code, server.Close()}
}
