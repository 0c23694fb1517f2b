//go:build unix

package emucmd

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// child is a command that ends when emu does, even if that is killed.
type child struct {
	command *exec.Cmd
	// whom is what kill(2) takes: the command's process group with all that it
	// has started, or at a terminal the command alone. There it stays in
	// emu's group, for Ctrl-C and Ctrl-Z are the terminal's to give.
	whom    int
	orphans *orphans // nil if they are not emu's

	keeper *exec.Cmd
	pipe   io.Closer
}

// keeper is a shell that reads which command to kill and whom with it, and does
// it at the end of its input: a pipe of which nobody but emu has the other end.
// Where there is /proc it finds what descends from the command.
const keeper = `
end() {
	kill -s STOP "$1"
	for child in $(grep -ls "^PPid:[[:space:]]*$1\$" /proc/[0-9]*/status | cut -d / -f 3); do
		end "$child"
	done
	kill -s KILL "$1"
}
read -r command whom && { read -r never; end "$command"; kill -s KILL -- "$whom"; }`

// startChild starts a command, with which its orphans end if emu has started
// nothing that could have others.
func startChild(command *exec.Cmd, alone bool) (*child, error) {
	c := &child{command: command, keeper: exec.Command("/bin/sh", "-c", keeper)}
	c.keeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no signal of emu's group reaches it
	pipe, err := c.keeper.StdinPipe()
	if err != nil {
		return nil, err
	}
	c.pipe = pipe
	if err := c.keeper.Start(); err != nil {
		return nil, err
	}
	apart := !atTerminal()
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: apart}
	if alone {
		c.orphans = adopt()
	}
	if err := command.Start(); err != nil {
		c.dismiss()
		return nil, err
	}
	c.orphans.watch(command.Process.Pid)
	c.whom = command.Process.Pid
	if apart {
		c.whom = -c.whom
	}
	fmt.Fprintln(pipe, command.Process.Pid, c.whom)
	return c, nil
}

// atTerminal reports whether emu has a terminal that it can be told by.
func atTerminal() bool {
	f, err := os.Open("/dev/tty")
	if err == nil {
		f.Close()
	}
	return err == nil
}

// signal passes a signal on that the command does not know of.
func (c *child) signal(s os.Signal) {
	if s == os.Interrupt && c.whom > 0 {
		return // the terminal has told the command too
	}
	syscall.Kill(c.whom, s.(syscall.Signal))
}

func (c *child) kill() { syscall.Kill(c.whom, syscall.SIGKILL) }

// wait waits for the command's end, and ends what it has left.
func (c *child) wait() error {
	err := c.command.Wait()
	if c.whom < 0 {
		c.kill()
	}
	c.orphans.end()
	c.dismiss()
	return err
}

// dismiss ends the keeper before its input ends.
func (c *child) dismiss() {
	c.keeper.Process.Kill()
	c.keeper.Wait()
	c.pipe.Close()
}
