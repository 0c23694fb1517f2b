package emulator_test

// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#sql-api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// column is a value of a row as the recordings have it, in JavaScript a number,
// string, ArrayBuffer or null.
func column(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return enc(driver.Number(v))
	case []byte:
		return encBytes("ArrayBuffer", v)
	}
	return v
}

// TestIntegers: those beyond 2^53 are the integers that JavaScript has of them.
func TestIntegers(t *testing.T) {
	t.Parallel()
	s := newObjects(t, methods{"select": func(_ context.Context, o *obj) (any, error) {
		rows, err := o.st.Storage().SQL().Exec("SELECT 9007199254740991, 9007199254740993, -9007199254740995, 9223372036854775807, -9223372036854775808")
		if err != nil {
			return nil, err
		}
		list := make([]int64, 5)
		err = rows.One(&list[0], &list[1], &list[2], &list[3], &list[4])
		return fmt.Sprint(list), err
	}})
	s.call("a", "select").want(`"[9007199254740991 9007199254740992 -9007199254740996 9223372036854775807 -9223372036854775808]"`)
}

// objects is toArray() of what is left of the rows.
func objects(rows *durable.Rows) any {
	list := []any{}
	names := rows.ColumnNames()
	for row := range rows.Raw() {
		o := map[string]any{}
		for i, n := range names {
			o[n] = column(row[i])
		}
		list = append(list, o)
	}
	return caughtOr(list, rows.Err())
}

// arrays is [...raw()] of what is left of the rows.
func arrays(rows *durable.Rows) any {
	list := []any{}
	for row := range rows.Raw() {
		out := make([]any, len(row))
		for i, v := range row {
			out[i] = column(v)
		}
		list = append(list, out)
	}
	return caughtOr(list, rows.Err())
}

// query runs a query and shows what f makes of its rows.
func (o *gold) query(f func(*durable.Rows) any, query string, args ...any) any {
	rows, err := o.storage.SQL().Exec(query, args...)
	if err != nil {
		return exceptionOf(err)
	}
	return f(rows)
}

func (o *gold) toArray(query string, args ...any) any { return o.query(objects, query, args...) }

// one is one(), as an object.
func one(rows *durable.Rows) any {
	values := make([]any, len(rows.ColumnNames()))
	dst := make([]any, len(values))
	for i := range dst {
		dst[i] = &values[i]
	}
	if err := rows.One(dst...); err != nil {
		return exceptionOf(err)
	}
	o := map[string]any{}
	for i, n := range rows.ColumnNames() {
		o[n] = column(values[i])
	}
	return o
}

// next is next() of an iterator over rows, or over arrays with raw.
func next(rows *durable.Rows, raw bool) any {
	if !rows.Next() {
		return caughtOr(map[string]any{"done": true, "value": undefined}, rows.Err())
	}
	names := rows.ColumnNames()
	values, dst := make([]any, len(names)), make([]any, len(names))
	for i := range dst {
		dst[i] = &values[i]
	}
	if err := rows.Scan(dst...); err != nil {
		return exceptionOf(err)
	}
	row := map[string]any{}
	for i, n := range names {
		values[i] = column(values[i])
		row[n] = values[i]
	}
	if raw {
		return map[string]any{"done": false, "value": values}
	}
	return map[string]any{"done": false, "value": row}
}

func counts(rows *durable.Rows) []any { return []any{rows.RowsRead(), rows.RowsWritten()} }

// queries finds the assignments r.NAME = q(STRING) of the case's Worker.
func (o *gold) queries() map[string]string {
	found := map[string]string{}
	for _, m := range regexp.MustCompile(`r\.(\w+) = q\(("(?:[^"\\]|\\.)*"|'[^']*')\)`).FindAllStringSubmatch(o.play.source, -1) {
		found[m[1]] = literal(o.play.t, m[2])
	}
	return found
}

// literal decodes a JavaScript string literal.
func literal(t *testing.T, s string) (text string) {
	if s[0] == '\'' {
		return s[1 : len(s)-1]
	}
	s = strings.ReplaceAll(s, `\u{1F600}`, "\U0001F600")
	if err := json.Unmarshal([]byte(s), &text); err != nil {
		t.Errorf("%s: %v", s, err)
	}
	return text
}

