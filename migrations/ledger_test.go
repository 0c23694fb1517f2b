package migrations

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/migrations/folder"
	"github.com/seed-36a2c969/emu/migrations/internal/record"
)

// open opens the ledger of Worker w.
func open(t *testing.T, persist string) *Ledger {
	t.Helper()
	l, err := Open(persist, "w")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// put makes a namespace's folder with a file in it.
func put(t *testing.T, persist, key string) {
	t.Helper()
	dir := filepath.Join(folder.Dir(persist), key)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "metadata.sqlite"), []byte(key), 0o666); err != nil {
		t.Fatal(err)
	}
}

// tree lists the namespaces' files below the state folder.
func tree(t *testing.T, persist string) string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(folder.Dir(persist), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Name() == "metadata.sqlite" {
			rel, _ := filepath.Rel(folder.Dir(persist), filepath.Dir(path))
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if rel = filepath.ToSlash(rel); rel != string(data) {
				rel += "=" + string(data)
			}
			all = append(all, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestLedgerFile(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	cfg := conf(with("v1", "s:Chat Gone"), with("v2", "r:Chat>Room", "d:Gone", "n:Old"))
	start(t, l, cfg)
	data, err := os.ReadFile(filepath.Join(dir, "v3", "do", "w.emu-migrations.json"))
	if err != nil {
		t.Fatal(err)
	}
	// The sums are those that sha256sum gives for the steps in one line.
	equal(t, "file", string(data), `{
  "version": 1,
  "worker": "w",
  "last_tag": "v2",
  "applied": [
    {
      "index": 0,
      "tag": "v1",
      "sha256": "f87fd13fa13c48d3c0f4bab0b8fb91ff5d17bb29bcbfb4dcfce8ce9495db1ef6",
      "step": {
        "new_sqlite_classes": [
          "Chat",
          "Gone"
        ]
      },
      "applied_at": "2026-11-23T12:00:00Z"
    },
    {
      "index": 1,
      "tag": "v2",
      "sha256": "3d5353d8b53972da2773e79ce85766ea7b1175ac66315029f3a948aea4b473e9",
      "step": {
        "new_classes": [
          "Old"
        ],
        "renamed_classes": [
          {
            "from": "Chat",
            "to": "Room"
          }
        ],
        "deleted_classes": [
          "Gone"
        ]
      },
      "applied_at": "2026-11-23T12:00:00Z"
    }
  ],
  "classes": {
    "Old": {
      "storage": "kv",
      "unique_key": "w-Old",
      "created_as": "Old",
      "created_by_tag": "v2"
    },
    "Room": {
      "storage": "sqlite",
      "unique_key": "w-Chat",
      "created_as": "Chat",
      "created_by_tag": "v1"
    }
  },
  "tombstones": [
    {
      "class": "Gone",
      "storage": "sqlite",
      "unique_key": "w-Gone",
      "created_as": "Gone",
      "created_by_tag": "v1",
      "deleted_by_tag": "v2",
      "deleted_at": "2026-11-23T12:00:00Z"
    }
  ]
}
`)
	// L2: a second start writes nothing, also from the file.
	l = open(t, dir)
	p := l.Plan(Facts{Config: cfg, Now: now.Add(time.Hour)})
	if e := l.effects(p); len(e) > 0 || len(p.Steps) > 0 {
		t.Errorf("a second start does %v %s", e, lines(p.Steps))
	}
	if l.LastTag() != "v2" {
		t.Errorf("last tag %q", l.LastTag())
	}
}

// A Worker without migrations leaves no file.
func TestLedgerNothing(t *testing.T) {
	dir := t.TempDir()
	start(t, open(t, dir), conf(bind("X")))
	if _, err := os.Stat(folder.Dir(dir)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("state folder: %v", err)
	}
}

// L30: what cannot be read is refused and stays as it is.
func TestLedgerUnreadable(t *testing.T) {
	good := func(t *testing.T) string {
		l := memory(t, "w")
		start(t, l, conf(with("v1", "s:Chat"), with("v2", "s:X"), with("v3", "d:X")))
		return string(l.rec.Encode())
	}
	class := "    \"Chat\": {\n      \"storage\": \"sqlite\",\n      \"unique_key\": \"w-Chat\",\n      \"created_as\": \"Chat\",\n      \"created_by_tag\": \"v1\"\n    }\n"
	for name, c := range map[string]struct{ old, new, err string }{
		"empty":              {"*", "", "1:1: unexpected end of JSON input"},
		"cut":                {"*", `{"version": 1, "wor`, "1:20: unexpected end of JSON input"},
		"no JSON":            {"*", "{\n  \"é\": x}", `2:8: invalid character 'x' looking for beginning of value`},
		"nested deeply":      {"*", strings.Repeat("[", 1000000), "1:10001: invalid character '[' exceeded max depth"},
		"a list":             {"*", "[]", `1:1: it has no valid version; expected "version": 1`},
		"null":               {"*", "null", `1:1: it has no valid version; expected "version": 1`},
		"newer":              {`"version": 1`, `"version": 2`, "2:14: it has version 2 and this emu knows version 1"},
		"no version":         {`"version": 1,`, ``, `1:1: it has no valid version; expected "version": 1`},
		"version as text":    {`"version": 1`, `"version": "1"`, `2:14: it has no valid version; expected "version": 1`},
		"unknown field":      {`"worker"`, `"owner": "me", "worker"`, `3:3: field "owner" is not known here; expected: applied, aside, classes, last_tag, tombstones, version, worker`},
		"another case":       {`"classes"`, `"Classes"`, `40:3: field "Classes" is not known here; expected: applied, aside, classes, last_tag, tombstones, version, worker`},
		"field twice":        {`"tombstones"`, `"classes": {}, "tombstones"`, `48:3: field "classes" is there twice`},
		"class twice":        {class, class[:len(class)-1] + ",\n" + class, `47:5: field "Chat" is there twice`},
		"no worker":          {`"worker": "w",`, ``, `1:1: "worker" is missing`},
		"other worker":       {`"worker": "w"`, `"worker": "x"`, `3:13: it belongs to Worker "x"; expected "w"`},
		"worker of a number": {`"worker": "w"`, `"worker": 5`, `3:13: "worker" must be text, but it is a number`},
		"no classes":         {"\"classes\": {\n" + class + "  },", "", `1:1: "classes" is missing: expected an object with the namespace of each live class, {} if there is none; the applied migrations have made Chat`},
		"only a name":        {"*", `{"version": 1, "worker": "w"}`, `1:1: "classes" is missing: expected an object with the namespace of each live class, {} if there is none`},
		"classes of null":    {"\"classes\": {\n" + class + "  }", `"classes": null`, `40:14: "classes" must be an object, but it is null`},
		"classes as a list":  {"\"classes\": {\n" + class + "  }", `"classes": ["Chat"]`, `40:14: "classes" must be an object, but it is an array`},
		"a class of null":    {class, `"Chat": null`, `41:9: "Chat" must be an object, but it is null`},
		"a class of nothing": {class, `"Chat": {}`, `41:9: "storage" is missing`},
		"no key":             {`"unique_key": "w-Chat",`, ``, `41:13: "unique_key" is missing`},
		"created by nothing": {`"created_by_tag": "v1"`, `"created_by_tag": "v9"`, `45:25: class Chat was created by migration "v9", which is not among the applied ones`},
		"applied of null":    {`"applied": [`, `"aside": null, "applied": [`, `5:12: "aside" must be an array, but it is null`},
		"no step":            {`"step"`, `"stop"`, `10:7: field "stop" is not known here; expected: applied_at, index, sha256, step, tag`},
		"a name of a number": {`"Chat"`, `7`, `12:11: item 0 of "new_sqlite_classes" must be text, but it is a number`},
		"index":              {`"index": 0`, `"index": 0.5`, `7:16: "index" must be a number like 1, but it is 0.5`},
		"time":               {`2026-11-23T12:00:00Z`, `yesterday`, `15:21: "applied_at" must be a time like 2026-01-31T12:00:00Z, but it is "yesterday"`},
		"edited step":        {`"Chat"`, `"Chat2"`, `9:17: the sha256 of applied migration "v1" is not that of its step`},
		"last tag":           {`"last_tag": "v3"`, `"last_tag": "v1"`, `4:15: last_tag is "v1" and the last applied migration is "v3"`},
		"no last tag":        {`"last_tag": "v3",`, ``, `1:1: last_tag is "" and the last applied migration is "v3"`},
		"storage":            {`"storage": "sqlite"`, `"storage": "disk"`, `42:18: class Chat has storage "disk"; expected "sqlite" or "kv"`},
		"outside":            {`"w-Chat"`, `"../../x"`, `43:21: class Chat has unique key "../../x", which is not a folder's name`},
		"shared key":         {`"w-Chat"`, `"w-X"`, `52:21: unique key "w-X" is there twice`},
		"something else":     {"}\n", "}\n{}", "60:1: invalid character '{' after top-level value"},
	} {
		t.Run(name, func(t *testing.T) {
			text := c.new
			if c.old != "*" {
				text = good(t)
				i := strings.LastIndex(text, c.old)
				if c.old != "}\n" {
					i = strings.Index(text, c.old)
				}
				text = text[:i] + c.new + text[i+len(c.old):]
			}
			dir := t.TempDir()
			path := filepath.Join(folder.Dir(dir), "w.emu-migrations.json")
			if err := os.MkdirAll(folder.Dir(dir), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
			_, err := Open(dir, "w")
			want := fmt.Sprintf("cannot read migration ledger %s:%s; move it away or run with --reset-migrations", path, c.err)
			if !errors.Is(err, ErrUnreadable) || err.Error() != want {
				t.Fatalf("error %v, want %s", err, want)
			}
			if data, _ := os.ReadFile(path); string(data) != text {
				t.Error("the file was changed")
			}
			to, err := Reset(dir, "w", now)
			if err != nil {
				t.Fatal(err)
			}
			if data, _ := os.ReadFile(to); string(data) != text || !strings.HasPrefix(to, filepath.Join(folder.Dir(dir), ".trash")+string(filepath.Separator)) {
				t.Errorf("moved to %s", to)
			}
			open(t, dir)
			if to, err := Reset(dir, "w", now); to != "" || err != nil {
				t.Errorf("a second reset: %q %v", to, err)
			}
		})
	}
}

func TestOpenName(t *testing.T) {
	for _, name := range []string{"", "..", "a/b", `a\b`} {
		if _, err := Open(t.TempDir(), name); err == nil {
			t.Errorf("%q was opened", name)
		}
		if _, err := Take(t.TempDir(), name); err == nil {
			t.Errorf("%q was locked", name)
		}
		if _, err := Reset(t.TempDir(), name, now); err == nil {
			t.Errorf("%q was reset", name)
		}
	}
}

// The first run over what wrangler dev left takes its folders, and of a
// renamed class the one that wrangler dev shows.
func TestAdopt(t *testing.T) {
	history := conf(with("v1", "s:Chat"), with("v2", "r:Chat>Room"), with("v3", "n:Log"))
	for _, c := range []struct {
		id, folders, classes, warnings string
		cfg                            *config.Config
		steps                          string
	}{
		{
			id: "kept", cfg: conf(with("v1", "s:Chat")), folders: "w-Chat", classes: "Chat=sqlite:w-Chat",
			steps: "Applied migration v1: new_sqlite_classes [Chat]\nAdopted the existing data of Durable Object class Chat in DIR/w-Chat",
		},
		{id: "before the rename", cfg: history, folders: "w-Chat", classes: "Log=kv:w-Log Room=sqlite:w-Chat"},
		{id: "after the rename", cfg: history, folders: "w-Room", classes: "Log=kv:w-Log Room=sqlite:w-Room"},
		{
			id: "across the rename", cfg: history, folders: "w-Chat w-Room w-Log", classes: "Log=kv:w-Log Room=sqlite:w-Room",
			warnings: "class Room uses the data in w-Room, as wrangler dev does; the data from before its rename stays in w-Chat",
		},
		{
			id: "an emu that lost its ledger", folders: "w-A w-A~2", classes: "A=sqlite:w-A~2 B=sqlite:w-A",
			cfg: conf(with("v1", "s:A"), with("v2", "r:A>B"), with("v3", "s:A")),
		},
		{id: "deleted and created again", cfg: conf(with("v1", "s:X"), with("v2", "d:X"), with("v3", "n:X")), folders: "w-X", classes: "X=kv:w-X"},
		{id: "the same from an emu", cfg: conf(with("v1", "s:X"), with("v2", "d:X"), with("v3", "n:X")), folders: "w-X w-X~2", classes: "X=kv:w-X~2"},
		{
			id: "deleted", cfg: conf(with("v1", "s:X"), with("v2", "d:X")), folders: "w-X",
			steps: "Applied migration v1: new_sqlite_classes [X]\nAdopted the existing data of Durable Object class X in DIR/w-X\nApplied migration v2: deleted_classes [X]\nDeleted Durable Object class X; its data stays in DIR/w-X until --purge",
		},
		{id: "exports, before the rename", cfg: conf(export("Chat", ">Room"), export("Room", "")), folders: "w-Chat", classes: "Room=sqlite:w-Chat"},
		{id: "exports, after the rename", cfg: conf(export("Chat", ">Room"), export("Room", "")), folders: "w-Room", classes: "Room=sqlite:w-Room"},
		{
			id: "exports, deleted", cfg: conf(export("X", "deleted")), folders: "w-X",
			steps: "Deleted Durable Object class X; its data stays in DIR/w-X until --purge",
		},
	} {
		t.Run(c.id, func(t *testing.T) {
			dir := t.TempDir()
			for _, key := range strings.Fields(c.folders) {
				put(t, dir, key)
			}
			before := tree(t, dir)
			p := start(t, open(t, dir), c.cfg)
			equal(t, "errors", texts(p.Errors), "")
			equal(t, "warnings", texts(p.Warnings), c.warnings)
			equal(t, "classes", show(p.Classes), c.classes)
			equal(t, "folders", tree(t, dir), before)
			if c.steps != "" {
				equal(t, "steps", filepath.ToSlash(strings.ReplaceAll(lines(p.Steps), folder.Dir(dir), "DIR")), c.steps)
			}
			again := start(t, open(t, dir), c.cfg)
			equal(t, "classes of the second start", show(again.Classes), c.classes)
			equal(t, "steps of the second start", lines(again.Steps), "")
		})
	}
}

// L17: a deletion hides the data; only a purge moves it.
func TestPurge(t *testing.T) {
	v1, v2 := conf(with("v1", "s:X")), conf(with("v1", "s:X"), with("v2", "d:X"))
	purge := func(f *Facts) { f.Purge = true }
	trash := ".trash/w-X-20261123T120000.000Z"

	dir := t.TempDir()
	start(t, open(t, dir), v1)
	put(t, dir, "w-X")
	p := start(t, open(t, dir), v2)
	equal(t, "steps", lines(p.Steps), "Applied migration v2: deleted_classes [X]\nDeleted Durable Object class X; its data stays in "+filepath.Join(folder.Dir(dir), "w-X")+" until --purge")
	equal(t, "folders", tree(t, dir), "w-X")
	p = start(t, open(t, dir), v2, purge)
	equal(t, "steps", lines(p.Steps), "Moved the data of deleted Durable Object class X to "+filepath.Join(folder.Dir(dir), filepath.FromSlash(trash)))
	equal(t, "folders", tree(t, dir), trash+"=w-X")
	p = start(t, open(t, dir), v2, purge)
	equal(t, "steps", lines(p.Steps), "")

	// In one start, and with something of the same name in the trash.
	put(t, dir, "w-X")
	start(t, open(t, dir), v2, purge)
	equal(t, "folders", tree(t, dir), trash+"=w-X "+trash+"~2=w-X")

	// Data that another branch still shows is not moved.
	dir = t.TempDir()
	start(t, open(t, dir), v2)
	put(t, dir, "w-X")
	start(t, open(t, dir), v1, purge)
	equal(t, "folders", tree(t, dir), "w-X")
}

func TestAssume(t *testing.T) {
	cfg := conf(with("v1", "s:Chat"), with("v2", "r:Chat>Room"), with("v3", "n:Log"))
	dir := t.TempDir()
	l := open(t, dir)
	if err := l.Assume(cfg, "v2", now); err != nil {
		t.Fatal(err)
	}
	p := start(t, l, cfg, strict)
	equal(t, "steps", lines(p.Steps), "Applied migration v3: new_classes [Log]")
	equal(t, "classes", show(open(t, dir).Plan(Facts{Config: cfg}).Classes), "Log=kv:w-Log Room=sqlite:w-Chat")

	err := l.Assume(cfg, "v2", now)
	if want := `cannot assume deployed tag "v2": the local state already has migration tag "v3"`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	err = memory(t, "w").Assume(cfg, "v9", now)
	if want := `cannot assume deployed tag "v9": it was not found in wrangler.jsonc`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestDecodeLinear: a ledger of many classes is read in a time that grows with it.
func TestDecodeLinear(t *testing.T) {
	text := func(n int) []byte {
		r := &record.Record{Version: record.Version, Worker: "w", Classes: map[string]record.Namespace{}}
		for i := range n {
			name := fmt.Sprint("Class", i)
			r.Classes[name] = record.Namespace{Storage: KV, UniqueKey: "w-" + name, CreatedAs: name}
		}
		return r.Encode()
	}
	allocs := func(n int) float64 {
		data := text(n)
		return testing.AllocsPerRun(1, func() {
			if _, err := record.Decode(data, "w"); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := allocs(500), allocs(5000); many > 15*few {
		t.Errorf("ten times as many classes take %.0f allocations after %.0f", many, few)
	}
}

// TestHolds: what a start makes of a class is no data of it.
func TestHolds(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(dir, "w")
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(folder.Dir(dir), "w-Chat")
	holds := func(want bool) {
		t.Helper()
		if l.holds("w-Chat") != want {
			t.Errorf("holds an object: %t", !want)
		}
	}
	holds(false)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	holds(false)
	for _, file := range []string{"metadata.sqlite", "metadata.sqlite-wal"} {
		if err := os.WriteFile(filepath.Join(folder, file), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	holds(false)
	start(t, l, conf(bind("Chat"), with("v1", "n:Chat")), registered("Chat"))
	p := start(t, l, conf(bind("Chat"), with("v1", "s:Chat")), registered("Chat"))
	equal(t, "warnings", texts(p.Warnings), "")
	if err := os.WriteFile(filepath.Join(folder, strings.Repeat("a", 64)+".sqlite"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	holds(true)
}
