package migrations

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/migrations/folder"
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
	var used *folder.InUseError
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
	if text, err := os.ReadFile(filepath.Join(folder.Dir(dir), "w.emu-lock")); err != nil || len(text) != 0 {
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
	if got := (&folder.InUseError{Path: "p"}).Error(); got != "another emu process is using p" {
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
	var hinted *diagnostic.Error
	if !errors.As(err, &hinted) || !strings.HasPrefix(err.Error(), "cannot use the state folder "+persist+": ") || !strings.Contains(hinted.Hint(), "--persist-to") {
		t.Errorf("Take: %v", err)
	}
}

// TestTakeForeign: what is in the place of a lock and none of emu's is refused, and
// nothing of it is lost.
func TestTakeForeign(t *testing.T) {
	const text = "dear to somebody\n"
	for name, c := range map[string]struct {
		put func(precious, path string) error
		why string
	}{
		"symbolic link":   {os.Symlink, "it is a symbolic link, and what it leads to is not emu's"},
		"link to nothing": {func(precious, path string) error { return os.Symlink(precious+"-not-there", path) }, "it is a symbolic link, and what it leads to is not emu's"},
		"hard link":       {os.Link, "it is not a lock of emu's, but holds something else"},
		"another file":    {func(_, path string) error { return os.WriteFile(path, []byte(text), 0o666) }, "it is not a lock of emu's, but holds something else"},
		"a long number":   {func(_, path string) error { return os.WriteFile(path, []byte(strings.Repeat("7", 40)), 0o666) }, "it is not a lock of emu's, but holds something else"},
		"folder":          {func(_, path string) error { return os.Mkdir(path, 0o777) }, "it is no regular file"},
		"symbolic link, a number": {func(precious, path string) error {
			return errors.Join(os.WriteFile(precious, []byte("123\n"), 0o666), os.Symlink(precious, path))
		}, "it is a symbolic link, and what it leads to is not emu's"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			precious, path := filepath.Join(dir, "precious"), filepath.Join(folder.Dir(dir), "w.emu-lock")
			if err := errors.Join(os.WriteFile(precious, []byte(text), 0o666), os.MkdirAll(folder.Dir(dir), 0o777)); err != nil {
				t.Fatal(err)
			}
			if err := c.put(precious, path); err != nil {
				t.Skip(err) // Windows: links are a privilege
			}
			want, err := os.ReadFile(precious)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Take(dir, "w")
			var foreign *diagnostic.Error
			if !errors.As(err, &foreign) || err.Error() != "cannot use "+path+": "+c.why || foreign.Hint() == "" {
				t.Errorf("error %v", err)
			}
			if got, err := os.ReadFile(precious); err != nil || string(got) != string(want) {
				t.Errorf("the other file holds %q (%v)", got, err)
			}
			if _, err := os.Stat(precious + "-not-there"); err == nil {
				t.Error("a file was made behind the link")
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			lock, err := Take(dir, "w")
			if err != nil {
				t.Fatalf("after it was moved away: %v", err)
			}
			lock.Release()
		})
	}
}

// TestLockDeleted: who deletes the lock's file lets no second process at the data.
func TestLockDeleted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file that is open cannot be deleted")
	}
	dir := t.TempDir()
	start(t, open(t, dir), conf(with("v1", "s:Chat Log")))
	put(t, dir, "w-Chat")
	other := hold(t, dir)
	if err := os.Remove(filepath.Join(folder.Dir(dir), "w.emu-lock")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := Take(dir, "w")
		var used *folder.InUseError
		if !errors.As(err, &used) {
			t.Fatalf("error %v", err)
		}
	}
	other.Process.Kill()
	other.Wait()
	lock, err := Take(dir, "w")
	if err != nil {
		t.Fatalf("after its death: %v", err)
	}
	put(t, dir, "w-New")
	if err := errors.Join(lock.Hold("w-New"), lock.Hold("w-New"), lock.Hold("w-Nothing")); err != nil {
		t.Error(err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
	if lock, err = Take(dir, "w"); err != nil {
		t.Fatalf("after the release: %v", err)
	}
	lock.Release()
}
