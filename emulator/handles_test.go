package emulator

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// tally counts its requests in its storage, and keeps a cursor open on demand.
type tally struct {
	st   *durable.State
	rows *durable.Rows
}

func (c *tally) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	sql := c.st.Storage().SQL()
	if _, err := sql.Exec("CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES (1)"); err != nil {
		return nil, err
	}
	if r.URL.Query().Has("open") {
		var err error
		if c.rows, err = sql.Exec("SELECT x FROM t"); err != nil {
			return nil, err
		}
		c.rows.Next()
	}
	if r.URL.Query().Has("set") {
		if _, err := sql.Exec("PRAGMA recursive_triggers = on"); err != nil {
			return nil, err
		}
	}
	var n int
	rows, err := sql.Exec("SELECT count(*) FROM t")
	if err != nil {
		return nil, err
	}
	return durable.Text(200, fmt.Sprint(n)), rows.One(&n)
}

// TestHandles: databases that are not in use are closed when there are too many,
// and opened again without anybody noticing.
func TestHandles(t *testing.T) {
	objects := map[string]*tally{}
	class := durable.Define("Tally", func(_ context.Context, st *durable.State, _ *durable.Env) (*tally, error) {
		objects[st.ID().Name()] = &tally{st: st}
		return objects[st.ID().Name()], nil
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
	w.handles.max = 3
	fetch := func(target string) string {
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, httptest.NewRequest("GET", target, nil))
		return rec.Body.String()
	}
	fetch("/pinned?open")
	fetch("/setting?set")
	for round := range 3 {
		for i := range 10 {
			fetch(fmt.Sprint("/", i))
			if n := w.handles.list.Len(); n > w.handles.max+1 {
				t.Fatalf("round %d: %d databases are open", round, n)
			}
		}
	}
	for i := range 10 {
		var n int
		o, err := w.Object("T", fmt.Sprint("/", i))
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Storage(func(s driver.Storage) error {
			c, err := s.SQL().Exec("SELECT count(*) FROM t", nil)
			if err != nil {
				return err
			}
			row, _, err := c.Next()
			n = int(row[0].(int64))
			return err
		}); err != nil || n != 3 {
			t.Errorf("object %d has %d rows, want 3: %v", i, n, err)
		}
	}
	// The one with a setting was never closed.
	var on int
	rows, err := objects["/setting"].st.Storage().SQL().Exec("PRAGMA recursive_triggers")
	if err == nil {
		err = rows.One(&on)
	}
	if err != nil || on != 1 {
		t.Errorf("recursive_triggers %d, %v", on, err)
	}
	// Nor the one with a cursor.
	if err := objects["/pinned"].rows.Err(); err != nil || objects["/pinned"].rows.Next() {
		t.Errorf("the open cursor: %v", err)
	}
}
