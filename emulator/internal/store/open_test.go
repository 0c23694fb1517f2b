package store

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
)

// example writes a database file and returns its path.
func example(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.sqlite")
	db := open(t, Options{Path: path})
	must(t, db, "CREATE TABLE t(x); INSERT INTO t VALUES (1), (2)")
	check(t, db.Put("k", []byte("v")))
	check(t, db.Commit())
	check(t, db.Close())
	return path
}

func patch(t testing.TB, path string, at int, b ...byte) {
	t.Helper()
	content, err := os.ReadFile(path)
	check(t, err)
	copy(content[at:], b)
	check(t, os.WriteFile(path, content, 0o644))
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(t *testing.T) string
		want string
	}{
		{name: "text", want: "not a SQLite database; move it away to start afresh",
			make: func(t *testing.T) string {
				path := filepath.Join(t.TempDir(), "a.sqlite")
				check(t, os.WriteFile(path, bytes.Repeat([]byte("hello "), 1000), 0o644))
				return path
			}},
		{name: "damaged schema", want: "damaged (database disk image is malformed); restore it from a copy, or move it away to start afresh",
			make: func(t *testing.T) string {
				path := example(t)
				patch(t, path, 100, bytes.Repeat([]byte{0xff}, 2000)...)
				return path
			}},
		{name: "cut off", want: "damaged (database disk image is malformed); restore it from a copy, or move it away to start afresh",
			make: func(t *testing.T) string {
				path := example(t)
				check(t, os.Truncate(path, 4096+700))
				patch(t, path, 28, 0, 0, 0, 9)
				return path
			}},
		{name: "newer write version", want: "written by a newer SQLite, whose file format this one cannot use",
			make: func(t *testing.T) string { path := example(t); patch(t, path, 18, 3, 2); return path }},
		{name: "newer read version", want: "written by a newer SQLite, whose file format this one cannot use",
			make: func(t *testing.T) string { path := example(t); patch(t, path, 18, 3, 3); return path }},
		{name: "folder", want: "it is a folder, not a file",
			make: func(t *testing.T) string { return t.TempDir() }},
		{name: "no folder", want: "its folder does not exist",
			make: func(t *testing.T) string { return filepath.Join(t.TempDir(), "no", "a.sqlite") }},
		{name: "read-only folder", want: "the file or its folder cannot be written; check their permissions",
			make: func(t *testing.T) string {
				path := example(t)
				for p, mode := range map[string]fs.FileMode{path: 0o444, filepath.Dir(path): 0o555} {
					check(t, os.Chmod(p, mode))
					t.Cleanup(func() { os.Chmod(p, 0o755) })
				}
				if f, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
					f.Close()
					t.Skip("permissions do not bind this user")
				}
				return path
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := c.make(t)
			before, _ := os.ReadFile(path)
			files, _ := os.ReadDir(filepath.Dir(path))
			db, err := Open(Options{Path: path})
			if err == nil {
				db.Close()
				t.Fatal("no error")
			}
			if want := "open database " + path + ": " + c.want; err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			after, _ := os.ReadFile(path)
			if !bytes.Equal(before, after) {
				t.Error("the file was written to")
			}
			if now, _ := os.ReadDir(filepath.Dir(path)); len(now) != len(files) {
				t.Errorf("files appeared: %v", now)
			}
		})
	}
}

// TestAlarmsRefused: what is wrong with the alarms' file is said with its name.
func TestAlarmsRefused(t *testing.T) {
	foreign := filepath.Join(t.TempDir(), "metadata.sqlite")
	db, err := Open(Options{Path: foreign})
	check(t, err)
	check(t, db.conn.Exec("CREATE TABLE _cf_ALARM(x)"))
	check(t, db.Close())
	before, err := os.ReadFile(foreign)
	check(t, err)
	_, err = OpenAlarms(Options{Path: foreign})
	if want := "open database " + foreign + ": its table _cf_ALARM holds no alarms; move the file away to start afresh"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if after, _ := os.ReadFile(foreign); !bytes.Equal(before, after) {
		t.Error("the file was written to")
	}

	damaged := filepath.Join(t.TempDir(), "metadata.sqlite")
	a, err := OpenAlarms(Options{Path: damaged})
	check(t, err)
	check(t, a.Set(Alarm{ID: "a", Time: 1}))
	check(t, a.Close())
	patch(t, damaged, 4096, bytes.Repeat([]byte{0xff}, 4096)...)
	a, err = OpenAlarms(Options{Path: damaged})
	check(t, err)
	defer a.Close()
	_, err = a.All()
	if want := "read database " + damaged + ": database disk image is malformed: SQLITE_CORRUPT"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestClose: workerd leaves one file behind when it evicts an object, and
// three when it is killed.
func TestClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.sqlite")
	list := func() string {
		var names []string
		entries, _ := os.ReadDir(filepath.Dir(path))
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return strings.Join(names, " ")
	}
	db := open(t, Options{Path: path})
	if got := list(); got != "a.sqlite a.sqlite-shm a.sqlite-wal" && got != "a.sqlite" {
		t.Errorf("open: %s", got)
	}
	must(t, db, "CREATE TABLE t(x)")
	check(t, db.Commit())
	if got := list(); got != "a.sqlite a.sqlite-shm a.sqlite-wal" {
		t.Errorf("written: %s", got)
	}
	r := must(t, db, "INSERT INTO t VALUES (1),(2) RETURNING x")
	it := db.Iterate(ListOptions{})
	check(t, db.Close())
	check(t, db.Close())
	if got := list(); got != "a.sqlite" {
		t.Errorf("closed: %s", got)
	}
	if _, _, err := r.Next(); !errors.Is(err, ErrClosed) {
		t.Errorf("cursor: %v", err)
	}
	r.Close()
	it.Close()
	for what, f := range map[string]func() error{
		"exec":    func() error { _, err := db.Exec("SELECT 1", nil); return err },
		"get":     func() error { _, _, err := db.Get("k"); return err },
		"put":     func() error { return db.Put("k", nil) },
		"delete":  func() error { _, err := db.Delete("k"); return err },
		"list":    func() error { return db.List(ListOptions{}, nil) },
		"size":    func() error { _, err := db.Size(); return err },
		"alarm":   func() error { _, _, err := db.Alarm(); return err },
		"set":     func() error { return db.SetAlarm(1) },
		"save":    func() error { return db.Savepoint("s") },
		"release": func() error { return db.Release("s") },
		"name":    func() error { _, _, err := db.Name(); return err },
		"all":     func() error { return db.DeleteAll() },
	} {
		if err := f(); !errors.Is(err, ErrClosed) {
			t.Errorf("%s on a closed database: %v", what, err)
		}
	}
	db = open(t, Options{Path: path})
	same(t, "uncommitted rows", number(t, db, "SELECT count(*) FROM t"), int64(0))
}

