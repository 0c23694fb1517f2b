package devserver

import (
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/program"
)

type discard struct{ io.Writer }

func (discard) Close() error { return nil }

// TestEndedWhenReady: a program that ends as soon as it is ready is the current one,
// so that its end is told as any other's.
func TestEndedWhenReady(t *testing.T) {
	p := &served{child: &program.Child{Cmd: exec.Command(os.Args[0], "-test.run=^$")}, input: discard{io.Discard}, said: make(chan string, 1), ended: make(chan struct{})}
	if err := p.child.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.url = "http://localhost:8787"
	p.said <- saidReady + " " + p.url
	close(p.said)
	close(p.ended)
	sources, err := newSources()
	if err != nil {
		t.Fatal(err)
	}
	defer sources.close()
	w := &Watch{Log: &Log{Out: io.Discard, Err: io.Discard}, sources: sources}
	if err := w.follow(p, tellCode); err != nil || w.current != p {
		t.Errorf("followed with error %v, the current program is %v", err, w.current)
	}
}
