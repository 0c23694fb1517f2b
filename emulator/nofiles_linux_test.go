package emulator

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// TestNoFilesLeft: in a process that may open few files, databases that are not in use make room for others, and where none
// can, that is what is told. A process of its own has that limit.
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
	class := durable.Define("Tally", func(_ context.Context, st *durable.State, _ *durable.Env) (*tally, error) {
		return &tally{st: st}, nil
	})
	cfg := &config.Config{Name: "w", NameGiven: true, TopLevelName: "w",
		Bindings:   []config.DurableObjectBinding{{Name: "T", ClassName: "Tally"}},
		Migrations: []config.Migration{{Tag: "v1", NewSQLiteClasses: []config.ClassRef{{Name: "Tally"}}}}}
	w, err := New(Options{Config: cfg, Classes: []driver.Class{class.Driver()}, Persist: t.TempDir(),
		Worker: durable.Export(durable.WorkerFunc(func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
			return env.DurableObject("T").GetByName(r.URL.Path).Fetch(ctx, r)
		}))})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ask := func(path string) string { // "0", or what went wrong
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, httptest.NewRequest("GET", path, nil))
		return rec.Body.String()
	}
	for i := range files {
		if got := ask(fmt.Sprintf("/%d", i)); got != "0" {
			t.Fatalf("object %d: %s", i, got)
		}
	}
	var many sync.WaitGroup
	for i := range files {
		many.Go(func() {
			if got := ask(fmt.Sprintf("/%d", files+i)); got != "0" {
				t.Errorf("object %d, beside others: %s", files+i, got)
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
	w.handles.mu.Lock()
	open := w.handles.list.Len()
	w.handles.mu.Unlock()
	if open > files/2 {
		t.Errorf("%d databases are open", open)
	}
	// Each has set a PRAGMA, so that it makes no room.
	said := ""
	for i := 0; said == "" && i < files; i++ {
		if got := ask(fmt.Sprintf("/more/%d?set", i)); got != "0" {
			said = got
		}
	}
	if !strings.Contains(said, "too many open files") {
		t.Errorf("it says %q", said)
	}
	for _, f := range held {
		f.Close()
	}
	if got := ask("/0"); got != "0" {
		t.Errorf("afterwards it says %q", got)
	}
}
