package emucmd

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator/devserver"
)

// urlVariable tells a command where the Worker is.
const urlVariable = "EMU_URL"

// The exit codes of a shell for a command that does not run.
const (
	exitCannotRun = 126
	exitNotFound  = 127
	exitSignaled  = 128 // and the signal's number
)

func (c *Command) exec() *cobra.Command {
	var o devOptions
	var args []string
	cmd := &cobra.Command{
		Use:   "exec [SCRIPT] [flags] -- COMMAND [ARGUMENT...]",
		Short: "Serve a Worker while a command runs",
		Long: `Serves what the configuration describes on a free port, runs the command with
the Worker's address in ` + urlVariable + `, and ends with it. The flags are those of
emu dev. What emu has to say goes to standard error; --log-level none silences
it.

The command does not outlive emu, however that ends; what the command leaves
running ends with it, unless emu runs at a terminal.

Exit status: the command's, or 128 and the number of the signal that ended it;
127 if there is no such command, 1 if the Worker cannot start.`,
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, given []string) error {
			dash := cmd.ArgsLenAtDash()
			if dash < 0 || dash == len(given) {
				return &usage{"emu exec needs a command to run", "emu exec -- go test ./..."}
			}
			args = given[dash:]
			return o.args(cmd, given[:dash])
		},
		Example: "  emu exec --config wrangler.jsonc -- sh -c 'curl $" + urlVariable + "/'",
		RunE:    func(*cobra.Command, []string) error { return c.runExec(&o, args) },
	}
	o.add(cmd)
	cmd.Flags().Lookup("port").Usage = "port to listen on (default: any that is free)"
	return cmd
}

func (c *Command) runExec(o *devOptions, args []string) error {
	command := exec.Command(args[0], args[1:]...)
	if errors.Is(command.Err, exec.ErrNotFound) {
		return &exit{exitNotFound, fmt.Errorf("there is no command %s", args[0])}
	} else if command.Err != nil {
		return &exit{exitCannotRun, fmt.Errorf("cannot run %s: %w", args[0], command.Err)}
	}
	log, r, err := c.prepare(o)
	if err != nil {
		return err
	}
	log.Out = c.Stderr
	if c.Program == nil {
		return c.become(log, r.Config, o)
	}
	server, err := c.start(log, r, o, c.freeAddress(o, r.Config))
	if err != nil {
		return err
	}
	command.Stdin, command.Stdout, command.Stderr = stdin(), c.Stdout, c.Stderr
	command.Env = append(c.Environ, urlVariable+"="+server.URL())
	code, err := c.accompany(command)
	return &exit{code, errors.Join(err, server.Close())}
}

// freeAddress is where to listen if nobody asked for a port: at any.
func (c *Command) freeAddress(o *devOptions, cfg *config.Config) devserver.Address {
	a := c.address(o, cfg)
	a.Port = max(o.port, 0)
	return a
}

// accompany runs a command to its end, and passes signals on: the first as it
// is, the second kills.
func (c *Command) accompany(command *exec.Cmd) (code int, err error) {
	child, err := startChild(command)
	if err != nil {
		return exitCannotRun, fmt.Errorf("cannot run %s: %w", command.Args[0], err)
	}
	ended := make(chan error, 1)
	go func() { ended <- child.wait() }()
	for told := false; ; told = true {
		select {
		case s := <-c.Signals:
			if told {
				child.kill()
			} else {
				child.signal(s)
			}
		case err := <-ended:
			var failed *exec.ExitError
			if err != nil && !errors.As(err, &failed) {
				return exitCannotRun, err
			}
			return commandCode(command), nil
		}
	}
}

// commandCode is a shell's exit code of a command that has ended.
func commandCode(command *exec.Cmd) int {
	if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitSignaled + int(status.Signal())
	}
	return command.ProcessState.ExitCode()
}
