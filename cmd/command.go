// Package emucmd is the emu command line: the tree of commands, their streams
// and exit codes. Each command is a file; what they do is done below.
package emucmd

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/program"
)

// Command is one run of the command line with what surrounds it.
type Command struct {
	Args           []string // without the program's name
	Stdout, Stderr io.Writer
	// Dir is the working directory, absolute.
	Dir string
	// Environ is the environment, as os.Environ lists it.
	Environ []string
	// Signals ends what runs: gracefully at the first, at once at the second.
	Signals <-chan os.Signal
	// Program is nil for emu itself, which becomes a program that it builds.
	Program *driver.Program

	link *program.Link // to the emu that this program serves for; nil is none
	// logged is the log that the flags describe, once they are read.
	logged *devserver.Log
}

// The exit codes.
const (
	exitOK          = 0
	exitError       = 1   // what was asked for cannot be done, or was asked wrongly
	exitUsage       = 2   // of emu check and emu ws: it was asked wrongly
	exitInterrupted = 130 // 128 + SIGINT
	exitTerminated  = 143 // 128 + SIGTERM
)

// Main runs emu and returns its exit code.
func Main(args []string) int { return MainWith(args, nil) }

// MainWith runs the command line of a program, or of emu itself if p is nil,
// and returns its exit code.
func MainWith(args []string, p *driver.Program) int {
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	c := &Command{
		Args: args, Stdout: os.Stdout, Stderr: os.Stderr,
		Dir: dir, Environ: os.Environ(), Signals: signals, Program: p,
	}
	program.Forget()
	code := c.Run()
	c.uncapture()
	return code
}

// Run runs the command and returns its exit code.
func (c *Command) Run() int {
	if c.Program == nil {
		c.Environ = program.Without(c.Environ)
	} else {
		var err error
		if c.link, c.Environ, err = program.Accept(c.Environ, Version); err != nil {
			c.log(devserver.LevelError).Error(err)
			return exitError
		}
	}
	root := c.root()
	if len(c.Args) > 0 && strings.HasPrefix(c.Args[0], cobra.ShellCompRequestCmd) {
		completable(root)
	}
	root.SetArgs(fromYargs(root, c.Args))
	root.SetOut(c.Stdout)
	root.SetErr(c.Stderr)
	err := root.Execute()
	if err == nil {
		return exitOK
	}
	code := exitError
	var e *exit
	if errors.As(err, &e) {
		code, err = e.code, e.err
	}
	if err != nil {
		log := c.logged
		if log == nil {
			c.uncapture()
			log = c.log(devserver.LevelError)
		}
		log.Error(err)
	}
	if c.link != nil {
		c.link.Reported()
	}
	return code
}

// exit is an error that ends the command line with a code. What was wrong has
// been said already if err is nil.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

// log is a log on the command's streams.
func (c *Command) log(level devserver.Level) *devserver.Log {
	return &devserver.Log{Out: c.Stdout, Err: c.Stderr, Level: level, Style: c.style(c.Stderr), Dir: c.Dir}
}

// style is how diagnostics are written to a stream: wrapped if it is a
// terminal, and in colours unless the user does not want them.
func (c *Command) style(w io.Writer) diagnostic.Style {
	f, ok := w.(*os.File)
	if !ok {
		return diagnostic.Unwrapped
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return diagnostic.Unwrapped
	}
	if v, _ := c.getenv("NO_COLOR"); v != "" {
		return diagnostic.Wrapped
	}
	return diagnostic.Colored
}

// getenv looks a variable of the environment up; the last one counts.
func (c *Command) getenv(name string) (value string, ok bool) {
	for _, v := range c.Environ {
		if len(v) > len(name) && v[len(name)] == '=' && v[:len(name)] == name {
			value, ok = v[len(name)+1:], true
		}
	}
	return value, ok
}