func TestMemory(t *testing.T) {
	m := new(Memory)
	o := Options{Path: "ns/a", Memory: m}
	for i := range 3 {
		db := open(t, o)
		if _, err := Open(o); err == nil {
			t.Error("opened twice")
		}
		must(t, db, "CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES (1)")
		check(t, db.Put("k", []byte{byte(i)}))
		check(t, db.Commit())
		must(t, db, "INSERT INTO t VALUES ('not committed')")
		check(t, db.Close())
	}
	db := open(t, o)
	same(t, "rows", raw(db, "SELECT count(*) FROM t WHERE x = 1"), []any{[]any{3.0}})
	same(t, "all", raw(db, "SELECT count(*) FROM t"), []any{[]any{3.0}})
	if v, ok, err := db.Get("k"); !bytes.Equal(v, []byte{2}) || !ok || err != nil {
		t.Errorf("get: %v %v %v", v, ok, err)
	}
	must(t, db, "INSERT INTO t SELECT randomblob(1000) FROM t, t AS b, t AS c, t AS d") // it may grow
	check(t, db.Commit())
	other := open(t, Options{Path: "ns/b", Memory: m})
	same(t, "another", objects(other, "SELECT * FROM sqlite_schema"), []any{})
	a, err := OpenAlarms(Options{Path: "ns/metadata", Memory: m})
	check(t, err)
	check(t, a.Set(Alarm{"x", 1, ""}))
	check(t, a.Close())
	a, err = OpenAlarms(Options{Path: "ns/metadata", Memory: m})
	check(t, err)
	defer a.Close()
	if all, err := a.All(); len(all) != 1 || err != nil {
		t.Errorf("alarms: %v %v", all, err)
	}
}

// TestMemoryIsFreed: what a database takes from outside of Go's heap it gives
// back.
func TestMemoryIsFreed(t *testing.T) {
	path := example(t)
	use := func() {
		db, err := Open(Options{Path: path})
		check(t, err)
		r := must(t, db, "SELECT x FROM t")
		r.Next()
		must(t, db, "INSERT INTO t VALUES (?)", strings.Repeat("x", 100<<10))
		must(t, db, "SELECT count(*) FROM t WHERE x > ?", "y")
		must(t, db, "DELETE FROM t WHERE x > 'x' LIMIT 1")
		if _, err := db.Exec("SELECT nope", nil); err == nil {
			t.Error("no error")
		}
		check(t, db.Put("k", make([]byte, 1000)))
		keys(t, db, ListOptions{Reverse: true})
		check(t, db.Close())
	}
	for range 50 {
		use()
	}
	debug.FreeOSMemory()
	before := resident(t)
	for range 250 {
		use()
	}
	debug.FreeOSMemory()
	if grown := resident(t) - before; grown > 2<<20 {
		t.Errorf("250 times opened and closed: %d KB more", grown>>10)
	}
}

func TestParallel(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			db := open(t, Options{Path: filepath.Join(dir, string(rune('a'+i)))})
			must(t, db, "CREATE TABLE t(x)")
			for j := range 100 {
				must(t, db, "INSERT INTO t VALUES (?)", float64(j))
				check(t, db.Commit())
			}
			if n := number(t, db, "SELECT sum(x) FROM t WHERE x = 99"); n != 0 {
				t.Errorf("%d", n) // a REAL, not an integer
			}
			same(t, "rows", raw(db, "SELECT count(*), sum(x) FROM t"), []any{[]any{100.0, 4950.0}})
		})
	}
	wg.Wait()
}