// strings decodes the array of string literals behind a mark.
func (o *gold) strings(mark string) (list []string) {
	_, rest, _ := strings.Cut(o.play.source, mark)
	if err := json.NewDecoder(strings.NewReader(rest)).Decode(&list); err != nil {
		o.play.t.Error(err)
	}
	return list
}

func TestGoldenSQLValues(t *testing.T) {
	t.Parallel()
	golden(t, "SQL01", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		r := map[string]any{}
		for name, q := range o.queries() {
			r[name] = o.query(arrays, q)
		}
		r["names"] = o.query(func(rows *durable.Rows) any { return rows.ColumnNames() }, "SELECT 1, 'a' AS b, 2 AS b")
		r["dupobj"] = o.query(one, "SELECT 1 AS b, 2 AS b")
		// A lone surrogate cannot be a Go string; its three bytes can.
		r["lone"] = o.query(arrays, "SELECT ?", "\xed\xa0\x80x")
		return r, nil
	}})
}

func TestGoldenCursor(t *testing.T) {
	t.Parallel()
	golden(t, "SQL04", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		sql := o.storage.SQL()
		r := map[string]any{}
		if err := o.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t(v) VALUES ('a'),('b'),('c')"); err != nil {
			return nil, err
		}
		const s = "SELECT * FROM t"
		r["arr"], r["one"] = o.toArray(s), o.query(one, s+" LIMIT 1")
		r["oneNone"], r["oneMany"] = o.query(one, s+" WHERE 0"), o.query(one, s)
		r["next"] = o.query(func(c *durable.Rows) (list any) {
			all := []any{}
			for range 5 {
				all = append(all, next(c, false))
			}
			return all
		}, s)
		r["rest"] = o.query(func(c *durable.Rows) any { next(c, false); return objects(c) }, s)
		r["raw"], r["rawToArray"] = o.query(arrays, s), o.query(arrays, s)
		r["mixed"] = o.query(func(c *durable.Rows) any { next(c, false); return []any{next(c, true), objects(c)} }, s)
		r["consumed"] = o.query(func(c *durable.Rows) any {
			objects(c)
			return []any{objects(c), next(c, false), objects(c), c.ColumnNames(), c.RowsRead()}
		}, s)
		r["rr"] = o.query(func(c *durable.Rows) any {
			list := []any{c.RowsRead()}
			for range 2 {
				c.Next()
				list = append(list, c.RowsRead())
			}
			objects(c)
			return append(list, counts(c)...)
		}, s)
		r["rw"] = o.query(func(c *durable.Rows) any { return append(counts(c), []any{}, objects(c)) }, "INSERT INTO t(v) VALUES ('d'),('e')")
		r["ret"] = o.toArray("INSERT INTO t(v) VALUES ('f') RETURNING id, v")
		count := func(query string) any { return o.query(func(c *durable.Rows) any { return counts(c) }, query) }
		r["upd"] = count("UPDATE t SET v = 'z' WHERE id <= 2")
		if err := o.exec("CREATE INDEX ti ON t(v)"); err != nil {
			return nil, err
		}
		r["idx"], r["del"] = count("INSERT INTO t(v) VALUES ('i')"), count("DELETE FROM t WHERE id = 1")
		r["count"] = o.query(func(c *durable.Rows) any { return []any{one(c), c.RowsRead()} }, "SELECT count(*) c FROM t")
		r["create"] = count("CREATE TABLE IF NOT EXISTS z(a PRIMARY KEY, b)")
		const ids = "SELECT id FROM t ORDER BY id"
		r["overlap"] = o.query(func(c1 *durable.Rows) any {
			c2, err := sql.Exec(ids)
			if err != nil {
				return exceptionOf(err)
			}
			list := []any{}
			for range 2 {
				for _, c := range []*durable.Rows{c1, c2} {
					var id int
					c.Next()
					if err := c.Scan(&id); err != nil {
						return exceptionOf(err)
					}
					list = append(list, id)
				}
			}
			return list
		}, ids)
		r["open"] = o.query(func(c *durable.Rows) any {
			c.Next()
			drop, insert := none(o.exec("DROP TABLE t")), caughtOr("ins ok", o.exec("INSERT INTO t(v) VALUES ('live')"))
			return []any{drop, insert, len(objects(c).([]any))}
		}, ids)
		return r, nil
	}})
}

