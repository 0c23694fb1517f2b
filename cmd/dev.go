package emucmd

import (
	"errors"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator/watch"
)

// devCommand is emu dev. Two processes run it: emu, which builds the Worker's program and
// starts it with the same arguments, and that program, whose main calls [MainWith] and which
// then serves. A program that is started by itself serves alone.
func devCommand(c *Command) *cobra.Command {
	var o serveFlags
	watched, keys := true, false
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
			asked := cmd.Flags().Changed("show-interactive-dev-session")
			keys = keys || !asked && interactive(c)
			s, err := newServing(c, &o, false)
			switch {
			case err != nil:
				return err
			case c.Maker != nil:
				return s.serve()
			case watched && c.built == nil:
				return serveWatched(s, keys, asked)
			}
			return serveOnce(s)
		},
	}
	o.add(cmd)
	f := cmd.Flags()
	f.BoolVar(&watched, "watch", true, "build again on change")
	f.BoolVar(&keys, "show-interactive-dev-session", false, "hotkeys (default: at a terminal)")
	return cmd
}

// serveWatched serves the Worker's program, and the next one when its sources change. keys makes it
// read keys from the terminal. If there is none, that is an error only if the user has asked.
func serveWatched(s *serving, keys, asked bool) error {
	w := s.watch()
	if keys {
		typed, restore, err := watch.Typed(os.Stdin)
		switch {
		case err == nil:
			defer restore()
			w.Keys = typed
			s.log.Print(watch.Keys)
		case asked:
			return diagnostic.NewError("there is no terminal for hotkeys", "leave --show-interactive-dev-session out")
		default:
			keys = false
		}
	}
	err := w.Run()
	var by *watch.Interrupted
	if keys && errors.As(err, &by) && by.Signal != syscall.SIGTERM {
		return nil
	}
	return exitOf(err)
}

// serveOnce serves the Worker's program until a signal or the program's own end.
func serveOnce(s *serving) error {
	served, err := s.watch().ServeOnce()
	if err != nil {
		return exitOf(err)
	}
	select {
	case sig := <-s.Signals:
		served.End()
		return &exit{code: exitCode(sig)}
	case <-served.Ended():
		return &exit{code: shellCode(served.State())}
	}
}

// interactive reports whether emu's output goes to a terminal.
func interactive(c *Command) bool {
	return c.Stdout == os.Stdout && watch.Terminal(os.Stdout)
}
