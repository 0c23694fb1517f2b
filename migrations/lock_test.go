package migrations

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets this program be another process that holds a lock, or has a file open,
// until its standard input ends or it is killed.
func TestMain(m *testing.M) {
	persist, path := os.Getenv("MIGRATIONS_TEST_HOLD"), os.Getenv("MIGRATIONS_TEST_OPEN")
	var err error
	switch {
	case path != "":
		_, err = os.Open(path)
	case persist != "":
		_, err = Take(persist, "w")
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("held")
	io.Copy(io.Discard, os.Stdin)
}

// hold starts a process that holds the lock of Worker w.
func hold(t *testing.T, persist string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "MIGRATIONS_TEST_HOLD="+persist)
	other(t, cmd)
	return cmd
}

// other starts another process and waits until it holds what it is to hold.
func other(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the other process says %q", line)
	}
}

// L33: the second process is refused with the first one's number, and the
// kernel releases the lock of a process that was killed.
func TestLock(t *testing.T) {
	dir := t.TempDir()
	other := hold(t, dir)
	_, err := Take(dir, "w")
	var used *InUseError
	if !errors.As(err, &used) || used.PID != other.Process.Pid || used.Path != dir {
		t.Fatalf("error %v", err)
	}
	if want := fmt.Sprintf("another emu process (pid %d) is using %s", other.Process.Pid, dir); err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if another, err := Take(dir, "other"); err != nil {
		t.Errorf("another Worker: %v", err)
	} else {
		another.Release()
	}

	other.Process.Kill()
	other.Wait()
	lock, err := Take(dir, "w")
	if err != nil {
		t.Fatalf("after its death: %v", err)
	}
	if _, err = Take(dir, "w"); !errors.As(err, &used) || used.PID != os.Getpid() {
		t.Errorf("a second lock of one process: %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
	if lock, err = Take(dir, "w"); err != nil {
		t.Fatalf("after the release: %v", err)
	}
	lock.Release()
	if text, err := os.ReadFile(filepath.Join(Dir(dir), "w.emu-lock")); err != nil || len(text) != 0 {
		t.Errorf("a released lock's file: %q %v", text, err)
	}
}

func TestLockMemory(t *testing.T) {
	lock, err := Take("", "w")
	if lock != nil || err != nil || lock.Release() != nil {
		t.Errorf("%v %v", lock, err)
	}
}

func TestInUseErrorUnknown(t *testing.T) {
	if got := (&InUseError{Path: "p"}).Error(); got != "another emu process is using p" {
		t.Error(got)
	}
}

// TestTakeNoFolder: what is wrong with the state folder is said of that, with a way out.
func TestTakeNoFolder(t *testing.T) {
	persist := t.TempDir()
	if err := os.WriteFile(filepath.Join(persist, "v3"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := Take(persist, "w")
	var folder *FolderError
	if !errors.As(err, &folder) || !strings.HasPrefix(err.Error(), "cannot use the state folder "+persist+": ") || !strings.Contains(folder.Hint(), "--persist-to") {
		t.Errorf("Take: %v", err)
	}
}
