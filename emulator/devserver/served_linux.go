package devserver

import (
	"os/exec"
	"syscall"
)

// endWithParent ends a program that hangs before it looks at its link when this
// process is killed.
func endWithParent(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}
