package emucmd

import (
	"errors"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/emulator/program"
)

// Main runs emu and returns its exit code.
func Main(args []string) int { return MainWith(args, nil) }

// MainWith runs the command line of a program whose Worker m makes, or of emu itself if m is
// nil, and returns its exit code.
func MainWith(args []string, m program.Maker) int { return mainOf(args, m, nil) }

// Capture runs the command line of a program that would serve with its log in JSON, and ends the
// process. The program then runs in a second process, as below emu, so that all that it prints
// becomes events, up to the last words of a crash. It returns if an emu has started this process.
func Capture(args []string) {
	if program.Started() || len(args) == 0 || args[0] != "dev" && args[0] != "exec" {
		return
	}
	flags := args
	if dash := slices.Index(args, "--"); dash >= 0 {
		flags = args[:dash]
	}
	format := ""
	for i, flag := range flags { // the last one counts
		if value, ok := strings.CutPrefix(flag, "--log-format="); ok {
			format = value
		} else if flag == "--log-format" && i+1 < len(flags) {
			format = flags[i+1]
		}
	}
	if format != "json" {
		return
	}
	itself, err := program.Itself()
	if err != nil {
		return // without its path it serves alone
	}
	os.Exit(mainOf(args, nil, itself))
}

func mainOf(args []string, m program.Maker, built *program.Executable) int {
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	c := &Command{
		Args: args, Stdout: os.Stdout, Stderr: os.Stderr,
		Dir: dir, Environ: os.Environ(), Signals: signals, Maker: m, built: built,
	}
	program.Forget()
	return c.Run()
}

// Run runs the command and returns its exit code.
func (c *Command) Run() int {
	if c.Maker == nil {
		c.Environ = program.Without(c.Environ)
	} else {
		var err error
		if c.link, c.Environ, err = program.Accept(c.Environ, Version); err != nil {
			c.log(devserver.LevelError).Error(err)
			return exitError
		}
	}
	tree := rootCommand(c)
	if len(c.Args) > 0 && strings.HasPrefix(c.Args[0], cobra.ShellCompRequestCmd) {
		completable(tree)
	}
	tree.SetArgs(fromYargs(tree, c.Args))
	tree.SetOut(c.Stdout)
	tree.SetErr(c.Stderr)
	err := tree.Execute()
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
			log = c.log(devserver.LevelError)
		}
		log.Error(err)
	}
	if c.link != nil {
		c.link.Reported()
	}
	return code
}
