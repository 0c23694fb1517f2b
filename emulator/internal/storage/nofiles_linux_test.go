package storage

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestNoFilesLeft: in a process that may open few files, databases that are not in use make room for others, and where none
// can, that is what is said. A process of its own has that limit.
func TestNoFilesLeft(t *testing.T) {
	if os.Getenv("EMU_TEST_FILES") == "" {
		// A database is three files: in each of these processes another one of the three is the first too many.
		for files := range 3 {
			cmd := exec.Command(os.Args[0], "-test.run=^TestNoFilesLeft$", "-test.v")
			cmd.Env = append(os.Environ(), fmt.Sprint("EMU_TEST_FILES=", 100+files))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%d files: %v\n%s", 100+files, err, out)
			}
		}
		return
	}
	var files int
	if _, err := fmt.Sscan(os.Getenv("EMU_TEST_FILES"), &files); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: uint64(files), Max: uint64(files)}); err != nil {
		t.Skip(err)
	}
	n := openRig(t)
	write := func(number int, more string) error {
		_, err := execute(n.object(number), "CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES (1);"+more)
		return err
	}
	for i := range files {
		if err := write(i, ""); err != nil {
			t.Fatalf("object %d: %v", i, err)
		}
	}
	var many sync.WaitGroup
	for i := range files {
		many.Go(func() {
			if err := write(files+i, ""); err != nil {
				t.Errorf("object %d, beside others: %v", files+i, err)
			}
		})
	}
	many.Wait()
	var held []*os.File
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		held = append(held, f)
	}
	if open := n.handles.Len(); open > files/2 {
		t.Errorf("%d databases are open", open)
	}
	// Each has set a PRAGMA, so that it makes no room.
	said := ""
	for i := 0; said == "" && i < files; i++ {
		if err := write(2*files+i, "PRAGMA recursive_triggers = on"); err != nil {
			said = err.Error()
		}
	}
	if !strings.Contains(said, "too many open files") {
		t.Errorf("it says %q", said)
	}
	for _, f := range held {
		f.Close()
	}
	if err := write(0, ""); err != nil {
		t.Errorf("afterwards it says %q", err)
	}
}
