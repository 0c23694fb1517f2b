package store

import (
	"strings"
	"testing"
)

// TestLimitedRefused: what cannot be put in another way is refused, with nothing done.
func TestLimitedRefused(t *testing.T) {
	db := memory(t)
	must(t, db, "CREATE TABLE t(a); INSERT INTO t VALUES (1), (2); CREATE VIEW w AS SELECT a FROM t")
	must(t, db, "CREATE TRIGGER g INSTEAD OF DELETE ON w BEGIN DELETE FROM t WHERE a = old.a; END")
	must(t, db, "CREATE TABLE r(rowid, oid, _rowid_); INSERT INTO r VALUES (1, 1, 1), (1, 1, 1)")
	const (
		from       = "UPDATE FROM with LIMIT is not supported by this emulator; choose the rows in a sub-select: SQLITE_ERROR"
		parameters = "parameters in RETURNING with LIMIT are not supported by this emulator; choose the rows in a sub-select: SQLITE_ERROR"
	)
	for query, want := range map[string]string{
		"UPDATE t SET a = r.oid FROM r LIMIT 1":                       from,
		"WITH x AS (SELECT 1 AS n) UPDATE t SET a = n FROM x LIMIT 1": from,
		"DELETE FROM t RETURNING ? LIMIT 1":                           parameters,
		"DELETE FROM t WHERE a = ? RETURNING a, ? ORDER BY a LIMIT ?": parameters,
		"UPDATE t SET a = 1 RETURNING ?1 LIMIT 1":                     parameters,
		"UPDATE t SET a = 1 RETURNING :x LIMIT 1":                     parameters,
		"UPDATE t SET a = 1 RETURNING @x LIMIT 1":                     parameters,
		"UPDATE t SET a = 1 RETURNING $x LIMIT 1":                     parameters,
		"UPDATE t SET a = nope ORDER BY a":                            "ORDER BY without LIMIT on UPDATE: SQLITE_ERROR",
		"UPDATE t SET a = 1 RETURNING '?', zz LIMIT 1":                "no such column: zz at offset 34: SQLITE_ERROR",
		"UPDATE t SET a = 1 ORDER BY zz LIMIT 1":                      "no such column: zz at offset 28: SQLITE_ERROR",
		"DELETE FROM t ORDER BY 2 LIMIT 1":                            "1st ORDER BY term out of range - should be between 1 and 1: SQLITE_ERROR",
		"DELETE FROM t INDEXED BY i LIMIT 1":                          "no such index: i: SQLITE_ERROR",
		"DELETE FROM w LIMIT 1":                                       "DELETE with LIMIT on a view, or a table with columns rowid, oid and _rowid_, is not supported by this emulator; choose the rows with WHERE: SQLITE_ERROR",
		"UPDATE r SET oid = 2 LIMIT 1":                                "UPDATE with LIMIT on a view, or a table with columns rowid, oid and _rowid_, is not supported by this emulator; choose the rows with WHERE: SQLITE_ERROR",
		"DELETE FROM r ORDER BY oid":                                  "ORDER BY without LIMIT on DELETE: SQLITE_ERROR",
		"UPDATE w SET a = 2 LIMIT 1":                                  "cannot modify w because it is a view: SQLITE_ERROR",
		"DELETE FROM r WHERE nope LIMIT 1":                            "no such column: nope at offset 20: SQLITE_ERROR",
		"DELETE FROM nope WHERE oid LIMIT 1":                          "no such table: nope: SQLITE_ERROR",
	} {
		same(t, query, raw(db, query), map[string]any{"throws": "Error: " + want})
	}
	same(t, "t", raw(db, "SELECT count(*) FROM t"), []any{[]any{2.0}})
	same(t, "r", raw(db, "SELECT count(*) FROM r WHERE oid = 1"), []any{[]any{2.0}})
}

// TestLongStatements: workerd takes 100,000 bytes, also of a text that gets longer here, and programs
// of some 170,000 instructions.
func TestLongStatements(t *testing.T) {
	db := memory(t)
	long := func(n int, head, tail string) string { return head + strings.Repeat("x", n-len(head)-len(tail)) + tail }
	must(t, db, "CREATE TABLE a(x, y, z)")
	must(t, db, "INSERT INTO a VALUES (1, 2, 3)"+strings.Repeat(",(1,2,3)", 12480))
	must(t, db, long(100000, "DELETE FROM a WHERE x <> '", "' LIMIT 12479"))
	same(t, "left", raw(db, "SELECT count(*) FROM a"), []any{[]any{2.0}})
	same(t, "too long", raw(db, long(100001, "DELETE FROM a WHERE x <> '", "' LIMIT 1")),
		map[string]any{"throws": "Error: statement too long: SQLITE_TOOBIG"})
	must(t, db, "SELECT 1 WHERE 1 IN (0"+strings.Repeat(",+-1", 24000)+")")

	must(t, db, "CREATE VIEW v AS VALUES (1,2,3)"+strings.Repeat(",(1,2,3)", 999))
	program := func(n int) string {
		return "SELECT " + strings.Repeat("(SELECT count(*) FROM v WHERE column1=0),", 40) +
			"(SELECT count(*) FROM (VALUES(1)" + strings.Repeat(",(1)", n-1) + "))"
	}
	must(t, db, program(5645))
	same(t, "too many instructions", raw(db, program(5646)), map[string]any{"throws": "Error: out of memory: SQLITE_NOMEM"})
}
