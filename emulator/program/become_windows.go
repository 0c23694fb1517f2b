package program

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
)

// Become runs the executable in place of this process, which Windows cannot
// replace, and returns its exit code. Ctrl-C reaches both and is left to the
// executable.
func (e *Executable) Become(args, env []string) (int, error) {
	signal.Ignore(os.Interrupt)
	c := Child{Cmd: exec.Command(e.Path, args...)}
	c.Env, c.Stdout, c.Stderr = env, os.Stdout, os.Stderr
	// A program that is linked with an earlier version of this module ends with its input.
	pipe, err := c.StdinPipe()
	if err != nil {
		return 1, err
	}
	defer pipe.Close()
	if err := c.Start(); err != nil {
		return 1, err
	}
	err = c.Wait()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return failed.ExitCode(), nil
	}
	return 0, err
}

// lockFile locks nothing: Windows does not let an executable that runs be
// written, and the go command moves it out of the way.
func lockFile(context.Context, string) (io.Closer, error) { return io.NopCloser(nil), nil }