func TestGoldenCursorAcrossWait(t *testing.T) {
	t.Parallel()
	golden(t, "SQL04b", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		sql := o.storage.SQL()
		r := map[string]any{}
		if err := o.exec("CREATE TABLE t(x); INSERT INTO t VALUES (1),(2),(3)"); err != nil {
			return nil, err
		}
		c, err := sql.Exec("SELECT x FROM t")
		if err != nil {
			return nil, err
		}
		r["n1"] = next(c, false)
		err = durable.Sleep(ctx, 20*time.Millisecond)
		r["n2"] = next(c, false)
		err = errors.Join(err, o.exec("INSERT INTO t VALUES (4)"), durable.Sleep(ctx, 20*time.Millisecond))
		r["rest"] = objects(c)
		c2, err2 := sql.Exec("SELECT x FROM t")
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		c2.Next()
		err = errors.Join(o.storage.Put(ctx, "k", 1), o.storage.Sync(ctx))
		r["c2"] = len(objects(c2).([]any))
		var cc *durable.Rows
		o.storage.Transaction(ctx, func(ctx context.Context) error {
			if err := o.exec("INSERT INTO t VALUES (5)"); err != nil {
				return err
			}
			cc, _ = sql.Exec("SELECT x FROM t")
			cc.Next()
			return errors.New("1")
		})
		r["txnRollback"] = len(objects(cc).([]any))
		r["after"] = o.query(one, "SELECT count(*) c FROM t")
		return r, err
	}})
}

func TestGoldenUnreadReturningBreaksCommit(t *testing.T) {
	t.Parallel()
	golden(t, "SQL04c", runs{
		"setup": func(ctx context.Context, o *gold) (any, error) {
			return 1, o.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)")
		},
		"lazy": func(ctx context.Context, o *gold) (any, error) {
			return "written", o.exec("INSERT INTO t(v) VALUES ('g'),('h') RETURNING id")
		},
		"one": func(ctx context.Context, o *gold) (any, error) {
			return "written", o.exec("INSERT INTO t(v) VALUES ('single') RETURNING id")
		},
		"consumed": func(ctx context.Context, o *gold) (any, error) {
			return o.toArray("INSERT INTO t(v) VALUES ('x'),('y') RETURNING id"), nil
		},
		"openRead": func(ctx context.Context, o *gold) (any, error) {
			err := o.exec("INSERT INTO t(v) VALUES ('r1'),('r2')")
			rows, qerr := o.storage.SQL().Exec("SELECT * FROM t")
			return caughtOr("open read", errors.Join(err, qerr, map[bool]error{false: errors.New("no row")}[rows.Next()])), nil
		},
		"look": func(ctx context.Context, o *gold) (any, error) { return o.toArray("SELECT v FROM t"), nil },
	})
}

func TestGoldenDDLWhileCursorIsOpen(t *testing.T) {
	t.Parallel()
	golden(t, "SQL04d", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		r := map[string]any{}
		if err := o.exec("CREATE TABLE t(x); INSERT INTO t VALUES (1),(2),(3)"); err != nil {
			return nil, err
		}
		c, err := o.storage.SQL().Exec("SELECT x FROM t")
		if err != nil {
			return nil, err
		}
		c.Next()
		r["drop"], r["ins"] = none(o.exec("DROP TABLE t")), caughtOr("ok", o.exec("INSERT INTO t VALUES (4)"))
		r["alter"], r["create"] = caughtOr(map[string]any{}, o.exec("ALTER TABLE t ADD COLUMN y")), caughtOr("ok", o.exec("CREATE TABLE u(a)"))
		r["rest"] = len(objects(c).([]any))
		r["dropAfter"] = caughtOr("ok", o.exec("DROP TABLE t"))
		return r, nil
	}})
}

