package emucmd

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal opens a terminal. The test types into keys; a program reads and writes screen.
func openTerminal(t *testing.T) (keys, screen *os.File) {
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

// atTheTerminal makes a command the session leader of a terminal.
func atTheTerminal(t *testing.T, c *exec.Cmd) (keys, screen *os.File) {
	t.Helper()
	keys, screen = openTerminal(t)
	c.Stdin = screen
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	return keys, screen
}

// TestExecEndsAtTerminal: at a terminal the command is in emu's process group. It ends with emu all
// the same, with what it has started.
func TestExecEndsAtTerminal(t *testing.T) {
	t.Parallel()
	c := emuExec(t, scriptEnv(t), "trap '' HUP; sh -c 'echo started; sleep 1000; true'; true")
	atTheTerminal(t, c)
	s, err := start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	waitFor(t, s, "started")
	s.cmd.Process.Kill()
	<-s.ended // no process holds the output open
}

// TestKeysAfterStop: a shell changes the terminal's mode while emu is stopped; emu sets it
// again when it continues.
func TestKeysAfterStop(t *testing.T) {
	t.Parallel()
	emu, err := exec.LookPath("emu")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(emu, "dev", "--config", "testdata/worker/wrangler.jsonc", "--port", "0", "--persist-to", t.TempDir(), "--show-interactive-dev-session")
	c.Env = append(os.Environ(), scriptEnv(t)...)
	keys, screen := atTheTerminal(t, c)
	s, err := start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	lines := func() uint32 {
		mode, err := unix.IoctlGetTermios(int(screen.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		return mode.Lflag & unix.ICANON
	}
	if lines() != 0 {
		t.Fatal("the terminal gives lines")
	}
	mode, err := unix.IoctlGetTermios(int(screen.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	mode.Lflag |= unix.ICANON | unix.ECHO
	if err := unix.IoctlSetTermios(int(screen.Fd()), unix.TCSETS, mode); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	await(t, "end of lines", func() bool { return lines() == 0 })
	fmt.Fprint(keys, "x")
	<-s.ended
	if code := s.cmd.ProcessState.ExitCode(); code != exitOK {
		t.Errorf("ended with %d\n%s", code, s.said())
	}
	if lines() == 0 {
		t.Error("the terminal is not as it was")
	}
}

// TestInteractive: a device is no terminal.
func TestInteractive(t *testing.T) {
	was := os.Stdout
	defer func() { os.Stdout = was }()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	_, screen := openTerminal(t)
	for f, want := range map[*os.File]bool{null: false, screen: true} {
		os.Stdout = f
		if got := interactive(&Command{Stdout: f}); got != want {
			t.Errorf("%s: %v", f.Name(), got)
		}
	}
}
