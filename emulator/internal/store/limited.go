package store

// UPDATE and DELETE with ORDER BY and LIMIT
// (https://sqlite.org/lang_delete.html, "Optional LIMIT and ORDER BY
// clauses"). workerd's SQLite is built with them, modernc's is not, so such a
// statement is put the way SQLite itself understands it: the rows are chosen
// by a sub-select over rowid or primary key.

import (
	"fmt"
	"strings"

	lib "modernc.org/sqlite/lib"
)

// prepareLimited gets a statement that did not compile, and the reason, which
// it returns if the statement is of another kind.
func (db *DB) prepareLimited(sql string, reason error) (*stmt, int, error) {
	if e, ok := reason.(*Error); !ok || !strings.HasPrefix(e.Message, `near "LIMIT"`) && !strings.HasPrefix(e.Message, `near "ORDER"`) &&
		!strings.HasPrefix(strings.ToUpper(e.Message), `NEAR "LIMIT"`) && !strings.HasPrefix(strings.ToUpper(e.Message), `NEAR "ORDER"`) {
		return nil, 0, reason
	}
	l := parseLimited(sql)
	if l == nil {
		return nil, 0, reason
	}
	if l.refusal != "" {
		return nil, 0, newError(l.refusal, lib.SQLITE_ERROR, lib.SQLITE_ERROR)
	}
	key, err := db.rowKey(l.table)
	if err != nil {
		return nil, 0, err
	}
	text := l.rewrite(key)
	c := db.cstring(text)
	defer db.free(c)
	s, _, err := db.prepare(c, text, false, lib.SQLITE_PREPARE_PERSISTENT)
	if err != nil {
		return nil, 0, err
	}
	s.sql = sql[:l.end]
	return s, l.end, nil
}

// rowKey lists the columns that tell a table's rows apart.
func (db *DB) rowKey(table string) (string, error) {
	const query = `SELECT name FROM pragma_table_info(?) WHERE pk > 0
		AND EXISTS (SELECT 1 FROM pragma_table_list(?) WHERE schema = 'main' AND wr) ORDER BY pk`
	s, err := db.own(query)
	if err != nil {
		return "", err
	}
	defer s.reset()
	if err := s.bind([]any{table, table}); err != nil {
		return "", err
	}
	var names []string
	for {
		row, err := s.step()
		if err != nil {
			return "", err
		}
		if !row {
			break
		}
		names = append(names, quote(s.text(0)))
	}
	if names == nil {
		return "rowid", nil
	}
	return strings.Join(names, ", "), nil
}

// limited is such a statement in parts of its text.
type limited struct {
	head      string // up to WHERE
	source    string // table and alias, as they stand
	table     string
	where     string // the condition, or ""
	returning string
	order     string // ORDER BY and LIMIT
	end       int
	refusal   string // why it cannot be put in another way
}

func (l *limited) rewrite(key string) string {
	where := ""
	if l.where != "" {
		where = " WHERE " + l.where
	}
	return fmt.Sprintf("%s WHERE (%s) IN (SELECT %s FROM %s%s %s) %s", l.head, key, key, l.source, where, l.order, l.returning)
}

// parseLimited returns nil for what is no UPDATE or DELETE with ORDER BY or
// LIMIT at its end.
func parseLimited(sql string) *limited {
	list := tokens(sql)
	find := func(from int, words ...string) int {
		for i := from; i < len(list); i++ {
			for _, w := range words {
				if list[i].depth == 0 && list[i].word == w {
					return i
				}
			}
		}
		return len(list)
	}
	if len(list) == 0 {
		return nil
	}
	switch list[0].word {
	case "UPDATE", "DELETE", "WITH":
	default:
		return nil
	}
	verb := find(0, "UPDATE", "DELETE")
	if verb == len(list) {
		return nil
	}
	l := &limited{}
	last := list[len(list)-1]
	l.end = last.end
	if i := strings.IndexByte(sql[l.end:], ';'); i >= 0 && len(tokens(sql[l.end:])) == 0 {
		l.end += strings.IndexByte(sql[l.end:], ';') + 1
	}
	at := func(i int) int {
		if i >= len(list) {
			return last.end
		}
		return list[i].at
	}

	// The table: [OR action] name [. name] [AS alias] [INDEXED BY ..].
	i := verb + 1
	if list[verb].word == "DELETE" {
		i = verb + 2
	} else if i < len(list) && list[i].word == "OR" {
		i += 2
	}
	from := i
	stop := find(from, "WHERE", "SET", "ORDER", "LIMIT", "RETURNING")
	if from >= stop {
		return nil
	}
	l.source = strings.TrimSpace(sql[at(from):at(stop)])
	l.table = list[from].name
	if from+2 < stop && list[from+1].word == "." {
		l.table = list[from+2].name
	}

	tail := find(from, "ORDER", "LIMIT")
	if tail == len(list) {
		return nil
	}
	where := min(find(from, "WHERE"), tail)
	returning := min(find(from, "RETURNING"), tail)
	l.order = sql[at(tail):last.end]
	l.returning = sql[at(returning):at(tail)]
	if where < returning {
		l.where = strings.TrimSpace(sql[list[where].end:at(returning)])
		l.where = strings.TrimRight(l.where, " \t\r\n")
	}
	l.head = sql[:at(min(where, returning))]

	switch {
	case list[verb].word == "UPDATE" && find(find(from, "SET"), "FROM") < where:
		l.refusal = "UPDATE FROM with ORDER BY or LIMIT is not supported by this emulator; choose the rows in a sub-select"
	case strings.Contains(l.returning, "?") && strings.Contains(l.order, "?"):
		l.refusal = "parameters in both RETURNING and LIMIT are not supported by this emulator; number them (?1, ?2)"
	case find(tail, "LIMIT") == len(list):
		l.refusal = "ORDER BY without LIMIT on " + list[verb].word
	}
	if numbered(l.returning) && numbered(l.order) {
		l.refusal = strings.TrimPrefix(l.refusal, "parameters in both RETURNING and LIMIT are not supported by this emulator; number them (?1, ?2)")
	}
	return l
}

// numbered reports whether every mark has a number.
func numbered(s string) bool {
	for i := strings.IndexByte(s, '?'); i >= 0; i = strings.IndexByte(s, '?') {
		s = s[i+1:]
		if s == "" || s[0] < '0' || s[0] > '9' {
			return false
		}
	}
	return true
}
