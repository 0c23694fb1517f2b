package emulator_test

// https://sqlite.org/fileformat.html: what is in the files, past the rules for user
// statements.

import (
	"context"
	stdsql "database/sql"
	"errors"
	"math"
	"math/big"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"

	_ "modernc.org/sqlite" // reads the files as they are
)

// explorerTable is what wrangler's local explorer makes in each database of a
// SQLite class; emu makes none.
const explorerTable = "|__miniflare_do_name|"

// compareFiles runs a step's query in each file that it names.
func (p *player) compareFiles(i int, s step, want map[string]any, exempt map[string]bool) {
	p.t.Helper()
	const root = ".wrangler/state/v3/do"
	got := map[string]any{}
	for _, name := range p.tree(root) {
		if strings.HasSuffix(name, ".sqlite") && regexp.MustCompile(s.DB).MatchString(name) {
			got[name] = p.shell(filepath.Join(p.work, filepath.FromSlash(root), name), s.SQL)
		}
	}
	for name, lines := range want {
		want[name] = withoutExplorer(lines)
	}
	for name := range want {
		if !exempt[name] && !reflect.DeepEqual(got[name], want[name]) {
			p.t.Errorf("step %d: %s: %s:\nreal %s\nemu  %s", i, s.SQL, name, jsonOf(want[name]), jsonOf(got[name]))
		}
	}
	for name := range got {
		if want[name] == nil {
			p.t.Errorf("step %d: %s: nothing is recorded", i, name)
		}
	}
}

// withoutExplorer leaves the explorer's table out of the lines of a schema.
func withoutExplorer(lines any) any {
	list := []any{}
	for _, line := range lines.([]any) {
		if !strings.Contains(line.(string), explorerTable) {
			list = append(list, line)
		}
	}
	if len(list) == 0 {
		list = append(list, "")
	}
	return list
}