func TestGoldenSeveralStatements(t *testing.T) {
	t.Parallel()
	golden(t, "SQL05", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		r := map[string]any{}
		written := func(c *durable.Rows) any { return c.RowsWritten() }
		for _, c := range []struct {
			name, query string
			f           func(*durable.Rows) any
			args        []any
		}{
			{"last", "SELECT 1 AS a; SELECT 2 AS b", objects, nil}, {"params", "CREATE TABLE t(x); INSERT INTO t VALUES (?)", written, []any{5}},
			{"paramsFirst", "INSERT INTO t VALUES (?); SELECT 1", objects, []any{5}}, {"partial", "INSERT INTO t VALUES (7); SELECT * FROM nope", objects, nil},
			{"rows", "SELECT x FROM t", objects, nil}, {"partial2", "INSERT INTO t VALUES (8); INSERT INTO t VALUES (9); GARBAGE", objects, nil},
			{"rows2", "SELECT x FROM t", objects, nil}, {"empty", "", objects, nil}, {"semi", ";", objects, nil}, {"ws", "  \n", objects, nil},
			{"comment", "-- hi", objects, nil}, {"trailc", "SELECT 1; -- hi", objects, nil}, {"trailblock", "SELECT 1 /* hi */", objects, nil},
			{"trailws", "SELECT 1;  \n\t ", objects, nil}, {"dblsemi", "SELECT 1;;", objects, nil}, {"leadc", "-- c\nSELECT 1 AS a", objects, nil},
			{"rw", "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2),(3)", written, nil}, {"nulq", "SELECT 1\x00garbage", objects, nil},
			{"ddlThenUse", "CREATE TABLE u(a); INSERT INTO u VALUES (1); SELECT a FROM u", objects, nil}, {"repeatTxn", "SELECT 1; BEGIN", objects, nil},
		} {
			r[c.name] = o.query(c.f, c.query, c.args...)
		}
		repeat := []any{}
		for range 2 {
			repeat = append(repeat, o.query(one, "INSERT INTO u VALUES (5); SELECT count(*) c FROM u"))
		}
		r["repeat"] = repeat
		return r, nil
	}})
}

func TestGoldenSQLErrors(t *testing.T) {
	t.Parallel()
	golden(t, "SQL06", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		_, setup, _ := strings.Cut(o.play.source, `sql.exec("CREATE TABLE p(`)
		setup, _, _ = strings.Cut("CREATE TABLE p("+setup, `");`)
		if err := o.exec(setup); err != nil {
			return nil, err
		}
		r := map[string]any{}
		queries := o.queries()
		for _, name := range inOrder(o.play.source) {
			r[name] = o.toArray(queries[name])
		}
		return r, nil
	}})
}

func TestGoldenSQLLimits(t *testing.T) {
	t.Parallel()
	golden(t, "SQL08", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		return sqlLimits(o), nil
	}})
}

func TestGoldenSQLFunctions(t *testing.T) {
	t.Parallel()
	golden(t, "SQL09", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		r := map[string]any{}
		for _, f := range o.strings("const one = ") {
			r[f] = o.query(func(c *durable.Rows) any {
				list := []any{}
				for row := range c.Raw() {
					list = append(list, column(row[0]))
				}
				return caughtOr(list, c.Err())
			}, "SELECT "+f)
		}
		after := func(setup, query string) any {
			if err := o.exec(setup); err != nil {
				return exceptionOf(err)
			}
			return o.toArray(query)
		}
		r["fts"] = after("CREATE VIRTUAL TABLE f USING fts5(a, tokenize='porter'); INSERT INTO f VALUES ('running dogs'), ('cats')",
			"SELECT a, highlight(f,0,'<','>') h, snippet(f,0,'[',']','..',5) s, typeof(bm25(f)) b, typeof(rank) k FROM f WHERE f MATCH 'run' ORDER BY rank")
		r["ftsvocab"] = after("CREATE VIRTUAL TABLE fv USING fts5vocab(f, 'row')", "SELECT * FROM fv")
		r["trigram"] = after("CREATE VIRTUAL TABLE f3 USING fts5(a, tokenize='trigram'); INSERT INTO f3 VALUES ('hello')", "SELECT a FROM f3 WHERE a LIKE '%ell%'")
		r["ftscmd"] = caughtOr("ok", o.exec("INSERT INTO f(f) VALUES ('optimize')"))
		r["rtree"] = after("CREATE VIRTUAL TABLE rt USING rtree(id,a,b); INSERT INTO rt VALUES (1,0,5)", "SELECT * FROM rt WHERE a <= 1")
		names := []any{}
		for _, row := range o.toArray("SELECT name FROM sqlite_master WHERE name LIKE 'f%' ORDER BY name").([]any) {
			names = append(names, row.(map[string]any)["name"])
		}
		r["ftstables"] = names
		r["ftsshadow"] = none(o.exec("INSERT INTO f_content VALUES (9, 'x')"))
		return r, nil
	}})
}

