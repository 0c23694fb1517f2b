package store

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// TestRecordedStatements runs statements one after the other on one database
// and compares with what workerd 1.20261117 answered: rows, names, errors,
// and the rows read and written (n) but for what is marked approximate.
func TestRecordedStatements(t *testing.T) {
	f, err := os.Open("testdata/counts.jsonl")
	check(t, err)
	defer f.Close()
	db := memory(t)
	for s := bufio.NewScanner(f); s.Scan(); {
		var c struct {
			SQL         string
			Args        []any
			Rows        []any
			Cols        []string
			N           [2]int64
			Err         string
			Approximate bool
		}
		check(t, json.Unmarshal(s.Bytes(), &c))
		r, err := db.Exec(c.SQL, c.Args)
		rows := []any{}
		for ok := err == nil; ok; {
			var row []any
			if row, ok, err = r.Next(); ok {
				for i := range row {
					row[i] = recordedValue(row[i])
				}
				rows = append(rows, row)
			}
		}
		if err != nil {
			if err.Error() != c.Err {
				t.Errorf("%s: error %v, want %s", c.SQL, err, c.Err)
			}
			continue
		}
		if c.Err != "" {
			t.Errorf("%s: no error, want %s", c.SQL, c.Err)
			continue
		}
		same(t, c.SQL, rows, c.Rows)
		if n := [2]int64{r.RowsRead(), r.RowsWritten()}; n != c.N && !c.Approximate {
			t.Errorf("%s: rows read and written %v, want %v", c.SQL, n, c.N)
		}
		for i, name := range r.ColumnNames() {
			if name != c.Cols[i] {
				t.Errorf("%s: column %d is %q, want %q", c.SQL, i, name, c.Cols[i])
			}
		}
	}
	check(t, db.Commit())
	same(t, "integrity", number(t, db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), int64(1))
}

func number(t testing.TB, db *DB, sql string) int64 {
	t.Helper()
	n, _, err := db.conn.Number(sql)
	check(t, err)
	return n
}

// recordedValue is a value as the recorder wrote it down.
func recordedValue(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		if math.IsInf(v, 0) {
			return nil
		}
	case []byte:
		list := []any{}
		for _, b := range v {
			list = append(list, float64(b))
		}
		return map[string]any{"b": list}
	}
	return v
}

// TestCountsAfterSchemaChange: a statement that is kept is compiled anew.
func TestCountsAfterSchemaChange(t *testing.T) {
	db := memory(t)
	must(t, db, "CREATE TABLE t(x, y)")
	const insert = "INSERT INTO t VALUES (1, 2)"
	for i, ddl := range []string{"", "CREATE INDEX a ON t(x)", "CREATE INDEX b ON t(y)", "DROP INDEX a"} {
		if ddl != "" {
			must(t, db, ddl)
		}
		want := []int64{1, 2, 3, 2}[i]
		for range 2 {
			if n := must(t, db, insert).RowsWritten(); n != want {
				t.Errorf("after %q: %d written, want %d", ddl, n, want)
			}
		}
	}
}

// TestSchemaOfAnotherProcess: a statement that is kept sees at once what another
// connection to the file has changed, and nothing is lost: its counters, nor what
// keeps JSON JSON.
func TestSchemaOfAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.sqlite")
	db, other := open(t, Options{Path: path}), open(t, Options{Path: path})
	must(t, db, "CREATE TABLE t(x, y)")
	check(t, db.Commit())
	for i, ddl := range []string{"", "CREATE INDEX a ON t(x)", "ALTER TABLE t ADD COLUMN z DEFAULT 5", "DROP INDEX a"} {
		if ddl != "" {
			must(t, other, ddl)
			check(t, other.Commit())
		}
		for range 2 {
			r := must(t, db, "INSERT INTO t(x, y) VALUES (1, json_array((SELECT json_array(?)))) RETURNING *", "s")
			row, _, err := r.Next()
			check(t, err)
			if _, more, err := r.Next(); more || err != nil {
				t.Fatalf("after %q: more rows (%v)", ddl, err)
			}
			want := [][]any{{int64(1), `[["s"]]`}, {int64(1), `[["s"]]`}, {int64(1), `[["s"]]`, int64(5)}, {int64(1), `[["s"]]`, int64(5)}}[i]
			same(t, "after "+ddl, row, want)
			if n, want := r.RowsWritten(), []int64{1, 2, 2, 1}[i]; n != want {
				t.Errorf("after %q: %d written, want %d", ddl, n, want)
			}
			check(t, db.Commit())
		}
	}
	must(t, other, "DROP TABLE t")
	check(t, other.Commit())
	if _, err := db.Exec("INSERT INTO t(x, y) VALUES (1, json_array((SELECT json_array(?)))) RETURNING *", []any{"s"}); err == nil || err.Error() != "no such table: t: SQLITE_ERROR" {
		t.Errorf("after DROP TABLE: %v", err)
	}
}
