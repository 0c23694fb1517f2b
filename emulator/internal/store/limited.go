package store

// UPDATE and DELETE with ORDER BY and LIMIT
// (https://sqlite.org/lang_delete.html, "Optional LIMIT and ORDER BY
// clauses"). workerd's SQLite is built with them, modernc's is not, so such a
// statement is put the way SQLite itself understands it: the rows are chosen
// by a sub-select over rowid or primary key.

import (
	"strconv"
	"strings"

	lib "modernc.org/sqlite/lib"
)

// prepareLimited gets a statement that did not compile, and the reason, which
// it returns if the statement is of another kind. The reason is the first of the
// words that are not expected, so what stands before it has the right syntax.
func (db *DB) prepareLimited(sql string, reason error) (*stmt, int, error) {
	if !stopsAt(reason, "LIMIT") && !stopsAt(reason, "ORDER") {
		return nil, 0, reason
	}
	l := parseLimited(sql)
	if l == nil {
		return nil, 0, reason
	}
	lib.Xsqlite3_limit(db.tls, db.c, lib.SQLITE_LIMIT_SQL_LENGTH, 3*sqlLengthLimit) // it gets longer
	defer lib.Xsqlite3_limit(db.tls, db.c, lib.SQLITE_LIMIT_SQL_LENGTH, sqlLengthLimit)
	tail := len(l.head) + len(l.rest)
	if at, _ := offset(reason); at != tail {
		return nil, 0, reason
	}
	if s, err := db.prepareText(l.head + l.rest); err == nil {
		s.finalize()
	} else if strings.HasPrefix(err.Error(), "incomplete input") {
		return nil, 0, reason
	}
	const query = "SELECT 1 "
	if s, err := db.prepareText(query + sql[tail:l.end]); err == nil {
		s.finalize()
	} else if isSyntax(err) {
		return nil, 0, db.moved(err, func(at int) int { return at - len(query) + tail })
	}
	if l.refusal != "" {
		if s, err := db.prepareText(l.first); err == nil {
			s.finalize()
		} else if !foundLater(err) {
			return nil, 0, err
		}
		return nil, 0, newError(l.refusal, lib.SQLITE_ERROR, lib.SQLITE_ERROR)
	}
	if l.outer != l.head {
		if s, err := db.prepareText(query + "FROM " + l.source); err == nil {
			s.finalize()
		} else if strings.HasPrefix(err.Error(), "no such index") {
			return nil, 0, err
		}
	}
	key, err := db.rowKey(l.table)
	if err != nil {
		return nil, 0, err
	}
	if key == "" {
		s, err := db.prepareText(l.head + l.rest)
		if err != nil {
			return nil, 0, err
		}
		s.finalize()
		return nil, 0, newError(l.verb+" with LIMIT on a view, or a table with columns rowid, oid and _rowid_, is not supported by this emulator; choose the rows with WHERE", lib.SQLITE_ERROR, lib.SQLITE_ERROR)
	}
	text, where := l.rewrite(key)
	s, err := db.prepareText(text)
	if err != nil {
		return nil, 0, db.moved(err, func(at int) int {
			switch order := where + len(l.where) + 1; {
			case at < len(l.head):
				return at
			case at >= order+len(l.order)+2:
				return at - order - len(l.order) - 2 + len(l.head) + len(l.where)
			case at >= order:
				return at - order + tail
			}
			return at - where + len(l.head)
		})
	}
	s.sql, s.marks = sql[:l.end], l.marks
	return s, l.end, nil
}

// foundLater reports whether SQLite finds an error only after it has refused: of the
// column that is to be set, or of what code is made for.
func foundLater(err error) bool {
	text := err.Error()
	for _, prefix := range [...]string{"foreign key mismatch", "misuse of aggregate: ", "cannot UPDATE generated column"} {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return strings.HasPrefix(text, "no such column: ") && !strings.Contains(text, " at offset ")
}

// isSyntax reports whether an error is the parser's.
func isSyntax(err error) bool {
	e, ok := err.(*Error)
	return ok && (strings.Contains(e.Message, ": syntax error") || strings.HasPrefix(e.Message, "incomplete input") || strings.HasPrefix(e.Message, "unrecognized token"))
}

const offsetMark = " at offset "

// offset is where in the text an error is, and where its message says so, or -1.
func offset(err error) (at, i int) {
	text := err.Error()
	i = strings.LastIndex(text, offsetMark) + len(offsetMark)
	end := strings.IndexByte(text[i:], ':')
	if i < len(offsetMark) || end < 0 {
		return -1, -1
	}
	at, nerr := strconv.Atoi(text[i : i+end])
	if nerr != nil {
		return -1, -1
	}
	return at, i
}

// moved is an error about another text, with its offset in the text as it came.
func (db *DB) moved(err error, to func(int) int) error {
	e, ok := err.(*Error)
	at, i := offset(err)
	if !ok || at < 0 {
		return err
	}
	at = to(at)
	(*lib.Tsqlite3)(ptr(db.c)).FerrByteOffset = int32(at) // some later errors show it too
	text := e.Message[:i] + strconv.Itoa(at) + e.Message[i+strings.IndexByte(e.Message[i:], ':'):]
	return &Error{Message: text, Code: e.Code, Extended: e.Extended}
}

// stopsAt reports whether the parser did not expect the word.
func stopsAt(err error, word string) bool {
	e, ok := err.(*Error)
	text := `near "` + word + `": syntax error`
	return ok && len(e.Message) >= len(text) && strings.EqualFold(e.Message[:len(text)], text)
}

func (db *DB) prepareText(sql string) (*stmt, error) {
	text := db.cstring(sql)
	defer db.free(text)
	s, _, err := db.prepare(text, sql, false, lib.SQLITE_PREPARE_PERSISTENT)
	return s, err
}

// rowKey lists the columns that tell a table's rows apart, "" if there are none: those of
// the primary key of a table without rowids, or a name of the rowid that no column has.
func (db *DB) rowKey(table string) (string, error) {
	s, err := db.own(`SELECT name FROM pragma_table_info(?1) WHERE pk > 0
		AND EXISTS (SELECT 1 FROM pragma_table_list(?1) WHERE schema = 'main' AND wr)
		UNION ALL SELECT * FROM (SELECT column1 FROM (VALUES ('rowid'), ('oid'), ('_rowid_'))
		WHERE NOT EXISTS (SELECT 1 FROM pragma_table_list(?1) WHERE schema = 'main' AND (wr OR type = 'view'))
		AND NOT EXISTS (SELECT 1 FROM pragma_table_xinfo(?1) WHERE name = column1 COLLATE NOCASE) LIMIT 1)`)
	if err != nil {
		return "", err
	}
	defer s.reset()
	if err := s.bind([]any{table}); err != nil {
		return "", err
	}
	var names []string
	for {
		row, err := s.step()
		if err != nil || !row {
			return strings.Join(names, ", "), err
		}
		names = append(names, quote(s.text(0)))
	}
}
