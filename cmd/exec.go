package emucmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator/program"
)

// urlVariable is the environment variable with the address of the Worker.
const urlVariable = "EMU_URL"

// The exit codes of a shell for a command that does not run, or that a signal ends.
const (
	exitCannotRun = 126
	exitNotFound  = 127
	exitSignaled  = 128 // plus the signal's number
)

func execCommand(c *Command) *cobra.Command {
	var o serveFlags
	var args []string
	cmd := &cobra.Command{
		Use:   "exec [SCRIPT] [flags] -- COMMAND [ARGUMENT...]",
		Short: "Serve a Worker while a command runs",
		Long: `Serves what the configuration describes on a free port, runs the command with
the Worker's address in ` + urlVariable + `, and ends with it. What emu has to say goes
to standard error; --log-level none silences it, unless it fails.

The command does not outlive emu, however that ends; what the command leaves
running ends with it, except at a terminal.

Exit status: the command's, or 128 and the number of the signal that ended it;
127 if there is no such command, 1 if the Worker cannot start or does not serve
until the command ends.`,
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, given []string) error {
			dash := cmd.ArgsLenAtDash()
			if dash < 0 || dash == len(given) {
				return diagnostic.NewError("emu exec needs a command to run", "emu exec -- go test ./...")
			}
			args = given[dash:]
			return o.args(cmd, given[:dash])
		},
		Example: "  emu exec --config wrangler.jsonc -- sh -c 'curl $" + urlVariable + "/'",
		RunE:    func(*cobra.Command, []string) error { return runExec(c, &o, args) },
	}
	o.add(cmd)
	cmd.Flags().Lookup("port").Usage = "port to listen on (default: any that is free)"
	return cmd
}

func runExec(c *Command, o *serveFlags, args []string) error {
	s, err := newServing(c, o, true)
	if err != nil {
		return err
	}
	if c.link != nil { // emu runs the command
		return s.serve()
	}
	command, err := lookUp(c, args)
	if err != nil {
		return err
	}
	if c.Maker == nil {
		return execBeside(s, command)
	}
	r := s.load()
	if r.Config == nil {
		return &exit{code: exitError}
	}
	server, err := s.start(r)
	if err != nil {
		return err
	}
	command.Env = append(command.Env, urlVariable+"="+server.URL())
	code, err := accompany(c, command, nil, nil)
	return &exit{code, errors.Join(err, server.Close())}
}

// execBeside runs a command beside the Worker's program, which emu builds. The exit code is the
// command's, never the program's.
func execBeside(s *serving, command *exec.Cmd) error {
	served, err := s.watch().ServeOnce()
	if err != nil {
		return exitOf(err)
	}
	command.Env = append(command.Env, urlVariable+"="+served.URL())
	var fault error
	report := func() {
		fault = served.EndError()
		s.log.Error(fault)
	}
	code, err := accompany(s.Command, command, served.Ended(), report)
	if whole := served.End(); !whole && fault == nil {
		report()
	}
	if code == exitOK && fault != nil {
		code = exitError
	}
	return &exit{code, err}
}

// lookUp finds the command that the arguments name.
func lookUp(c *Command, args []string) (*exec.Cmd, error) {
	name := args[0]
	if filepath.Base(name) != name && !filepath.IsAbs(name) {
		name = filepath.Join(c.Dir, name)
	}
	command := exec.Command(name, args[1:]...)
	command.Args[0] = args[0]
	_, err := exec.LookPath(name)
	var why *exec.Error
	switch {
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist):
		return nil, &exit{exitNotFound, fmt.Errorf("there is no command %s", args[0])}
	case errors.As(err, &why):
		return nil, &exit{exitCannotRun, fmt.Errorf("cannot run %s: %w", args[0], why.Err)}
	case err != nil:
		return nil, &exit{exitCannotRun, fmt.Errorf("cannot run %s: %w", args[0], err)}
	}
	command.Dir, command.Env = c.Dir, slices.Clip(c.Environ)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, c.Stdout, c.Stderr
	return command, nil
}

// accompany runs a command to its end, and passes signals on: the first as it is, the second
// kills. When served is closed, the Worker has ended before the command, and report is called.
func accompany(c *Command, command *exec.Cmd, served <-chan struct{}, report func()) (code int, err error) {
	child := program.Child{Cmd: command, Apart: !atTerminal()}
	if err := child.Start(); err != nil {
		return exitCannotRun, fmt.Errorf("cannot run %s: %w", command.Args[0], err)
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	for signaled := false; ; {
		select {
		case <-served:
			served = nil // a closed channel would be chosen again and again
			report()
		case s := <-c.Signals:
			if signaled {
				child.Kill()
			} else {
				child.Signal(s)
			}
			signaled = true
		case err := <-ended:
			var failed *exec.ExitError
			if err != nil && !errors.As(err, &failed) {
				return exitCannotRun, err
			}
			return shellCode(command.ProcessState), nil
		}
	}
}

// atTerminal reports whether emu has a terminal, whose keys must reach the command too.
func atTerminal() bool {
	f, err := os.Open("/dev/tty")
	if err == nil {
		f.Close()
	}
	return err == nil
}

// shellCode is a shell's exit code for a process that has ended.
func shellCode(ended *os.ProcessState) int {
	if status, ok := ended.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitSignaled + int(status.Signal())
	}
	return ended.ExitCode()
}
