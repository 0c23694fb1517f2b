package devserver

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
// executable; the pipe that is its standard input ends when this process does.
func (e *Executable) Become(args, env []string) (int, error) {
	signal.Ignore(os.Interrupt)
	c := exec.Command(e.Path, args...)
	c.Env, c.Stdout, c.Stderr = env, os.Stdout, os.Stderr
	pipe, err := c.StdinPipe()
	if err != nil {
		return 1, err
	}
	defer pipe.Close()
	err = c.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return failed.ExitCode(), nil
	}
	return 0, err
}

// Follow makes a process that serves for another one end with it: at the end of
// the pipe that is its standard input.
func Follow() {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
}

// lockFile locks nothing: Windows does not let an executable that runs be
// written, and the go command moves it out of the way.
func lockFile(context.Context, string) (io.Closer, error) { return io.NopCloser(nil), nil }
