package emutest_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

func TestCheckFiles(t *testing.T) {
	kept := filepath.Join(t.TempDir(), "kept")
	var file *os.File
	var listener net.Listener
	worker := durable.WorkerFunc(func(ctx context.Context, r *durable.Request, env *durable.Env) (_ *durable.Response, err error) {
		if file, err = os.Create(kept); err != nil {
			return nil, err
		}
		if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
		return durable.Text(200, "opened"), nil
	})
	var forgetful failing
	w := emutest.New(&forgetful, emutest.Worker(worker), emutest.Classes(RoomClass), emutest.Persist(t.TempDir()), emutest.CheckFiles())
	w.Fetch("GET", "/")
	forgetful.end()
	want := []string{
		"emutest: left open: file " + kept,
		"emutest: left open: socket at " + listener.Addr().String(),
	}
	if len(forgetful.said) < 2 || !slices.Equal(forgetful.said[:2], want) {
		t.Errorf("a test that leaves files open says\n%q\nexpected\n%q", forgetful.said, want)
	}
	file.Close()
	listener.Close()

	// What the world opens is closed.
	w = emutest.New(t, emutest.Classes(RoomClass), emutest.Persist(t.TempDir()), emutest.CheckFiles())
	w.Listen()
	c := w.Dial("/Room/lobby")
	c.Send("x")
	c.Expect("1: x")
}
