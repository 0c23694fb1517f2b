package store

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

const secret = "the-secret-value"

// FuzzExec: no text makes a statement panic, show or change one of our own
// tables, or touch a file; and the database works afterwards.
func FuzzExec(f *testing.F) {
	recorded, err := os.Open("testdata/counts.jsonl")
	check(f, err)
	defer recorded.Close()
	for s := bufio.NewScanner(recorded); s.Scan(); {
		var c struct{ SQL string }
		check(f, json.Unmarshal(s.Bytes(), &c))
		f.Add(c.SQL)
	}
	for _, sql := range []string{
		"SELECT hex(value) FROM _cf_KV", "SELECT * FROM main._cf_KV", "SELECT * FROM [_cf_KV]", "SELECT * FROM '_CF_kv'",
		"CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM _cf_KV; END; INSERT INTO a VALUES (1, 2)",
		"CREATE VIEW v AS SELECT * FROM _cf_KV; SELECT * FROM v",
		"CREATE VIRTUAL TABLE v USING fts5(value, content='_cf_KV', content_rowid='key'); SELECT * FROM v; INSERT INTO v(v) VALUES ('rebuild'); SELECT * FROM v('secret')",
		"CREATE VIRTUAL TABLE v USING fts5vocab('_cf_KV', 'row'); SELECT * FROM v",
		"CREATE VIRTUAL TABLE v USING rtree(id, x, y); SELECT rtreecheck('main', '_cf_KV')",
		"CREATE TABLE c AS SELECT * FROM _cf_KV; SELECT * FROM c", "INSERT INTO a SELECT key, value FROM _cf_KV",
		"WITH x AS (SELECT * FROM _cf_KV) SELECT * FROM x", "UPDATE a SET x = (SELECT value FROM _cf_KV) RETURNING *",
		"ALTER TABLE a RENAME TO/**/\"_cf_x\"", "ALTER TABLE a RENAME/*;*/TO [_cf_x]", "ALTER TABLE a RENAME \ufeff TO _cf_x", "ALTER TABLE `a` rename -- x\n to `_CF_x`",
		"ALTER TABLE _cf_KV RENAME TO b; SELECT * FROM b", "ALTER TABLE a ADD COLUMN z DEFAULT (load_extension('x'))",
		"DELETE FROM _cf_KV LIMIT 1", "DELETE FROM a WHERE x IN (SELECT value FROM _cf_KV) LIMIT 1", "UPDATE a SET x = 1 LIMIT 1; SELECT 1",
		"ATTACH 'out.db' AS x", "VACUUM INTO 'out.db'", "VACUUM", "PRAGMA temp_store_directory = '.'", "PRAGMA writable_schema = 1",
		"SELECT * FROM sqlite_dbpage", "SELECT * FROM dbstat", "SELECT * FROM pragma_table_info('_cf_KV')",
		"SELECT load_extension('x')", "SELECT writefile('out', 'x')", "SELECT edit('x')", "DROP TABLE _cf_KV", "REINDEX _cf_KV", "ANALYZE _cf_KV; SELECT * FROM sqlite_stat4",
		"CREATE TABLE b(x REFERENCES _cf_KV(key) ON DELETE CASCADE); INSERT INTO b VALUES ('k')", "CREATE INDEX i ON _cf_KV(value)",
		"INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 5, 'CREATE TABLE x(a, b)')", "SELECT * FROM a, _cf_KV", "EXPLAIN SELECT * FROM _cf_KV",
		"SELECT key FROM a JOIN _cf_KV USING (key)", "SELECT (SELECT value FROM _cf_KV)", "SELECT count(*) FROM _cf_KV", "CREATE TEMP TABLE x AS SELECT 1",
	} {
		f.Add(sql)
	}
	files := func() int {
		entries, _ := os.ReadDir(".")
		return len(entries)
	}
	before := files()
	f.Fuzz(func(t *testing.T, sql string) {
		db, err := Open(Options{})
		check(t, err)
		defer db.Close()
		check(t, db.Put("k", []byte(secret)))
		must(t, db, "CREATE TABLE a(x, y); CREATE INDEX ay ON a(y); INSERT INTO a VALUES (1, 2), (3, 4)")
		check(t, db.Commit())
		interrupted := make(chan struct{})
		timer := time.AfterFunc(200*time.Millisecond, func() { db.Interrupt(); close(interrupted) })
		defer timer.Stop()
		for range 2 { // the second time from the cache
			r, err := db.Exec(sql, nil)
			for n := 0; err == nil && n < 50; n++ {
				var row []any
				var ok bool
				if row, ok, err = r.Next(); !ok {
					break
				}
				if text := fmt.Sprintf("%s", row); strings.Contains(text, secret) || strings.Contains(strings.ToLower(text), hex.EncodeToString([]byte(secret))) {
					t.Fatalf("it shows %s", text)
				}
			}
			if err == nil {
				if r.RowsRead() < 0 || r.RowsWritten() < 0 {
					t.Fatal("it counts backwards")
				}
				r.Close()
			}
		}
		if !timer.Stop() {
			<-interrupted
			check(t, db.Rollback())
			return // nothing runs on it any more
		}
		if err := db.Commit(); err != nil && db.Dirty() {
			t.Fatalf("commit left the transaction open: %v", err)
		}
		if v, ok, err := db.Get("k"); string(v) != secret || !ok || err != nil {
			t.Fatalf("our table: %q %v %v", v, ok, err)
		}
		if n := number(t, db, "SELECT count(*) FROM sqlite_schema WHERE name LIKE '\\_cf\\_%' ESCAPE '\\'"); n != 1 {
			t.Fatalf("%d tables of ours", n)
		}
		if n := number(t, db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"); n != 0 {
			t.Fatalf("damaged: %v", raw(db, "PRAGMA quick_check"))
		}
		same(t, "afterwards", raw(db, "SELECT 1"), []any{[]any{1.0}})
		check(t, db.Put("k2", nil))
		check(t, db.Commit())
		if files() != before {
			t.Fatal("a file appeared")
		}
	})
}
