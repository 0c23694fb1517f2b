package devserver

import (
	"errors"
	"os"
	"os/exec"
)

// Become runs an executable in place of this process, which Windows cannot
// replace, and returns its exit code. Ctrl-C reaches both; the pipe that is the
// executable's standard input ends when this process does.
func Become(path string, args, env []string) (int, error) {
	c := exec.Command(path, args...)
	c.Env, c.Stdout, c.Stderr = env, os.Stdout, os.Stderr
	pipe, err := c.StdinPipe()
	if err != nil {
		return 1, err
	}
	defer pipe.Close()
	err = c.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}
