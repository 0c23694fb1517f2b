package emucmd

import (
	"errors"
	"os"
	"slices"
	"syscall"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/emulator/program"
	"github.com/seed-36a2c969/emu/emulator/watch"
)

// watch serves the Worker's program, and the next one when something changes.
// With keys it listens to the terminal, if there is one; asked is that one must be.
func (c *Command) watch(o *devOptions, keys, asked bool) error {
	log, err := c.begin(o, false)
	if err != nil {
		return err
	}
	w := c.programs(log, o, c.address)
	if keys {
		typed, restore, err := watch.Typed(os.Stdin)
		switch {
		case err == nil:
			defer restore()
			w.Keys = typed
			log.Print(watch.Keys)
		case asked:
			return &usage{"there is no terminal for hotkeys", "leave --show-interactive-dev-session out"}
		default:
			keys = false
		}
	}
	err = w.Run()
	var by *watch.Interrupted
	if keys && errors.As(err, &by) && by.Signal != syscall.SIGTERM {
		return nil
	}
	return ended(err)
}

// programs are the Worker's, one after another, as flags and configuration have them.
func (c *Command) programs(log *devserver.Log, o *devOptions, address func(*devOptions, *config.Config) devserver.Address) *watch.Watch {
	return &watch.Watch{
		Load:    func() *config.Result { return c.load(log, o) },
		Script:  o.script,
		Dir:     c.Dir,
		Address: func(cfg *config.Config) devserver.Address { return address(o, cfg) },
		Files:   o.envFiles,
		Args:    c.Args, Environ: slices.Clip(c.Environ),
		Stdout: c.Stdout, Stderr: c.Stderr,
		Signals: c.Signals, Log: log,
	}
}

// ended makes the exit of a watch's error.
func ended(err error) error {
	var by *watch.Interrupted
	switch {
	case errors.Is(err, program.ErrReported):
		return &exit{code: exitError}
	case errors.As(err, &by):
		return &exit{code: exitCode(by.Signal)}
	}
	return err
}

// interactive reports whether what emu says goes to a terminal.
func (c *Command) interactive() bool {
	return c.Stdout == os.Stdout && watch.Terminal(os.Stdout)
}

// serveLinked serves the program that is linked in for an emu that goes on beside it.
func (c *Command) serveLinked(log *devserver.Log, r *config.Result, o *devOptions) error {
	world := c.world(r.Config, o)
	checked := world
	if o.reset { // the record of migrations may be unreadable, and will be another
		checked.Persist = ""
	}
	_, errs, _, err := emulator.Check(checked)
	if err != nil {
		return err
	}
	if len(errs) > 0 {
		log.Diagnostics(errs)
		return &exit{code: exitError}
	}
	if c.link.Checked() != program.CodeChanged { // the configuration may be another
		log.Banner("emu "+Version, r)
	}
	if !c.link.Updates() {
		c.sayFlags(log, r.Config, o)
		c.sayState(r.Config, o.persistTo, log)
		if err := o.forget(world.Persist, r.Config.Name, log); err != nil {
			return err
		}
	}
	server, err := c.startWith(log, r.Config, o, devserver.Options{
		World: world, Address: c.address(o, r.Config),
		Inherited: &devserver.Inherited{Host: c.link.Host, Files: c.link.Files, Update: c.link.Updates()},
	})
	if err != nil {
		return err
	}
	return c.link.Serve(server)
}
