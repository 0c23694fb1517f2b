//go:build unix

package emucmd

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// dev starts emu dev in a process group of its own.
func dev(t *testing.T, flags ...string) *served {
	t.Helper()
	path, err := exec.LookPath("emu")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, append([]string{"dev", "--config", "testdata/worker/wrangler.jsonc", "--port", "0", "--persist-to", t.TempDir()}, flags...)...)
	c.Env = append(os.Environ(), scriptEnv(t)...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s, err := start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	return s
}

// request sends a GET request over a connection of its own.
func request(t *testing.T, s *served, path string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:"+port(t, s.url))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path)
	return conn
}

func TestKillLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--watch=false", "--watch"} {
		t.Run(flag, func(t *testing.T) {
			s := dev(t, flag)
			if err := s.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			// The output ends when the last process that holds it open has ended.
			if err := s.wait(); err != nil {
				t.Fatal(err)
			}
			nothingLeft(t, s)
		})
	}
}

// TestKillEndsBuild: a build ends with emu, with all that it has started.
func TestKillEndsBuild(t *testing.T) {
	bin := t.TempDir()
	started := filepath.Join(bin, "started")
	script := "#!/bin/sh\nsh -c 'echo $$ >\"" + started + "\"; sleep 1000' &\nsleep 1000\n"
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath("emu")
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"--watch=false", "--watch"} {
		t.Run(flag, func(t *testing.T) {
			os.Remove(started)
			c := exec.Command(path, "dev", "--config", "testdata/worker/wrangler.jsonc", "--port", "0", "--persist-to", t.TempDir(), flag)
			c.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "HOME="+bin, "XDG_CACHE_HOME="+bin)
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			pid := 0
			await(t, "a build", func() bool {
				text, _ := os.ReadFile(started)
				n, _ := fmt.Sscan(string(text), &pid)
				return n == 1
			})
			c.Process.Kill()
			c.Wait()
			await(t, "the end of the build", func() bool { return !alive(pid) })
		})
	}
}

// TestSecondInterrupt: the first Ctrl-C waits for a handler, the second does not.
func TestSecondInterrupt(t *testing.T) {
	t.Parallel()
	s := dev(t)
	idle := request(t, s, "/")
	buf := make([]byte, 4096)
	if n, err := idle.Read(buf); err != nil || !strings.HasSuffix(string(buf[:n]), "hello\n") {
		t.Fatalf("answered %q, %v", buf[:n], err)
	}
	request(t, s, "/hang")
	waitFor(t, s, "hanging")
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	// emu closes idle connections first: this one tells that the shutdown has begun.
	if _, err := idle.Read(buf); err != io.EOF {
		t.Fatalf("the idle connection: %v", err)
	}
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := s.wait(); err != nil {
		t.Fatal(err)
	}
	if code := s.cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("ended with %d\n%s", code, s.said())
	}
	if strings.Contains(s.said(), "a handler does not end") {
		t.Errorf("the second Ctrl-C was not heard\n%s", s.said())
	}
}

// TestInterruptedBuild: Ctrl-C ends a build too.
func TestInterruptedBuild(t *testing.T) {
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\nexec sleep 1000\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("HOME", bin)
	t.Setenv("XDG_CACHE_HOME", bin)
	for _, args := range [][]string{
		{"dev", "--log-level", "none", "--config", "testdata/worker/wrangler.jsonc"},
		{"exec", "--log-level", "none", "--config", "testdata/worker/wrangler.jsonc", "--", "sh", "-c", "echo ran >&2"},
	} {
		signals := make(chan os.Signal, 1)
		signals <- syscall.SIGTERM
		code, _, stderr := run(Command{Signals: signals}, args...)
		if code != exitTerminated || stderr != "" {
			t.Errorf("%s ended with %d\n%s", args[0], code, stderr)
		}
	}
}

// waitFor waits until the server has printed a text.
func waitFor(t *testing.T, s *served, text string) {
	t.Helper()
	waitForMany(t, s, text, 1)
}

// waitForMany waits until the server has printed a text so many times.
func waitForMany(t *testing.T, s *served, text string, n int) {
	t.Helper()
	if err := s.awaitMany(text, n); err != nil {
		t.Fatal(err)
	}
}

// await polls for something that other processes do, at growing intervals.
func await(t *testing.T, what string, come func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for pause := 2 * time.Millisecond; !come(); pause = min(2*pause, 200*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("there is no %s", what)
		}
		time.Sleep(pause)
	}
}

// nothingLeft checks that no process of the group is left, and the port free.
func nothingLeft(t *testing.T, s *served) {
	t.Helper()
	await(t, "end of the processes", func() bool { return !alive(-s.cmd.Process.Pid) })
	l, err := net.Listen("tcp", "127.0.0.1:"+port(t, s.url))
	if err != nil {
		t.Fatalf("the port is not free: %v", err)
	}
	l.Close()
}

// alive reports whether there is a process, or one of a group if its number is
// negative.
func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
