package store

import (
	"strings"
	"testing"
)

func TestSQL01(t *testing.T) {
	source, _ := recorded(t, "SQL01")
	want := body(t, "SQL01")
	db := memory(t)
	n := 0
	for key, query := range calls(t, source) {
		same(t, key, raw(db, query), want[key])
		n++
	}
	if n < 15 {
		t.Fatalf("found only %d statements", n)
	}
	same(t, "lone", raw(db, "SELECT ?", "\xed\xa0\x80x"), want["lone"])
	names := []any{}
	for _, s := range must(t, db, "SELECT 1, 'a' AS b, 2 AS b").ColumnNames() {
		names = append(names, s)
	}
	same(t, "names", names, want["names"])
}

func TestSQL04(t *testing.T) {
	want := body(t, "SQL04")
	db := memory(t)
	const all = "SELECT * FROM t"
	must(t, db, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t(v) VALUES ('a'),('b'),('c')")
	same(t, "arr", objects(db, all), want["arr"])

	r := must(t, db, all)
	counts := []any{float64(r.RowsRead())}
	for range 2 {
		r.Next()
		counts = append(counts, float64(r.RowsRead()))
	}
	rest(r)
	same(t, "rr", append(counts, float64(r.RowsRead()), float64(r.RowsWritten())), want["rr"])

	rw := func(query string) any {
		r := must(t, db, query)
		return []any{float64(r.RowsRead()), float64(r.RowsWritten())}
	}
	r = must(t, db, "INSERT INTO t(v) VALUES ('d'),('e')")
	same(t, "rw", []any{float64(r.RowsRead()), float64(r.RowsWritten()), []any{}, rest(r)}, want["rw"])
	same(t, "ret", objects(db, "INSERT INTO t(v) VALUES ('f') RETURNING id, v"), want["ret"])
	same(t, "upd", rw("UPDATE t SET v = 'z' WHERE id <= 2"), want["upd"])
	must(t, db, "CREATE INDEX ti ON t(v)")
	same(t, "idx", rw("INSERT INTO t(v) VALUES ('i')"), want["idx"])
	same(t, "del", rw("DELETE FROM t WHERE id = 1"), want["del"])
	r = must(t, db, "SELECT count(*) c FROM t")
	same(t, "count", []any{rest(r).([]any)[0], float64(r.RowsRead())}, want["count"])
	same(t, "create", rw("CREATE TABLE IF NOT EXISTS z(a PRIMARY KEY, b)"), want["create"])

	const ids = "SELECT id FROM t ORDER BY id"
	a, b := must(t, db, ids), must(t, db, ids)
	var overlap []any
	for _, r := range []*Rows{a, b, a, b} {
		row, _, err := r.Next()
		check(t, err)
		overlap = append(overlap, js(row[0]))
	}
	same(t, "overlap", overlap, want["overlap"])
	a.Close()
	b.Close()

	r = must(t, db, ids)
	r.Next()
	same(t, "open", []any{
		objects(db, "DROP TABLE t"),
		map[bool]any{true: "ins ok"}[must(t, db, "INSERT INTO t(v) VALUES ('live')") != nil],
		float64(len(rest(r).([]any))),
	}, want["open"])
}

func TestSQL04b(t *testing.T) {
	want := body(t, "SQL04b")
	db := memory(t)
	r := must(t, db, "CREATE TABLE t(x); INSERT INTO t VALUES (1),(2),(3); SELECT x FROM t")
	r.Next()
	check(t, db.Commit())
	r.Next()
	must(t, db, "INSERT INTO t VALUES (4)")
	check(t, db.Commit())
	same(t, "rest", rest(r), want["rest"])

	r = must(t, db, "SELECT x FROM t")
	r.Next()
	check(t, db.Put("k", []byte{1}))
	check(t, db.Commit())
	same(t, "c2", float64(len(rest(r).([]any))), want["c2"])

	check(t, db.Savepoint("_cf_savepoint_0"))
	must(t, db, "INSERT INTO t VALUES (5)")
	r = must(t, db, "SELECT x FROM t")
	r.Next()
	check(t, db.RollbackTo("_cf_savepoint_0"))
	same(t, "txnRollback", float64(len(rest(r).([]any))), want["txnRollback"])
	same(t, "after", objects(db, "SELECT count(*) c FROM t").([]any)[0], want["after"])
}

func TestSQL04c(t *testing.T) {
	_, bodies := recorded(t, "SQL04c")
	db := memory(t)
	must(t, db, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)")
	check(t, db.Commit())

	r := must(t, db, "INSERT INTO t(v) VALUES ('single') RETURNING id")
	if err := db.Commit(); err == nil {
		t.Error("a single row that was not read: commit succeeded")
	}
	r.Close()
	same(t, "one", objects(db, "SELECT v FROM t"), bodies[2])

	same(t, "consumed", objects(db, "INSERT INTO t(v) VALUES ('x'),('y') RETURNING id"), bodies[3])
	check(t, db.Commit())
	must(t, db, "INSERT INTO t(v) VALUES ('r1'),('r2')")
	r = must(t, db, "SELECT * FROM t")
	r.Next()
	check(t, db.Commit())
	same(t, "openRead", objects(db, "SELECT v FROM t"), bodies[5])

	must(t, db, "INSERT INTO t(v) VALUES ('g'),('h') RETURNING id")
	if err := db.Commit(); err == nil {
		t.Error("rows that were not read: commit succeeded")
	}
	if db.Dirty() {
		t.Error("the transaction is still open")
	}
	same(t, "lazy", objects(db, "SELECT v FROM t"), bodies[7])
}

func TestSQL04d(t *testing.T) {
	want := body(t, "SQL04d")
	db := memory(t)
	r := must(t, db, "CREATE TABLE t(x); INSERT INTO t VALUES (1),(2),(3); SELECT x FROM t")
	r.Next()
	same(t, "drop", objects(db, "DROP TABLE t"), want["drop"])
	must(t, db, "INSERT INTO t VALUES (4)")
	must(t, db, "ALTER TABLE t ADD COLUMN y")
	must(t, db, "CREATE TABLE u(a)")
	same(t, "rest", float64(len(rest(r).([]any))), want["rest"])
	must(t, db, "DROP TABLE t")
}

func TestSQL05(t *testing.T) {
	want := body(t, "SQL05")
	db := memory(t)
	written := func(query string, args ...any) any { return float64(must(t, db, query, args...).RowsWritten()) }
	same(t, "last", objects(db, "SELECT 1 AS a; SELECT 2 AS b"), want["last"])
	same(t, "params", written("CREATE TABLE t(x); INSERT INTO t VALUES (?)", 5.0), want["params"])
	same(t, "paramsFirst", objects(db, "INSERT INTO t VALUES (?); SELECT 1", 5.0), want["paramsFirst"])
	same(t, "partial", objects(db, "INSERT INTO t VALUES (7); SELECT * FROM nope"), want["partial"])
	same(t, "rows", objects(db, "SELECT x FROM t"), want["rows"])
	same(t, "partial2", objects(db, "INSERT INTO t VALUES (8); INSERT INTO t VALUES (9); GARBAGE"), want["partial2"])
	same(t, "rows2", objects(db, "SELECT x FROM t"), want["rows2"])
	for key, query := range map[string]string{
		"empty": "", "semi": ";", "ws": "  \n", "comment": "-- hi", "trailc": "SELECT 1; -- hi",
		"trailblock": "SELECT 1 /* hi */", "trailws": "SELECT 1;  \n\t ", "dblsemi": "SELECT 1;;",
		"leadc": "-- c\nSELECT 1 AS a", "nulq": "SELECT 1\x00garbage", "repeatTxn": "SELECT 1; BEGIN",
		"ddlThenUse": "CREATE TABLE u(a); INSERT INTO u VALUES (1); SELECT a FROM u",
	} {
		same(t, key, objects(db, query), want[key])
	}
	same(t, "rw", written("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2),(3)"), want["rw"])
	for _, w := range want["repeat"].([]any) {
		same(t, "repeat", objects(db, "INSERT INTO u VALUES (5); SELECT count(*) c FROM u"), []any{w})
	}
}

func TestSQL06(t *testing.T) {
	source, _ := recorded(t, "SQL06")
	want := body(t, "SQL06")
	db := memory(t)
	must(t, db, "CREATE TABLE p(id INTEGER PRIMARY KEY, u TEXT UNIQUE, n TEXT NOT NULL, c INT CHECK (c > 0)); CREATE TABLE ch(id INTEGER PRIMARY KEY, pid INT REFERENCES p(id)); INSERT INTO p VALUES (1, 'u', 'n', 1); CREATE TABLE strict1(a INT) STRICT")
	found := calls(t, source)
	if len(found) != len(want) {
		t.Fatalf("found %d statements, want %d", len(found), len(want))
	}
	for key, query := range found {
		same(t, key, objects(db, query), want[key])
	}
}

func TestSQL08(t *testing.T) {
	want := body(t, "SQL08")
	db := memory(t)
	n := func(k int, s, sep string) string { return strings.TrimSuffix(strings.Repeat(s+sep, k), sep) }
	ones := func(k int) []any {
		list := make([]any, k)
		for i := range list {
			list[i] = 1.0
		}
		return list
	}
	columns := func(k int) string {
		var b strings.Builder
		for i := range k {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString("c" + strings.Repeat("x", i))
		}
		return b.String()
	}
	a := strings.Repeat
	for _, c := range []struct {
		key, query string
		args       []any
	}{
		{"params100", "SELECT " + n(100, "?", ","), ones(100)},
		{"params101", "SELECT " + n(101, "?", ","), ones(101)},
		{"qnum100", "SELECT ?100", ones(100)},
		{"qnum101", "SELECT ?101", ones(101)},
		{"cols100", "CREATE TABLE c100(" + columns(100) + ")", nil},
		{"cols101", "CREATE TABLE c101(" + columns(101) + ")", nil},
		{"sel100", "SELECT " + n(100, "1", ","), nil},
		{"sel101", "SELECT " + n(101, "1", ","), nil},
		{"sql100000", "SELECT '" + a("a", 100000-9) + "'", nil},
		{"sql100001", "SELECT '" + a("a", 100001-9) + "'", nil},
		{"sqlUtf8", "SELECT '" + a("é", 50000) + "'", nil},
		{"compound5", n(5, "SELECT 1", " UNION ALL "), nil},
		{"compound6", n(6, "SELECT 1", " UNION ALL "), nil},
		{"values5000", "VALUES " + n(5000, "(1)", ","), nil},
		{"depth", "SELECT " + a("(", 40) + "1" + a(")", 40), nil},
		{"depth100", "SELECT 1" + a("+1", 98), nil},
		{"depth101", "SELECT 1" + a("+1", 120), nil},
		{"fnargs127", "SELECT max(" + n(127, "1", ",") + ")", nil},
		{"fnargs128", "SELECT max(" + n(128, "1", ",") + ")", nil},
		{"like50", "SELECT 'a' LIKE ?", []any{a("a", 50)}},
		{"like51", "SELECT 'a' LIKE ?", []any{a("a", 51)}},
		{"glob51", "SELECT 'a' GLOB ?", []any{a("a", 51)}},
		{"insert2m", "CREATE TABLE big(x); INSERT INTO big VALUES (?)", []any{a("a", 2<<20)}},
		{"ins4m1", "INSERT INTO big VALUES (?)", []any{a("a", 4<<20+1)}},
		{"blob4m1", "INSERT INTO big VALUES (?)", []any{make([]byte, 4<<20+1)}},
		{"zb", "SELECT length(zeroblob(4194305))", nil},
		{"concat", "SELECT length(? || ?)", []any{a("a", 3e6), a("a", 3e6)}},
		{"join64", "SELECT 1 FROM " + n(64, "(SELECT 1)", ","), nil},
		{"join65", "SELECT 1 FROM " + n(65, "(SELECT 1)", ","), nil},
		{"longname", `CREATE TABLE "` + a("x", 5000) + `"(a)`, nil},
		{"printf", "SELECT length(printf('%.*c', 4194305, 'x'))", nil},
	} {
		got := objects(db, c.query, c.args...)
		if list, ok := got.([]any); ok {
			got = map[int]any{0: "ok 0", 1: "ok 1", 5: "ok 5", 5000: "ok 5000"}[len(list)]
		}
		same(t, c.key, got, want[c.key])
	}
}

func TestKV07c(t *testing.T) {
	want := body(t, "KV07c")
	db := memory(t)
	for _, c := range []struct {
		key string
		try func(n int) error
	}{
		{"maxBoundBlob", func(n int) error {
			_, err := db.Exec("SELECT length(?)", []any{make([]byte, n)})
			return err
		}},
		{"maxRowBlob", func(n int) error {
			_, err := db.Exec("CREATE TABLE IF NOT EXISTS big(x); DELETE FROM big; INSERT INTO big VALUES (?)", []any{make([]byte, n)})
			return err
		}},
		// JavaScript's serialization of a Uint8Array adds 15 bytes.
		{"maxKvValueKey1", func(n int) error { return db.Put("k", make([]byte, n+15)) }},
	} {
		limit := int(want[c.key].(float64))
		if err := c.try(limit); err != nil {
			t.Errorf("%s: %d bytes: %v", c.key, limit, err)
		}
		same(t, c.key, js(c.try(limit+1)), want["v16MiB"])
	}
}

func TestSQL09(t *testing.T) {
	source, _ := recorded(t, "SQL09")
	want := body(t, "SQL09")
	db := memory(t)
	for _, f := range array(t, source, "const one = ") {
		got := raw(db, "SELECT "+f)
		if rows, ok := got.([]any); ok {
			for i := range rows {
				rows[i] = rows[i].([]any)[0]
			}
		}
		if f == "changes()" || f == "total_changes()" || f == "last_insert_rowid()" {
			continue // the worker's wrapper had written a row
		}
		same(t, f, got, want[f])
	}
	must(t, db, "CREATE VIRTUAL TABLE f USING fts5(a, tokenize='porter'); INSERT INTO f VALUES ('running dogs'), ('cats')")
	same(t, "fts", objects(db, "SELECT a, highlight(f,0,'<','>') h, snippet(f,0,'[',']','..',5) s, typeof(bm25(f)) b, typeof(rank) k FROM f WHERE f MATCH 'run' ORDER BY rank"), want["fts"])
	same(t, "ftsvocab", objects(db, "CREATE VIRTUAL TABLE fv USING fts5vocab(f, 'row'); SELECT * FROM fv"), want["ftsvocab"])
	same(t, "trigram", objects(db, "CREATE VIRTUAL TABLE f3 USING fts5(a, tokenize='trigram'); INSERT INTO f3 VALUES ('hello'); SELECT a FROM f3 WHERE a LIKE '%ell%'"), want["trigram"])
	must(t, db, "INSERT INTO f(f) VALUES ('optimize')")
	same(t, "rtree", objects(db, "CREATE VIRTUAL TABLE rt USING rtree(id,a,b); INSERT INTO rt VALUES (1,0,5); SELECT * FROM rt WHERE a <= 1"), want["rtree"])
	same(t, "ftsshadow", objects(db, "INSERT INTO f_content VALUES (9, 'x')"), want["ftsshadow"])
}

func TestSQL10(t *testing.T) {
	source, _ := recorded(t, "SQL10")
	want := body(t, "SQL10")
	db := open(t, Options{Path: t.TempDir() + "/a.sqlite"})
	must(t, db, "CREATE TABLE __miniflare_do_name (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT REFERENCES t(a)); CREATE INDEX ti ON t(b)")
	check(t, db.Put("k", []byte{1}))
	check(t, db.Commit())
	for _, p := range array(t, source, "for (const p of ") {
		got := objects(db, "PRAGMA "+p)
		if p == "table_list" {
			if len(got.([]any)) != len(want[p].([]any)) {
				t.Errorf("table_list: %v", got)
			}
			continue // in the order of a hash table
		}
		same(t, p, got, want[p])
	}
	same(t, "fnform", objects(db, "SELECT foreign_keys FROM pragma_foreign_keys"), want["fnform"])
	same(t, "fnform2", objects(db, "SELECT page_count FROM pragma_page_count"), want["fnform2"])
}

func TestSQL16(t *testing.T) {
	_, bodies := recorded(t, "SQL16")
	want := bodies[0].(map[string]any)
	db := memory(t)
	same(t, "default", objects(db, "PRAGMA foreign_keys").([]any)[0], want["default"])
	must(t, db, "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(id INTEGER PRIMARY KEY, pid INT REFERENCES p(id))")
	same(t, "imm", objects(db, "INSERT INTO c VALUES (1, 9)"), want["imm"])
	check(t, db.Savepoint("s"))
	must(t, db, "PRAGMA defer_foreign_keys = ON; INSERT INTO c VALUES (1, 1); INSERT INTO p VALUES (1)")
	check(t, db.Release("s"))
	check(t, db.Commit())
	same(t, "rows", objects(db, "SELECT * FROM c"), want["rows"])

	must(t, db, "PRAGMA defer_foreign_keys = ON; INSERT INTO c VALUES (2, 42)")
	err := db.Commit()
	reset := bodies[1].(map[string]any)["stubError"].(map[string]any)["throws"].(string)
	if err == nil || !strings.HasSuffix(reset, ": "+err.Error()) {
		t.Errorf("commit: %v, want the end of %q", err, reset)
	}
	same(t, "rows after", objects(db, "SELECT * FROM c"), want["rows"])
}
