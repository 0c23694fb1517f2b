//go:build unix

package emucmd

import (
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// emuExec is an emu exec with a shell's script.
func emuExec(t *testing.T, env []string, script string) *exec.Cmd {
	t.Helper()
	emu, err := exec.LookPath("emu")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(emu, "exec", "--config", "testdata/worker/wrangler.jsonc", "--persist-to", t.TempDir(), "--", "sh", "-c", script)
	c.Env = append(os.Environ(), env...)
	return c
}

// accompanied starts emu exec without a terminal, and waits until the script prints
// "started".
func accompanied(t *testing.T, env []string, script string) *served {
	t.Helper()
	c := emuExec(t, env, script)
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	s, err := start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	waitFor(t, s, "started")
	return s
}

// TestExecEnds: whichever process ends first, no process is left that holds emu's output open.
func TestExecEnds(t *testing.T) {
	t.Parallel()
	const killed = 128 + int(syscall.SIGKILL)
	tests := []struct {
		name, script string
		signals      []syscall.Signal // to emu, the second once the script has printed "heard"
		code         int
	}{
		{"the command", "sleep 1000 & echo started; exit 3", nil, 3},
		{"the command, killed", "sleep 1000 & echo started; kill -9 $$", nil, killed},
		{"emu", "trap 'echo heard; exit 9' TERM; sleep 1000 & echo started; wait", []syscall.Signal{syscall.SIGTERM}, 9},
		{"emu, interrupted", "trap 'echo heard; exit 9' INT; sleep 1000 & echo started; wait", []syscall.Signal{syscall.SIGINT}, 9},
		{"emu, twice", "trap 'echo heard' TERM; echo started; while :; do sleep 1000 & wait; done", []syscall.Signal{syscall.SIGTERM, syscall.SIGTERM}, killed},
		{"emu, killed", "trap '' TERM INT; sleep 1000 & echo started; wait", []syscall.Signal{syscall.SIGKILL}, -1},
		{"emu, killed by the command's first act", "echo started; kill -9 $PPID; sleep 1000 & wait", nil, -1},
	}
	env := scriptEnv(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := accompanied(t, env, test.script)
			for i, signal := range test.signals {
				if i > 0 {
					waitFor(t, s, "heard")
				}
				if err := s.cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.wait(); err != nil { // returns when no process holds the output open
				t.Fatal(err)
			}
			if code := s.cmd.ProcessState.ExitCode(); code != test.code {
				t.Errorf("ended with %d, want %d\n%s", code, test.code, s.said())
			}
			l, err := net.Listen("tcp", "127.0.0.1:"+port(t, s.url))
			if err != nil {
				t.Fatalf("the port is not free: %v", err)
			}
			l.Close()
		})
	}
}
