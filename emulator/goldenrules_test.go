package emulator_test

// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/: what user
// statements may not do, and what they use.

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
)

func TestGoldenRules(t *testing.T) {
	t.Parallel()
	golden(t, "SQL07", runs{
		"alarm": func(context.Context, *gold) (any, error) { return nil, nil },
		"run": func(ctx context.Context, o *gold) (any, error) {
			_, setup, _ := strings.Cut(o.play.source, `sql.exec("`)
			setup, _, _ = strings.Cut(setup, `");`)
			if err := errors.Join(o.exec(setup), o.storage.Put(ctx, "k", 1), o.storage.SetAlarm(ctx, farAlarm)); err != nil {
				return nil, err
			}
			r := map[string]any{}
			queries := o.queries()
			for _, name := range inOrder(o.play.source) {
				r[name] = o.toArray(queries[name])
				if name == "fnLog" {
					r["stillKv"], r["stillAlarm"] = o.get(ctx, "k"), o.alarm(ctx)
				}
			}
			return r, nil
		},
	})
	size := func(o *gold) any { return o.storage.SQL().DatabaseSize() }
	golden(t, "SQL11", runs{
		"alarm": func(context.Context, *gold) (any, error) { return nil, nil },
		"run":   func(ctx context.Context, o *gold) (any, error) { return sizes(ctx, o) },
		"size":  func(ctx context.Context, o *gold) (any, error) { return size(o), nil },
		"wipe": func(ctx context.Context, o *gold) (any, error) {
			err := o.storage.DeleteAll(ctx)
			return size(o), err
		},
		"big": func(ctx context.Context, o *gold) (any, error) {
			err := o.exec("CREATE TABLE big(x)")
			for range 4 {
				err = errors.Join(err, o.exec("INSERT INTO big VALUES (zeroblob(2000000))"))
			}
			return size(o), err
		},
	})
}

// sizes is /run of case SQL11.
func sizes(ctx context.Context, o *gold) (any, error) {
	r := map[string]any{}
	st := o.storage
	var failed error
	// after is the size after a step that must not fail.
	after := func(name string, err error) {
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
		}
		r[name] = st.SQL().DatabaseSize()
	}
	query := func(name, query string, args ...any) { after(name, o.exec(query, args...)) }
	after("empty", st.DeleteAll(ctx))
	o.get(ctx, "a")
	after("readKv", nil)
	query("query", "SELECT 1")
	query("create", "CREATE TABLE t(a INTEGER PRIMARY KEY, b)")
	query("index", "CREATE INDEX ti ON t(b)")
	query("unique", "CREATE TABLE u(a TEXT PRIMARY KEY)")
	query("without", "CREATE TABLE w(a TEXT PRIMARY KEY) WITHOUT ROWID")
	query("view", "CREATE VIEW v AS SELECT 1")
	query("small", "INSERT INTO t VALUES (1, 'x')")
	var err error
	for i := range 500 {
		err = errors.Join(err, o.exec("INSERT INTO t(b) VALUES (?)", fmt.Sprintf("row %d %s", i, strings.Repeat("y", 100))))
	}
	after("rows", err)
	query("blob", "INSERT INTO u VALUES (?)", strings.Repeat("z", 100000))
	query("blob1m", "INSERT INTO t VALUES (100000, ?)", make([]byte, 1<<20))
	after("synced", st.Sync(ctx))
	query("delete1m", "DELETE FROM t WHERE a = 100000")
	query("deleteRows", "DELETE FROM t WHERE a > 250 AND a < 100000")
	query("reuse", "INSERT INTO t VALUES (100001, ?)", make([]byte, 50000))
	query("update", "UPDATE t SET b = NULL")
	query("deleteT", "DELETE FROM t")
	query("dropIndex", "DROP INDEX ti")
	for _, table := range []string{"t", "u", "w"} {
		query("drop"+strings.ToUpper(table), "DROP TABLE "+table)
	}
	for name, q := range o.queries() {
		r[name] = o.toArray(q)
	}
	after("afterVacuum", nil)

	many := map[string]any{}
	for i := range 200 {
		many[fmt.Sprint("key", i)] = strings.Repeat("v", 50)
	}
	after("kvPut", st.Put(ctx, "k", 1))
	after("kvSame", st.Put(ctx, "k", 2))
	after("kvBig", st.Put(ctx, "big", make([]byte, 200000)))
	_, err = st.Delete(ctx, "big")
	after("kvDelete", err)
	after("kvMany", st.PutMany(ctx, many))
	after("alarm", st.SetAlarm(ctx, farAlarm))
	after("alarmDel", st.DeleteAlarm(ctx))
	_, err = st.CurrentBookmark(ctx)
	after("bookmark", err)
	after("before", nil)

	grow := func(n int) (int64, error) {
		err := o.exec(fmt.Sprintf("CREATE TABLE x(a); INSERT INTO x VALUES (zeroblob(%d))", n))
		return st.SQL().DatabaseSize(), err
	}
	var n int64
	r["inSync"] = caughtOr(&n, st.TransactionSync(func() (err error) { n, err = grow(40000); return err }))
	query("dropX", "DROP TABLE x")
	text := func(n int64, err error) error { return failing(err, errors.New(fmt.Sprint(n))) }
	r["inSyncThrown"] = none(st.TransactionSync(func() error { return text(grow(40000)) }))
	after("afterSync", nil)
	r["inTxnThrown"] = none(st.Transaction(ctx, func(ctx context.Context) error {
		n, err := grow(400000)
		return text(n, errors.Join(err, durable.Sleep(ctx, time.Millisecond)))
	}))
	after("afterTxn", nil)

	query("fts", "CREATE VIRTUAL TABLE f USING fts5(a)")
	query("ftsDrop", "DROP TABLE f")
	query("analyze", "CREATE TABLE an(a PRIMARY KEY); INSERT INTO an VALUES (1); ANALYZE")
	after("cursor", o.exec("CREATE TABLE c(a); INSERT INTO c VALUES (1), (2)"))
	r["cursor"] = o.query(func(rows *durable.Rows) any { rows.Next(); return st.SQL().DatabaseSize() }, "SELECT * FROM c")
	after("last", nil)
	return r, failed
}