func TestGoldenPragmas(t *testing.T) {
	t.Parallel()
	golden(t, "SQL10", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		if err := errors.Join(o.exec("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT REFERENCES t(a)); CREATE INDEX ti ON t(b)"), o.storage.Put(ctx, "k", 1)); err != nil {
			return nil, err
		}
		r := map[string]any{}
		for _, p := range o.strings("for (const p of ") {
			if p != "table_list" && p != "optimize(-1)" {
				r[p] = o.toArray("PRAGMA " + p)
			}
		}
		r["fnform"], r["fnform2"] = o.toArray("SELECT foreign_keys FROM pragma_foreign_keys"), o.toArray("SELECT page_count FROM pragma_page_count")
		return r, nil
	}})
}

// withoutSQL is what a class without SQL is refused, and what it is not.
func withoutSQL(ctx context.Context, o *gold) (any, error) {
	kv := o.storage.KV()
	_, gerr := kv.Get("a", new(any))
	r := map[string]any{"exec": none(o.exec("SELECT 1")), "kv": none(gerr)}
	err := o.storage.Put(ctx, "a", 1)
	r["put"] = caughtOr(o.get(ctx, "a"), err)
	return r, nil
}

func TestGoldenSQLOfKVClass(t *testing.T) {
	t.Parallel()
	golden(t, "SQL14", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		v, err := withoutSQL(ctx, o)
		r := v.(map[string]any)
		_, lerr := o.storage.KV().List(durable.ListOptions{})
		r["kvlist"], r["txs"] = none(lerr), caughtOr(1, o.storage.TransactionSync(func() error { return nil }))
		return r, err
	}})
}

func TestGoldenSQLWithoutMigration(t *testing.T) {
	t.Parallel()
	golden(t, "SQL14b", runs{"run": withoutSQL})
}

func TestGoldenForeignKeys(t *testing.T) {
	t.Parallel()
	golden(t, "SQL16", runs{
		"run": func(ctx context.Context, o *gold) (any, error) {
			r := map[string]any{"default": o.query(one, "PRAGMA foreign_keys")}
			if err := o.exec("CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(id INTEGER PRIMARY KEY, pid INT REFERENCES p(id))"); err != nil {
				return nil, err
			}
			r["imm"] = none(o.exec("INSERT INTO c VALUES (1, 9)"))
			r["deferOk"] = caughtOr("ok", o.storage.TransactionSync(func() error {
				return errors.Join(o.exec("PRAGMA defer_foreign_keys = ON"), o.exec("INSERT INTO c VALUES (1, 1)"), o.exec("INSERT INTO p VALUES (1)"))
			}))
			err := o.storage.Sync(ctx)
			r["rows"] = o.toArray("SELECT * FROM c")
			return r, err
		},
		"bad": func(ctx context.Context, o *gold) (any, error) {
			return "response that must not be delivered", errors.Join(o.exec("PRAGMA defer_foreign_keys = ON"), o.exec("INSERT INTO c VALUES (2, 42)"))
		},
		"rows": func(ctx context.Context, o *gold) (any, error) {
			return map[string]any{"c": o.toArray("SELECT * FROM c"), "mem": nil}, nil
		},
		"badTxn": func(ctx context.Context, o *gold) (any, error) {
			return none(o.storage.Transaction(ctx, func(ctx context.Context) error {
				return errors.Join(o.exec("PRAGMA defer_foreign_keys = ON"), o.exec("INSERT INTO c VALUES (3, 43)"))
			})), nil
		},
	})
}

