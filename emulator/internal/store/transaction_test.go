package store

import (
	"strings"
	"testing"
	"time"
)

func TestImplicitTransaction(t *testing.T) {
	db := memory(t)
	begun := 0
	db.OnBegin(func() { begun++ })
	must(t, db, "SELECT 1; PRAGMA foreign_keys")
	if _, _, err := db.Get("k"); err != nil || db.Dirty() || begun != 0 {
		t.Errorf("reading began a transaction (%v)", err)
	}
	check(t, db.Commit())
	must(t, db, "CREATE TABLE t(x)")
	check(t, db.Put("k", nil))
	if !db.Dirty() || begun != 1 {
		t.Errorf("dirty %v, begun %d times", db.Dirty(), begun)
	}
	check(t, db.Commit())
	check(t, db.Savepoint("s"))
	if !db.Dirty() || begun != 2 {
		t.Errorf("savepoint: dirty %v, begun %d times", db.Dirty(), begun)
	}
	must(t, db, "INSERT INTO t VALUES (1)")
	check(t, db.Release("s"))
	check(t, db.Rollback())
	if db.Dirty() {
		t.Error("dirty after rollback")
	}
	same(t, "rows", raw(db, "SELECT * FROM t"), []any{})
}

// TestDUR09: a statement that fails takes nothing else with it.
func TestDUR09(t *testing.T) {
	db := memory(t)
	must(t, db, "CREATE TABLE t(x UNIQUE); INSERT INTO t VALUES (1)")
	if _, err := db.Exec("INSERT INTO t VALUES (2), (1)", nil); err == nil {
		t.Fatal("no error")
	}
	must(t, db, "INSERT INTO t VALUES (3)")
	check(t, db.Commit())
	same(t, "rows", raw(db, "SELECT x FROM t"), []any{[]any{1.0}, []any{3.0}})
}

// TestUndone: ON CONFLICT ROLLBACK undoes the batch, and what is written after it is
// on its own; what was to be committed is known to be lost.
func TestUndone(t *testing.T) {
	db := memory(t)
	must(t, db, "CREATE TABLE t(x UNIQUE); INSERT INTO t VALUES (1)")
	check(t, db.Commit())
	check(t, db.Savepoint("s"))
	must(t, db, "INSERT INTO t VALUES (2)")
	if _, err := db.Exec("INSERT OR ROLLBACK INTO t VALUES (1)", nil); err == nil {
		t.Fatal("no error")
	}
	if _, err := db.Exec("SELECT * FROM nope", nil); err == nil {
		t.Fatal("no error")
	}
	must(t, db, "INSERT INTO t VALUES (3)")
	check(t, db.PutMany([]Entry{{"a", nil}, {"b", nil}}))
	if err := db.Release("s"); err == nil {
		t.Error("a lost savepoint was released")
	}
	if err := db.Commit(); err == nil {
		t.Error("a lost batch was committed")
	}
	must(t, db, "INSERT INTO t VALUES (4)")
	check(t, db.Commit())
	same(t, "rows", raw(db, "SELECT x FROM t"), []any{[]any{1.0}, []any{3.0}, []any{4.0}})
}

func TestInterrupt(t *testing.T) {
	db := memory(t)
	must(t, db, "CREATE TABLE t(x)")
	check(t, db.Commit())
	must(t, db, "INSERT INTO t VALUES (1)")
	timer := time.AfterFunc(50*time.Millisecond, db.Interrupt) // when the statement runs
	defer timer.Stop()
	_, err := db.Exec("INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n WHERE i = 2", nil)
	if err == nil || err.Error() != "interrupted: SQLITE_INTERRUPT" {
		t.Fatalf("error %v", err)
	}
	if _, err := db.Exec("SELECT 1", nil); err == nil {
		t.Error("a later statement ran")
	}
	// SQLite has rolled back by itself; what came before must not be
	// committed as if it were all.
	if err := db.Commit(); err == nil {
		t.Error("commit succeeded")
	}
	check(t, db.Rollback())
	check(t, db.Close())
}

func TestCriticalError(t *testing.T) {
	db := memory(t)
	must(t, db, "CREATE TABLE t(x)")
	check(t, db.Commit())
	check(t, db.Savepoint("_cf_sync_savepoint_0"))
	must(t, db, "INSERT INTO t VALUES (1)")
	check(t, db.conn.Exec("PRAGMA max_page_count = 4"))
	_, err := db.Exec("INSERT INTO t VALUES (zeroblob(100000))", nil)
	if err == nil || err.Error() != "database or disk is full: SQLITE_FULL" {
		t.Fatalf("error %v", err)
	}
	if _, err := db.Exec("INSERT INTO t VALUES (2)", nil); err == nil || !strings.Contains(err.Error(), "SQLITE_FULL") {
		t.Errorf("a write after SQLite rolled back: %v", err)
	}
	if _, err := db.Exec("SELECT * FROM t", nil); err != nil {
		t.Errorf("a read: %v", err)
	}
	if _, _, err := db.Get("k"); err == nil || !strings.Contains(err.Error(), "SQLITE_FULL") {
		t.Errorf("a read of a key: %v", err)
	}
	if err := db.Release("_cf_sync_savepoint_0"); err == nil || err.Error() != msgCritical {
		t.Errorf("release: %v", err)
	}
	if err := db.Commit(); err == nil || err.Error() != "database or disk is full: SQLITE_FULL" {
		t.Errorf("commit: %v", err)
	}
	check(t, db.conn.Exec("PRAGMA max_page_count = 1000000")) // freed again
	must(t, db, "INSERT INTO t VALUES (3)")
	check(t, db.Commit())
	same(t, "rows", raw(db, "SELECT x FROM t"), []any{[]any{3.0}})
}
