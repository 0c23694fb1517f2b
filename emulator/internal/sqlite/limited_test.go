package sqlite

import (
	"strings"
	"testing"
)

// FuzzParseLimited: the parts are parts of the text, and only a statement with
// LIMIT or ORDER BY has them.
func FuzzParseLimited(f *testing.F) {
	for _, s := range []string{"DELETE FROM t LIMIT 1", "UPDATE OR IGNORE main.t AS a SET x = (1) WHERE y RETURNING z ORDER BY z LIMIT 1;", "WITH q AS (SELECT 1) DELETE FROM [t;] ORDER BY 1", "DELETE", "UPDATE t SET x='--' LIMIT 1 -- x", "DELETE FROM t RETURNING 1 WHERE 2 LIMIT 3", "DELETE /* LIMIT */ FROM t"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		l := parseLimited(sql)
		if l == nil {
			return
		}
		if l.end > len(sql) || !strings.HasPrefix(sql, l.head+l.order) || !strings.HasSuffix(l.head, l.where+l.returns) {
			t.Errorf("%q: %+v", sql, l)
		}
	})
}