// inOrder lists the names of the assignments r.NAME = q(…) as they stand.
func inOrder(source string) (names []string) {
	for _, m := range regexp.MustCompile(`r\.(\w+) = q\(`).FindAllStringSubmatch(source, -1) {
		names = append(names, m[1])
	}
	return names
}

// sqlLimits is case SQL08.
func sqlLimits(o *gold) map[string]any {
	r := map[string]any{}
	q := func(query string, args ...any) any {
		return o.query(func(c *durable.Rows) any {
			list, ok := objects(c).([]any)
			if !ok {
				return exceptionOf(c.Err())
			}
			return fmt.Sprint("ok ", len(list))
		}, query, args...)
	}
	n := func(k int, f func(i int) string, sep string) string {
		parts := make([]string, k)
		for i := range parts {
			parts[i] = f(i)
		}
		return strings.Join(parts, sep)
	}
	text := func(s string) func(int) string { return func(int) string { return s } }
	number := func(prefix string) func(int) string { return func(i int) string { return fmt.Sprint(prefix, i) } }
	ones := func(k int) []any {
		list := make([]any, k)
		for i := range list {
			list[i] = 1
		}
		return list
	}
	a := func(k int) string { return strings.Repeat("a", k) }
	const mib = 1 << 20
	r["params100"], r["params101"] = q("SELECT "+n(100, text("?"), ","), ones(100)...), q("SELECT "+n(101, text("?"), ","), ones(101)...)
	r["qnum100"], r["qnum101"] = q("SELECT ?100", ones(100)...), q("SELECT ?101", ones(101)...)
	r["cols100"], r["cols101"] = q("CREATE TABLE c100("+n(100, number("c"), ",")+")"), q("CREATE TABLE c101("+n(101, number("c"), ",")+")")
	r["sel100"], r["sel101"] = q("SELECT "+n(100, text("1"), ",")), q("SELECT "+n(101, text("1"), ","))
	r["sql100000"], r["sql100001"] = q("SELECT '"+a(100000-9)+"'"), q("SELECT '"+a(100001-9)+"'")
	r["sqlUtf8"] = q("SELECT '" + strings.Repeat("é", 50000) + "'")
	r["compound5"], r["compound6"] = q(n(5, text("SELECT 1"), " UNION ALL ")), q(n(6, text("SELECT 1"), " UNION ALL "))
	r["values5000"] = q("VALUES " + n(5000, text("(1)"), ","))
	r["depth"] = q("SELECT " + strings.Repeat("(", 40) + "1" + strings.Repeat(")", 40))
	r["depth100"], r["depth101"] = q("SELECT 1"+strings.Repeat("+1", 98)), q("SELECT 1"+strings.Repeat("+1", 120))
	for _, k := range []int{100, 127, 128} {
		r[fmt.Sprint("fnargs", k)] = q("SELECT max(" + n(k, number(""), ",") + ")")
	}
	r["like50"], r["like51"], r["glob51"] = q("SELECT 'a' LIKE ?", a(50)), q("SELECT 'a' LIKE ?", a(51)), q("SELECT 'a' GLOB ?", a(51))
	r["insert2m"] = q("CREATE TABLE big(x); INSERT INTO big VALUES (?)", a(2*mib))
	const insert = "INSERT INTO big VALUES (?)"
	r["ins2mp"], r["insrow2m"] = q(insert, a(2*mib+1)), q(insert, a(2*mib-10))
	r["ins4m"], r["ins4m1"] = q(insert, a(4*mib-10)), q(insert, a(4*mib+1))
	r["blob4m1"], r["blob2m"] = q(insert, make([]byte, 4*mib+1)), q(insert, make([]byte, 2*mib))
	r["zb"], r["concat"] = q("SELECT length(zeroblob(4194305))"), q("SELECT length(? || ?)", a(3e6), a(3e6))
	r["join64"], r["join65"] = q("SELECT 1 FROM "+n(64, number("(SELECT 1) a"), ",")), q("SELECT 1 FROM "+n(65, number("(SELECT 1) a"), ","))
	r["longname"] = q(`CREATE TABLE "` + strings.Repeat("x", 5000) + `"(a)`)
	r["printf"] = q("SELECT length(printf('%.*c', 4194305, 'x'))")
	return r
}
