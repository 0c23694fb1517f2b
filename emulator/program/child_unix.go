//go:build unix

package program

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// platform is a [Child] as Unix knows it.
type platform struct {
	watchdog *exec.Cmd
	pipe     io.WriteCloser // the watchdog's input
}

// watchdog is a shell's script. The first line of its input names what it kills at the input's
// end: a command with all its descendants, or with 0 its own process group. Descendants can be
// listed on Linux only; each is stopped first, or it could start one more behind the list's back.
const watchdog = `
trap '' HUP INT QUIT TERM
descent() { [ "$1" = 0 ] || kill -s STOP "$1"; echo "$1"; for child in $(cat /proc/"$1"/task/*/children); do descent "$child"; done; }
read -r target && read -r never
kill -s KILL $(descent "$target")`

// gate is a shell's script, which becomes the command that its arguments name when it has read a
// line. This process writes that once the watchdog knows the shell's number; if it ends before,
// there is no command.
const gate = `read -r begin <&3 && exec 3<&- && exec "$0" "$@"`

// Start starts the command.
func (c *Child) Start() error {
	p := &c.platform
	p.watchdog = exec.Command("/bin/sh", "-c", watchdog)
	p.watchdog.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // no signal for this process's group reaches it
	pipe, err := p.watchdog.StdinPipe()
	if err != nil {
		return err
	}
	if err := p.watchdog.Start(); err != nil {
		return err
	}
	p.pipe = pipe
	if c.Apart {
		// The command joins the watchdog's group before it runs its first instruction, so that
		// there is no moment in which this process could end and leave it.
		fmt.Fprintln(pipe, 0)
		if c.SysProcAttr == nil {
			c.SysProcAttr = &syscall.SysProcAttr{}
		}
		c.SysProcAttr.Setpgid, c.SysProcAttr.Pgid = true, p.watchdog.Process.Pid
	}
	var opener *os.File
	// A program of emu's own, which is handed files, ends by itself when this process has ended.
	if !c.Apart && len(c.ExtraFiles) == 0 {
		var waits *os.File
		if waits, opener, err = os.Pipe(); err != nil {
			p.dismiss()
			return err
		}
		defer waits.Close()
		defer opener.Close()
		c.Args = append([]string{"/bin/sh", "-c", gate, c.Path}, c.Args[1:]...)
		c.Path, c.ExtraFiles = c.Args[0], []*os.File{waits}
	}
	if err := c.Cmd.Start(); err != nil {
		p.dismiss()
		return err
	}
	if !c.Apart {
		fmt.Fprintln(pipe, c.Process.Pid)
	}
	if opener != nil {
		fmt.Fprintln(opener)
	}
	return nil
}

// Wait waits for the command's end, and ends what it has left running in a process group of its own.
func (c *Child) Wait() error {
	err := c.Cmd.Wait()
	if c.Apart {
		c.Kill()
	}
	c.platform.dismiss()
	return err
}

// dismiss ends the watchdog. It is gone before its input ends: the number of a command that has
// ended may be another process's by now.
func (p *platform) dismiss() {
	p.watchdog.Process.Kill()
	p.watchdog.Wait()
	p.pipe.Close()
}

// Signal passes a signal on. An interrupt comes from the terminal's keys, which have reached
// every command of this process's group already.
func (c *Child) Signal(s os.Signal) {
	switch {
	case c.Apart:
		syscall.Kill(-c.platform.watchdog.Process.Pid, s.(syscall.Signal))
	case s != os.Interrupt:
		c.Process.Signal(s)
	}
}

// interrupt asks the command to end.
func (c *Child) interrupt() { c.Signal(os.Interrupt) }

// Kill ends the command at once, with its process group if that is its own.
func (c *Child) Kill() {
	if c.Apart {
		syscall.Kill(-c.platform.watchdog.Process.Pid, syscall.SIGKILL)
	} else {
		c.Process.Kill()
	}
}