// shell answers as the sqlite3 command: a line for each row, bars between the columns.
func (p *player) shell(path, queries string) any {
	p.t.Helper()
	db, err := stdsql.Open("sqlite", path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var out []string
	for query := range strings.SplitSeq(queries, ";") {
		rows, err := db.Query(query)
		if err != nil {
			p.t.Fatalf("%s: %s: %v", path, query, err)
		}
		names, _ := rows.Columns()
		for rows.Next() {
			values, dst := make([]stdsql.NullString, len(names)), make([]any, len(names))
			for i := range dst {
				dst[i] = &values[i]
			}
			if err := rows.Scan(dst...); err != nil {
				p.t.Error(err)
			}
			columns := make([]string, len(names))
			for i, v := range values {
				columns[i] = v.String
			}
			out = append(out, strings.Join(columns, "|"))
		}
		if err := rows.Err(); err != nil {
			p.t.Error(err)
		}
	}
	list := []any{}
	for line := range strings.SplitSeq(strings.TrimSpace(strings.Join(out, "\n")), "\n") {
		list = append(list, line)
	}
	return list
}

func TestGoldenFiles(t *testing.T) {
	idle := func(context.Context, *gold) (any, error) { return nil, nil }
	touch := func(context.Context, *gold) (any, error) { return "touched", nil }
	far := time.UnixMilli(4102444800000)
	mine := func(o *gold, create string) error {
		return errors.Join(o.exec(create+" mine(x INTEGER)"), o.exec("INSERT INTO mine VALUES (7)"))
	}
	golden(t, "DISK01", runs{
		"alarm": idle, "touch": touch,
		"w": func(ctx context.Context, o *gold) (any, error) {
			return o.st.ID().String(), errors.Join(o.storage.Put(ctx, "a", map[string]any{"b": 1}), o.storage.SetAlarm(ctx, far), mine(o, "CREATE TABLE IF NOT EXISTS"))
		},
		"read": func(ctx context.Context, o *gold) (any, error) { return o.get(ctx, "a"), nil },
		"del":  func(ctx context.Context, o *gold) (any, error) { return o.storage.Delete(ctx, "a") },
		"alarmOff": func(ctx context.Context, o *gold) (any, error) {
			return nil, errors.Join(o.storage.SetAlarm(ctx, far), o.storage.DeleteAlarm(ctx))
		},
		"mark": func(ctx context.Context, o *gold) (any, error) { return o.storage.CurrentBookmark(ctx) },
		"all": func(ctx context.Context, o *gold) (any, error) {
			return "deleted", errors.Join(o.storage.Put(ctx, "a", 1), o.exec("CREATE TABLE gone(x)"), o.storage.DeleteAll(ctx))
		},
		"rows": func(ctx context.Context, o *gold) (any, error) {
			const insert = "INSERT INTO r VALUES (?, ?, ?, ?, ?)"
			return "ok", errors.Join(
				o.exec("CREATE TABLE IF NOT EXISTS r(i INTEGER, r REAL, t TEXT, b BLOB, u); CREATE INDEX ri ON r(t); CREATE VIEW rv AS SELECT t FROM r"),
				o.exec(insert, 1, 1, 1, []byte{1}, 1), o.exec(insert, true, 1.5, "x", nil, "u"))
		},
		"values": func(ctx context.Context, o *gold) (any, error) {
			type flat struct {
				A int            `json:"a"`
				B map[string]any `json:"b"`
			}
			large, _ := new(big.Int).SetString("12345678901234567890", 10)
			err := o.storage.PutMany(ctx, map[string]any{
				"null": nil, "true": true, "false": false, "zero": 0, "one": 1, "minus": -1, "big": 1<<30 - 1, "over": 1 << 30, "max": 1<<31 - 1, "above": 1 << 31,
				"safe": 1<<53 - 1, "real": 1.5, "negzero": negativeZero, "nan": notANumber, "empty": "", "text": "x", "latin": "é", "wide": "日", "wideOdd": "a日b", "emoji": "\U0001F600",
				"array": []any{1, "two", nil}, "emptyArray": []int{}, "object": flat{1, map[string]any{"c": []int{}}}, "emptyObject": struct{}{},
				"bytes": []byte{1, 2, 255}, "noBytes": []byte{}, "date": time.UnixMilli(86400000), "bigint": large, "map": map[int]string{1: "a"}, "long": strings.Repeat("y", 200),
			})
			for _, e := range []struct {
				key string
				v   int
			}{{"x\x00y", 1}, {"", 1}, {"é", 1}, {"one", 2}, {"one", 1}} {
				err = errors.Join(err, o.storage.Put(ctx, e.key, e.v))
			}
			seq, lerr := o.storage.List(ctx, durable.ListOptions{})
			n := 0
			for range seq {
				n++
			}
			return n, errors.Join(err, lerr)
		},
	})
	golden(t, "DISK05", runs{
		"alarm": idle, "touch": touch,
		"w": func(ctx context.Context, o *gold) (any, error) {
			return o.st.ID().String(), errors.Join(o.storage.Put(ctx, "a", map[string]any{"b": 1}), o.storage.SetAlarm(ctx, far))
		},
		"more": func(ctx context.Context, o *gold) (any, error) {
			return caughtOr("made", mine(o, "CREATE TABLE")), o.storage.Put(ctx, "c", 2)
		},
		"look": func(ctx context.Context, o *gold) (any, error) {
			at, err := o.storage.Alarm(ctx)
			var kv any
			found, kerr := o.storage.KV().Get("a", &kv)
			if kerr == nil && !found {
				kerr = errors.New("not found")
			}
			return map[string]any{"list": o.list(ctx), "alarm": at.UnixMilli(), "kv": caughtOr(kv, kerr), "mine": o.toArray("SELECT x FROM mine"),
				"id": o.st.ID().String(), "name": o.st.ID().Name()}, err
		},
		"txn": func(ctx context.Context, o *gold) (any, error) {
			err := o.storage.Transaction(ctx, func(ctx context.Context) error { return o.storage.Put(ctx, "t", 1) })
			serr := o.storage.TransactionSync(func() error { return o.storage.Put(ctx, "ts", 1) })
			b, berr := o.storage.CurrentBookmark(ctx)
			return []any{caughtOr("t", err), caughtOr("ts", serr), caughtOr(b, berr)}, nil
		},
	})
}

var (
	negativeZero = math.Copysign(0, -1)
	notANumber   = math.NaN()
)
