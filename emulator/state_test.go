package emulator_test

// https://developers.cloudflare.com/workers/development-testing/local-data/

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/clock"
	statefolder "github.com/seed-36a2c969/emu/migrations/folder"
)

const stateFixtures = "../fixtures/state"

// stateWorld is a world of the Worker in fixtures/state, on a copy of a folder.
type stateWorld struct {
	*emulator.World
	clock *clock.Manual

	mu    sync.Mutex
	fired []string
}

// stateObject is an instance of its classes; do is what a test wants of it.
type stateObject struct {
	w  *stateWorld
	st *durable.State
	do func(ctx context.Context, st *durable.State) error
}

func (o *stateObject) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	if err := o.do(ctx, o.st); err != nil {
		return nil, err
	}
	return durable.Text(200, ""), nil
}

func (o *stateObject) Alarm(ctx context.Context, info durable.AlarmInfo) error {
	o.w.mu.Lock()
	defer o.w.mu.Unlock()
	o.w.fired = append(o.w.fired, fmt.Sprintf("%q retry %d", o.st.ID().Name(), info.RetryCount))
	return nil
}

// openState starts the Worker on a folder in 2027, when two alarms are overdue.
func openState(t *testing.T, persist string, do func(ctx context.Context, st *durable.State) error, observe ...func(emulator.Event)) (*stateWorld, error) {
	t.Helper()
	w := &stateWorld{clock: clock.NewManual(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))}
	define := func(name string) driver.Class {
		return durable.Define(name, func(_ context.Context, st *durable.State, _ *durable.Env) (*stateObject, error) {
			return &stateObject{w, st, do}, nil
		}).Driver()
	}
	loaded := config.Load(config.Options{Config: filepath.Join(stateFixtures, "wrangler.jsonc")})
	if loaded.Config == nil {
		t.Fatal(loaded.Errors)
	}
	var err error
	w.World, err = emulator.New(emulator.Options{
		Observe: func(e emulator.Event) {
			for _, f := range observe {
				f(e)
			}
		},
		Config: loaded.Config, Classes: []driver.Class{define("Sql"), define("Kv")}, Persist: persist, Clock: w.clock,
		Worker: durable.Export(durable.WorkerFunc(func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
			ns := env.DurableObject(r.Header.Get("Binding"))
			if hex := r.Header.Get("ID"); hex != "" {
				id, err := ns.IDFromString(hex)
				if err != nil {
					return nil, err
				}
				return ns.Get(id).Fetch(ctx, r)
			}
			return ns.GetByName(r.Header.Get("Name")).Fetch(ctx, r)
		})),
	})
	if err != nil {
		return nil, err
	}
	w.clock.Settle = func() bool { return w.SettleBy(nil) }
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w, nil
}

