package program

import (
	"context"
	"os/exec"
	"time"
)

// Child is a command that ends when this process does, even if that is killed.
//
// On Unix a shell stands by: it reads from a pipe whose other end only this process has. When
// this process ends, however it does, the read ends and the shell kills the command. On Windows
// the command is in a job that the system ends with its last handle, which is this process's.
//
// The parent-death signal of Linux would not do: it reaches the command alone, not what the
// command has started.
type Child struct {
	*exec.Cmd
	// Apart puts the command into a process group of its own, which ends with the command. Any
	// other command stays in this process's group, where the keys of a terminal reach it.
	// Windows knows no groups: there what a command has started always ends with it.
	Apart bool

	platform platform
}

// Run runs the command to its end, or to that of the context, whose error it then returns.
func (c *Child) Run(ctx context.Context) error {
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	c.interrupt()
	select {
	case <-ended:
	case <-time.After(maxCleaning):
		c.Kill()
		<-ended
	}
	return ctx.Err()
}

// maxCleaning is how long a command that is interrupted may take to clean up.
const maxCleaning = 2 * time.Second
