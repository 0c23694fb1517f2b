package watch

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/emulator/program"
)

// idle is a server that only has an address.
type idle struct{}

func (idle) URL() string  { return "http://localhost:8787" }
func (idle) Hibernate()   {}
func (idle) Leave() error { return nil }
func (idle) Linger()      {}
func (idle) Close() error { return nil }

// TestMain makes the test's own program stand for one that serves, if a watch starts it.
func TestMain(m *testing.M) {
	if program.Started() {
		link, _, err := program.Accept(os.Environ(), "test")
		if err != nil {
			panic(err)
		}
		link.Checked()
		link.Serve(idle{})
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// candidate is a program that has been checked.
func candidate(t *testing.T) *program.Candidate {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c, err := (&program.Executable{Path: path}).Start(program.Handover{Environ: os.Environ(), Host: "localhost:8787"})
	if err == nil {
		err = c.Check(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestPhases: one program replaces another, which ends; then the new one ends by itself.
func TestPhases(t *testing.T) {
	sources, err := newSources()
	if err != nil {
		t.Fatal(err)
	}
	defer sources.close()
	var out bytes.Buffer
	w := &Watch{Log: &devserver.Log{Out: &out, Err: &out, Level: devserver.LevelLog}, sources: sources, pending: program.Start}
	first, second := candidate(t), candidate(t)
	if err := w.take(attempt{program: first}); err != nil || w.phase != serving || w.current != first || w.pending != "" {
		t.Fatalf("after the first program: phase %d, error %v", w.phase, err)
	}
	w.phase, w.pending = replacing, program.CodeChanged
	if err := w.take(attempt{program: second}); err != nil || w.phase != serving || w.current != second {
		t.Fatalf("after the second program: phase %d, error %v", w.phase, err)
	}
	if <-first.Ended(); !first.Complied() {
		t.Error("the first program has ended by itself")
	}
	second.End()
	<-second.Ended()
	if err := w.step(); err != nil || w.phase != broken || w.current != nil {
		t.Errorf("after the end of the program: phase %d, error %v", w.phase, err)
	}
	for _, want := range []string{msgReloading, "the program has ended: exit status 0", "it starts again when a source file"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &out)
		}
	}
	w.killAll()
}
