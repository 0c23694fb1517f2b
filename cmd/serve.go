package emucmd

// Serving the program that is linked in, from its start to a signal.

import (
	"cmp"
	"crypto/tls"
	"os"
	"sync"
	"syscall"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/devserver"
)

// start starts the program that is linked in.
func (c *Command) start(log *devserver.Log, r *config.Result, o *devOptions, address devserver.Address) (*devserver.Server, error) {
	log.Banner("emu "+Version, r)
	c.sayFlags(log, r.Config, o)
	world := c.world(r.Config, o)
	c.sayState(r.Config, o.persistTo, log)
	if err := o.forget(world.Persist, r.Config.Name, log); err != nil {
		return nil, err
	}
	return c.startWith(log, r.Config, o, devserver.Options{Address: address, World: world})
}

// world says what the program that is linked in is a world of.
func (c *Command) world(cfg *config.Config, o *devOptions) emulator.Options {
	return emulator.Options{
		Config: cfg, Classes: c.Program.Classes, Worker: c.Program.Worker,
		Persist: c.persistTo(cfg, o.persistTo), Strict: o.strict, Purge: o.purge,
		MaxWaiting: o.maxWaiting.bytes(),
	}
}

// sayFlags tells of flags without effect.
func (c *Command) sayFlags(log *devserver.Log, cfg *config.Config, o *devOptions) {
	if o.certPath != "" && !encrypted(o, cfg) {
		log.Say("without --local-protocol https, --https-cert-path and --https-key-path have no effect")
	}
	if flags := withoutEffect(o.cmd); flags != "" {
		log.Say("without effect here: " + flags)
	}
}

// upstream is the origin that the Worker sees: the flags', the configuration's or its first route's.
func (o *devOptions) upstream(cfg *config.Config) emulator.Origin {
	host := cmp.Or(o.host, cfg.Dev.Host)
	if host == "" && o.inferOrigin {
		host = cfg.RouteHost
	}
	return emulator.Origin{Scheme: cmp.Or(o.upstreamProtocol, cfg.Dev.UpstreamProtocol), Host: host}
}

// startWith starts the program with options that are filled in: those that the
// configuration and the flags say.
func (c *Command) startWith(log *devserver.Log, cfg *config.Config, o *devOptions, s devserver.Options) (*devserver.Server, error) {
	s.Log, s.World.Upstream = log, o.upstream(cfg)
	if encrypted(o, cfg) {
		cert, err := c.certificate(log, o, s.World.Persist, s.World.Upstream.Host, s.Address.IP)
		if err != nil {
			return nil, err
		}
		if !c.link.Updates() {
			log.Say("certificate SHA-256 " + devserver.Fingerprint(cert))
		}
		s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}}
	}
	return devserver.Start(s)
}

// serve serves the program that is linked in until a signal comes.
func (c *Command) serve(log *devserver.Log, r *config.Result, o *devOptions) error {
	if c.link != nil {
		return c.serveLinked(log, r, o)
	}
	server, err := c.start(log, r, o, c.address(o, r.Config))
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
