package program

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
)

// Become runs the executable and returns its exit code: Windows cannot replace a process. Ctrl-C
// reaches both processes, and only the executable handles it.
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

// lockFile locks nothing: on Windows the go command moves an executable away that still runs.
func lockFile(context.Context, string) (io.Closer, error) { return io.NopCloser(nil), nil }
