package store

import "testing"

// TestMemoryAfterStatement: what a database in memory holds stays when it is closed
// right behind a statement of the user, whether that has failed or not.
func TestMemoryAfterStatement(t *testing.T) {
	for _, last := range []string{"SELECT * FROM t", "SELECT * FROM missing", "DELETE FROM t WHERE x = 7"} {
		m := &Memory{}
		db, err := Open(Options{Path: "x", Memory: m})
		check(t, err)
		must(t, db, "CREATE TABLE t(x); INSERT INTO t VALUES (1)")
		check(t, db.Commit())
		if rows, err := db.Exec(last, nil); err == nil {
			rows.Next()
		}
		db.Interrupt()
		check(t, db.Close())
		db, err = Open(Options{Path: "x", Memory: m})
		check(t, err)
		same(t, last, raw(db, "SELECT x FROM t"), []any{[]any{1.0}})
		check(t, db.Close())
	}
}
