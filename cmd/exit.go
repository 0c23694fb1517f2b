package emucmd

import (
	"errors"
	"os"
	"syscall"

	"github.com/seed-36a2c969/emu/emulator/program"
	"github.com/seed-36a2c969/emu/emulator/watch"
)

// The exit codes.
const (
	exitOK          = 0
	exitError       = 1   // the command has failed, or its command line is wrong
	exitUsage       = 2   // the command line of emu check, migrations or ws is wrong
	exitInterrupted = 130 // 128 + SIGINT
	exitTerminated  = 143 // 128 + SIGTERM
)

// exit is an error that ends the command line with a code. Without err the reason has been
// printed already.
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

// exitCode is the code of a command that a signal has ended.
func exitCode(s os.Signal) int {
	if s == syscall.SIGTERM {
		return exitTerminated
	}
	return exitInterrupted
}

// exitOf is the exit for a watch's error.
func exitOf(err error) error {
	var by *watch.Interrupted
	switch {
	case errors.Is(err, program.ErrReported):
		return &exit{code: exitError}
	case errors.As(err, &by):
		return &exit{code: exitCode(by.Signal)}
	}
	return err
}
