//go:build unix

package emucmd

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// child is a command that ends when emu does, even if that is killed.
type child struct {
	command *exec.Cmd
	// whom is what kill(2) takes: the keeper's and the command's process group with all
	// that it has started, or at a terminal the command alone. There it stays in
	// emu's group, for Ctrl-C and Ctrl-Z are the terminal's to give.
	whom    int
	orphans *orphans // nil if they are not emu's

	keeper *exec.Cmd
	pipe   io.Closer
}

// keeper is a shell that at the end of its input, a pipe of which nobody but emu has
// the other end, kills the command that it was told of, what has its mark in the
// environment where there is /proc, and its process group: away from a terminal the
// command is in that. There may be no time to tell it.
const keeper = `
trap '' HUP INT QUIT TERM
read -r command && read -r never
kill -s KILL "$command"
for again in 1 2 3; do
	kill -s KILL $(grep -lszF "$1" /proc/[0-9]*/environ | cut -d / -f 3)
done
kill -s KILL 0`

// markVariable holds the marks of what emu has started, of several if they are nested.
const markVariable = "EMU_EXEC"

// startChild starts a command, with which its orphans end if emu has started
// nothing that could have others.
func startChild(command *exec.Cmd, alone bool) (*child, error) {
	mark := rand.Text()
	c := &child{command: command, keeper: exec.Command("/bin/sh", "-c", keeper, "sh", mark)}
	command.Env = append(command.Env, markVariable+"="+strings.TrimSpace(os.Getenv(markVariable)+" "+mark))
	apart := !atTerminal()
	// No signal of emu's group reaches it.
	c.keeper.SysProcAttr = &syscall.SysProcAttr{Setpgid: apart, Setsid: !apart}
	pipe, err := c.keeper.StdinPipe()
	if err != nil {
		return nil, err
	}
	c.pipe = pipe
	if err := c.keeper.Start(); err != nil {
		return nil, err
	}
	command.SysProcAttr = &syscall.SysProcAttr{}
	if apart {
		command.SysProcAttr.Setpgid, command.SysProcAttr.Pgid = true, c.keeper.Process.Pid
	}
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
		c.whom = -c.keeper.Process.Pid
	}
	fmt.Fprintln(pipe, command.Process.Pid)
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
