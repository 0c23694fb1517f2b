package emucmd

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal opens a terminal: what is typed is written to keys, and programs have screen.
func terminal(t *testing.T) (keys, screen *os.File) {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { keys.Close() })
	n, err := unix.IoctlGetInt(int(keys.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(keys.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	return keys, screen
}

// atTheTerminal makes a command the first of a terminal.
func atTheTerminal(t *testing.T, c *exec.Cmd) (keys, screen *os.File) {
	t.Helper()
	keys, screen = terminal(t)
	c.Stdin = screen
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	return keys, screen
}

// TestExecEndsAtTerminal: there the command shares emu's group, and what it
// leaves ends all the same, even in a session of its own.
func TestExecEndsAtTerminal(t *testing.T) {
	env := scriptEnv(t)
	for _, test := range []struct {
		name, script string
		kill         bool
		code         int
	}{
		{"the command", "trap '' HUP; sleep 1000 & echo started; exit 3", false, 3},
		{"the command, with a session", "setsid sleep 1000 & echo started; exit 3", false, 3},
		{"emu, killed", "trap '' HUP; sh -c 'echo started; sleep 1000; true'; true", true, -1},
		{"orphans that have died", "pid=$(true & echo $!); while kill -0 $pid; do :; done; echo started", false, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := execCommand(t, env, test.script)
			atTheTerminal(t, c)
			s, err := start(c)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.kill)
			waitFor(t, s, "started")
			if test.kill {
				s.cmd.Process.Kill()
			}
			<-s.ended // the end of the output, for everybody
			if code := s.cmd.ProcessState.ExitCode(); code != test.code {
				t.Errorf("ended with %d, want %d\n%s", code, test.code, s.said())
			}
		})
	}
}