// fetch runs do in an object; it returns the error's text.
func (w *stateWorld) fetch(header ...string) string {
	r := httptest.NewRequest("GET", "http://state.test/", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec.Body.String()
}

// copyState copies a recorded folder.
func copyState(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(stateFixtures, name))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestWranglersState opens what the real wrangler wrote, reads it and goes on with it.
func TestWranglersState(t *testing.T) {
	for _, name := range []string{"stopped", "evicted"} {
		t.Run(name, func(t *testing.T) {
			persist := copyState(t, name)
			before := filesIn(t, persist)
			for run := range 3 { // the second and third see what the ones before wrote
				t.Run(fmt.Sprint("run ", run), func(t *testing.T) {
					var do func(ctx context.Context, st *durable.State) error
					w, err := openState(t, persist, func(ctx context.Context, st *durable.State) error { return do(ctx, st) })
					if err != nil {
						t.Fatal(err)
					}
					in := func(f func(ctx context.Context, st *durable.State) error, header ...string) {
						t.Helper()
						do = f
						if text := w.fetch(header...); text != "" {
							t.Error(text)
						}
					}
					w.clock.Advance(0)
					slices.Sort(w.fired)
					want := []string{`"due soon" retry 0`, `"kv due" retry 0`}
					if run > 0 {
						want = nil
					}
					if !slices.Equal(w.fired, want) {
						t.Errorf("alarms %q, want %q", w.fired, want)
					}
					values := func(ctx context.Context, st *durable.State) error { return checkValues(ctx, t, st, run) }
					in(values, "Binding", "SQL", "Name", "main")
					in(values, "Binding", "KV", "Name", "legacy")
					in(func(ctx context.Context, st *durable.State) error { return checkTables(ctx, t, st, run) }, "Binding", "SQL", "Name", "main")
					in(func(ctx context.Context, st *durable.State) error {
						at, err := st.Storage().Alarm(ctx)
						if at.UnixMilli() != 4102444800123 || st.ID().Name() != "" {
							t.Error(at, st.ID().Name())
						}
						return errors.Join(err, checkValues(ctx, t, st, run))
					}, "Binding", "SQL", "ID", uniqueID(t, before))
				})
			}
			// Nothing was renamed, and nothing but emu's own records is new.
			for _, f := range filesIn(t, persist) {
				if !slices.Contains(before, f) && !strings.Contains(f, "emu") && !strings.HasSuffix(f, "-shm") && !strings.HasSuffix(f, "-wal") {
					t.Errorf("%s is new", f)
				}
			}
		})
	}
}

// uniqueID is the one object of Sql that has no name.
func uniqueID(t *testing.T, files []string) string {
	t.Helper()
	for _, f := range files {
		id, ok := strings.CutSuffix(filepath.Base(f), ".sqlite")
		if ok && strings.Contains(f, "state-Sql") && id != "metadata" && !strings.HasPrefix(id, "b32968") && !strings.HasPrefix(id, "d83730") {
			return id
		}
	}
	t.Fatal("no such file")
	return ""
}

func checkValues(ctx context.Context, t *testing.T, st *durable.State, run int) error {
	s := st.Storage()
	for key, want := range map[string]any{
		"text": "hé😀", "number": 1.5, "integer": 42.0, "negative": -7.0, "yes": true, "none": nil, "list": []any{1.0, "a", nil},
		"object": map[string]any{"a": map[string]any{"b": []any{1.0}}}, "bytes": []byte{1, 2, 255}, "date": time.UnixMilli(86400000).UTC(),
		"": "empty key", "a\x00b": "NUL",
	} {
		var got any
		found, err := s.Get(ctx, key, &got)
		if at, ok := got.(time.Time); ok {
			got = at.UTC()
		}
		if err != nil || !found || jsonOf(got) != jsonOf(want) {
			t.Errorf("%q: %v %v, want %v", key, got, err, want)
		}
	}
	// What Go has no type for is passed on unchanged.
	for _, key := range []string{"map", "set", "regexp", "big"} {
		var v durable.Value
		if _, err := s.Get(ctx, key, &v); err != nil {
			return err
		}
		if err := s.Put(ctx, key, v); err != nil {
			return err
		}
	}
	var n int
	if _, err := s.Get(ctx, "runs", &n); err != nil || n != run {
		t.Errorf("run %d found %d: %v", run, n, err)
	}
	return s.Put(ctx, "runs", run+1)
}

func checkTables(ctx context.Context, t *testing.T, st *durable.State, run int) error {
	sql := st.Storage().SQL()
	rows, err := sql.Exec("SELECT id, name, age, photo FROM people ORDER BY id")
	if err != nil {
		return err
	}
	got := []any{}
	for row := range rows.Raw() {
		got = append(got, row)
	}
	want := `[[1,"Ada",36.5,"AP8="],[2,"Grace",85,null],[3,"Zuse",85,null]`
	for i := range run {
		want += fmt.Sprintf(`,[%d,"Go",%d,null]`, 4+i, i)
	}
	if jsonOf(got) != want+"]" {
		t.Errorf("people\n%s\nwant\n%s]", jsonOf(got), want)
	}
	if rows, err = sql.Exec("SELECT body FROM notes WHERE notes MATCH 'world'"); err != nil {
		return err
	}
	var body, explorer string
	if err := rows.One(&body); err != nil || body != "hello world" {
		t.Error(body, err)
	}
	if rows, err = sql.Exec("SELECT name FROM __miniflare_do_name"); err != nil {
		return err
	}
	if err := rows.One(&explorer); err != nil || explorer != "main" || st.ID().Name() != "main" {
		t.Error(explorer, err)
	}
	bookmark, err := st.Storage().CurrentBookmark(ctx)
	if want := fmt.Sprintf("00000000-%08x-00000000-%032x", 2+run, 0); err != nil || bookmark != want {
		t.Errorf("bookmark %s, want %s: %v", bookmark, want, err)
	}
	at, err := st.Storage().Alarm(ctx)
	if err != nil || at.UnixMilli() != 4102444800000 {
		t.Error(at, err)
	}
	_, err = sql.Exec("INSERT INTO people(name, age) VALUES ('Go', ?)", run)
	return err
}

func filesIn(t *testing.T, dir string) (list []string) {
	t.Helper()
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestStateName: the log has the name that wrangler has noted in a database, also of an
// object that is addressed by its id.
func TestStateName(t *testing.T) {
	var mu sync.Mutex
	var names []string
	w, err := openState(t, copyState(t, "stopped"), func(ctx context.Context, st *durable.State) error {
		_, err := st.Storage().Alarm(ctx)
		return errors.Join(err, errors.New("told"))
	}, func(e emulator.Event) {
		if e.Type == emulator.EventError {
			mu.Lock()
			defer mu.Unlock()
			names = append(names, e.Name)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	w.fetch("Binding", "SQL", "ID", "b32968276b168389537e7168f117dae29057a96263564b7386195b08932ec329")
	mu.Lock()
	defer mu.Unlock()
	if len(names) == 0 || names[0] != "main" {
		t.Errorf("names %q", names)
	}
}

// TestStateRefused: what is wrong with a folder is named, and nothing is written.
func TestStateRefused(t *testing.T) {
	nothing := func(context.Context, *durable.State) error { return nil }
	put := func(ctx context.Context, st *durable.State) error { return st.Storage().Put(ctx, "k", 1) }
	t.Run("two worlds on one folder", func(t *testing.T) {
		persist := copyState(t, "stopped")
		if _, err := openState(t, persist, nothing); err != nil {
			t.Fatal(err)
		}
		_, err := openState(t, persist, nothing)
		var used *statefolder.InUseError
		if !errors.As(err, &used) || used.PID != os.Getpid() || !strings.HasPrefix(err.Error(), "another world of this process is using ") {
			t.Error(err)
		}
	})
	for name, persist := range map[string]string{"deleted lock": copyState(t, "stopped"), "deleted lock of a new folder": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" {
				t.Skip("a file that is open cannot be deleted")
			}
			if _, err := openState(t, persist, nothing); err != nil {
				t.Fatal(err)
			}
			locks, _ := filepath.Glob(filepath.Join(persist, "v3", "do", "*.emu-lock"))
			if len(locks) != 1 || os.Remove(locks[0]) != nil {
				t.Fatalf("locks %q", locks)
			}
			for range 2 {
				var used *statefolder.InUseError
				if _, err := openState(t, persist, nothing); !errors.As(err, &used) {
					t.Errorf("error %v", err)
				}
			}
		})
	}
	const main = "b32968276b168389537e7168f117dae29057a96263564b7386195b08932ec329.sqlite"
	newer := func(b []byte) { b[18], b[19] = 3, 3 }
	for name, tt := range map[string]struct {
		file string
		harm func(b []byte)
		want string
	}{
		"no database":          {main, func(b []byte) { copy(b, "this is no database at all") }, "not a SQLite database"},
		"a damaged database":   {main, func(b []byte) { clear(b[100:200]) }, "damaged"},
		"a newer format":       {main, newer, "written by a newer SQLite"},
		"no alarms":            {"metadata.sqlite", func(b []byte) { copy(b, "this is no database at all") }, "not a SQLite database"},
		"alarms, newer format": {"metadata.sqlite", newer, "written by a newer SQLite"},
	} {
		t.Run(name, func(t *testing.T) {
			persist := copyState(t, "evicted")
			path := filepath.Join(persist, "v3", "do", "state-Sql", tt.file)
			os.Remove(path + "-wal")
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			tt.harm(data)
			if err := os.WriteFile(path, data, 0o666); err != nil {
				t.Fatal(err)
			}
			var text string
			w, err := openState(t, persist, put)
			if err != nil {
				text = err.Error()
			} else {
				text = w.fetch("Binding", "SQL", "Name", "main")
			}
			if !strings.Contains(text, path) || !strings.Contains(text, tt.want) {
				t.Errorf("got %q, want %q and the file's name", text, tt.want)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, data) {
				t.Error("the file was written", err)
			}
		})
	}
	t.Run("a file where a folder should be", func(t *testing.T) {
		persist := filepath.Join(t.TempDir(), "state")
		if err := os.WriteFile(persist, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := openState(t, persist, put); err == nil || !strings.Contains(err.Error(), persist) {
			t.Error(err)
		}
	})
	t.Run("a folder that cannot be written", func(t *testing.T) {
		if os.Geteuid() == 0 {
			t.Skip("root may write everywhere")
		}
		persist := copyState(t, "evicted")
		dir := filepath.Join(persist, "v3", "do")
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(dir, 0o755)
		if _, err := openState(t, persist, put); err == nil || !strings.Contains(err.Error(), dir) {
			t.Error(err)
		}
	})
}
