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
func dev(t *testing.T) *served {
	t.Helper()
	path, err := exec.LookPath("emu")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, "dev", "--config", "testdata/worker/wrangler.jsonc", "--port", "0", "--persist-to", t.TempDir())
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
	s := dev(t)
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// The pipe of its output ends with the last process that has it.
	<-s.ended
	if err := syscall.Kill(-s.cmd.Process.Pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("a process is left in the group: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+port(t, s.url))
	if err != nil {
		t.Fatalf("the port is not free: %v", err)
	}
	l.Close()
}

// TestSecondInterrupt: the first Ctrl-C waits for a handler, the second does not.
func TestSecondInterrupt(t *testing.T) {
	s := dev(t)
	idle := request(t, s, "/")
	buf := make([]byte, 4096)
	if n, err := idle.Read(buf); err != nil || !strings.HasSuffix(string(buf[:n]), "hello\n") {
		t.Fatalf("answered %q, %v", buf[:n], err)
	}
	request(t, s, "/hang")
	waitFor(t, s, "hanging")
	begun := time.Now()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	// Idle connections are closed first: now the end has begun.
	if _, err := idle.Read(buf); err != io.EOF {
		t.Fatalf("the idle connection: %v", err)
	}
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	if code := s.cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("ended with %d\n%s", code, s.said())
	}
	if took := time.Since(begun); took > 4*time.Second || strings.Contains(s.said(), "still waiting") {
		t.Errorf("the second Ctrl-C was not heard: took %v\n%s", took, s.said())
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
	signals := make(chan os.Signal, 1)
	signals <- syscall.SIGTERM
	code, _, stderr := run(Command{Signals: signals}, "dev", "--config", "testdata/worker/wrangler.jsonc")
	if code != exitTerminated || stderr != "" {
		t.Errorf("ended with %d\n%s", code, stderr)
	}
}

// waitFor waits until the server has printed a text.
func waitFor(t *testing.T, s *served, text string) {
	t.Helper()
	for tick := time.Tick(5 * time.Millisecond); !strings.Contains(s.said(), text); <-tick {
		if t.Context().Err() != nil {
			t.Fatal(t.Context().Err())
		}
	}
}
