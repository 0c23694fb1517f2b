package migrations

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/migrations/folder"
	"github.com/seed-36a2c969/emu/migrations/internal/record"
)

// peerConf is a configuration of Worker other.
func peerConf(options ...option) *config.Config {
	cfg := conf(options...)
	cfg.Name = "other"
	return cfg
}

// L32: a start that dies between any two of its effects, or in the middle of
// writing, is made good by the next.
func TestApplyCrash(t *testing.T) {
	v1 := conf(with("v1", "s:Chat Gone Old"))
	v2 := conf(with("v1", "s:Chat Gone Old"), with("v2", "r:Chat>Room", "d:Gone Old", "s:Log", "t:other:Y>X"))
	purge := func(f *Facts) { f.Purge = true }
	prepare := func() string {
		dir := t.TempDir()
		peer, err := Open(dir, "other")
		if err != nil {
			t.Fatal(err)
		}
		start(t, peer, peerConf(with("v1", "n:Y Z")))
		start(t, open(t, dir), v1)
		for _, key := range []string{"w-Chat", "w-Gone", "w-Old", "other-Y"} {
			put(t, dir, key)
		}
		return dir
	}
	type state struct{ ledger, peer, tree, classes string }
	look := func(dir string, classes map[string]Class) state {
		l, err := os.ReadFile(filepath.Join(folder.Dir(dir), "w.emu-migrations.json"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := os.ReadFile(filepath.Join(folder.Dir(dir), "other.emu-migrations.json"))
		if err != nil {
			t.Fatal(err)
		}
		return state{string(l), string(p), tree(t, dir), show(classes)}
	}
	plan := func(dir string) (*Ledger, *Plan) {
		l := open(t, dir)
		f := Facts{Config: v2, Now: now}
		purge(&f)
		return l, l.Plan(f)
	}

	dir := prepare()
	l, p := plan(dir)
	all := l.effects(p)
	if len(all) != 7 {
		t.Fatalf("%d effects, want 4 to write, 2 purges and 1 transfer", len(all))
	}
	if err := l.Apply(p); err != nil {
		t.Fatal(err)
	}
	want := look(dir, p.Classes)
	equal(t, "classes", want.classes, "Log=sqlite:w-Log Room=sqlite:w-Chat X=kv:other-Y")
	equal(t, "folders", want.tree, ".trash/w-Gone-20261123T120000.000Z=w-Gone .trash/w-Old-20261123T120000.000Z=w-Old other-Y w-Chat")

	for n := range len(all) + 1 {
		dir := prepare()
		l, p := plan(dir)
		for _, e := range l.effects(p)[:n] {
			if err := e.do(); err != nil {
				t.Fatal(err)
			}
		}
		// The last thing that was being written is half there.
		if err := os.WriteFile(l.Path()+".tmp", []byte(`{"version": 1, "app`), 0o666); err != nil {
			t.Fatal(err)
		}
		l, p = plan(dir)
		equal(t, "errors", texts(p.Errors), "")
		if err := l.Apply(p); err != nil {
			t.Fatal(err)
		}
		if got := look(dir, p.Classes); got != want {
			t.Errorf("after %d effects: %+v\nwant %+v", n, got, want)
		}
		l, p = plan(dir)
		if e := l.effects(p); len(e) > 0 {
			t.Errorf("after %d effects: a third start has %d effects", n, len(e))
		}
	}
}

// A transfer is kept across a change of branch, too.
func TestTransferBranches(t *testing.T) {
	dir := t.TempDir()
	peer, err := Open(dir, "other")
	if err != nil {
		t.Fatal(err)
	}
	start(t, peer, peerConf(with("v1", "n:Y")))
	main := conf(with("v1", "s:A"), with("v2", "t:other:Y>X"))
	mine := conf(with("v1", "s:A"), with("v1b", "s:B"), with("v2", "t:other:Y>X"))
	for _, cfg := range []*config.Config{conf(with("v1", "s:A"), with("v3")), mine, main, mine} {
		p := start(t, open(t, dir), cfg)
		equal(t, "errors", texts(p.Errors), "")
		if x, ok := p.Classes["X"]; ok && x.UniqueKey != "other-Y" {
			t.Errorf("X has key %s", x.UniqueKey)
		}
	}
}

// L21: a transfer keeps the key, and the former owner loses the class.
func TestTransfer(t *testing.T) {
	dir := t.TempDir()
	peer, err := Open(dir, "other")
	if err != nil {
		t.Fatal(err)
	}
	start(t, peer, peerConf(with("v1", "n:Y Z")))
	l := open(t, dir)
	p := start(t, l, conf(with("v1", "t:other:Y>X")))
	equal(t, "steps", lines(p.Steps), "Applied migration v1: transferred_classes [other:Y -> X]\nTook Durable Object class X over from Worker other (data kept)")
	equal(t, "classes", show(p.Classes), "X=kv:other-Y")
	equal(t, "warnings", texts(p.Warnings), "")
	if peer, err = Open(dir, "other"); err != nil {
		t.Fatal(err)
	}
	p = start(t, peer, peerConf(with("v1", "n:Y Z")))
	equal(t, "classes of the former owner", show(p.Classes), "Z=kv:other-Z")

	// The former owner's state is in use.
	lock, err := Take(dir, "other")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	l = open(t, dir)
	p = l.Plan(Facts{Config: conf(with("v1", "t:other:Y>X"), with("v2", "t:other:Z>Z")), Now: now})
	var used *folder.InUseError
	if err := l.Apply(p); !errors.As(err, &used) || used.PID != os.Getpid() {
		t.Errorf("error %v", err)
	}
}

func TestApplyRefuses(t *testing.T) {
	l := memory(t, "w")
	if err := l.Apply(l.Plan(Facts{Config: conf(with("v1", "d:X"))})); err == nil {
		t.Error("a plan with an error was applied")
	}
	old := l.Plan(Facts{Config: conf(with("v1", "s:X"))})
	start(t, l, conf(with("v1", "s:Y")))
	if err := l.Apply(old); err == nil {
		t.Error("a plan of an earlier state was applied")
	}
	if l.Exists("w-Y") || l.peer("other") != nil || l.Path() != "" {
		t.Error("a ledger in memory knows of files")
	}
}

func TestApplyWriteFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	l := &Ledger{worker: "w", dir: filepath.Join(file, "v3", "do"), rec: &record.Record{Version: record.Version, Worker: "w"}}
	p := l.Plan(Facts{Config: conf(with("v1", "s:X")), Now: now})
	if err := l.Apply(p); err == nil {
		t.Fatal("no error")
	}
	if l.LastTag() != "" {
		t.Error("the ledger in memory moved on")
	}
}

// TestWriteLinks: nothing is written through a symbolic link.
func TestWriteLinks(t *testing.T) {
	const text = "dear to somebody\n"
	prepare := func(t *testing.T) (persist, precious string) {
		persist, elsewhere := t.TempDir(), t.TempDir()
		precious = filepath.Join(elsewhere, "precious")
		if err := os.WriteFile(precious, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return persist, precious
	}
	unchanged := func(t *testing.T, precious string) {
		t.Helper()
		if data, err := os.ReadFile(precious); err != nil || string(data) != text {
			t.Errorf("what the link led to holds %q (%v)", data, err)
		}
		if entries, _ := os.ReadDir(filepath.Dir(precious)); len(entries) != 1 {
			t.Errorf("beside it are %v", entries)
		}
	}
	link := func(t *testing.T, to, path string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, path); err != nil {
			t.Skip(err)
		}
	}
	t.Run("temporary file", func(t *testing.T) {
		persist, precious := prepare(t)
		l := open(t, persist)
		link(t, precious, l.Path()+".tmp")
		start(t, l, conf(with("v1", "s:X")))
		unchanged(t, precious)
		equal(t, "last tag", open(t, persist).LastTag(), "v1")
	})
	t.Run("ledger", func(t *testing.T) {
		persist, precious := prepare(t)
		path := open(t, persist).Path()
		link(t, precious, path)
		_, err := Open(persist, "w")
		if want := "cannot read migration ledger " + path + ": it is a symbolic link, and what it leads to is not emu's; move it away or run with --reset-migrations"; err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
		if _, err := Reset(persist, "w", now); err != nil {
			t.Error(err)
		}
		unchanged(t, precious)
		start(t, open(t, persist), conf(with("v1", "s:X")))
		unchanged(t, precious)
	})
	t.Run("trash", func(t *testing.T) {
		persist, precious := prepare(t)
		start(t, open(t, persist), conf(with("v1", "s:X")))
		put(t, persist, "w-X")
		link(t, filepath.Dir(precious), filepath.Join(folder.Dir(persist), folder.Trash))
		l := open(t, persist)
		p := l.Plan(Facts{Config: conf(with("v1", "s:X"), with("v2", "d:X")), Now: now, Purge: true})
		var foreign *diagnostic.Error
		if err := l.Apply(p); !errors.As(err, &foreign) {
			t.Errorf("error %v", err)
		}
		unchanged(t, precious)
		equal(t, "folders", tree(t, persist), "w-X")
	})
}
