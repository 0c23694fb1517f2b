package sqlite

// UPDATE and DELETE with ORDER BY and LIMIT (https://sqlite.org/lang_delete.html, "Optional
// LIMIT and ORDER BY clauses"). workerd's SQLite is built with these clauses, this one is not. So the
// statement is rewritten: a sub-select over rowid or primary key chooses the rows.

import (
	"slices"
	"strconv"
	"strings"

	lib "modernc.org/sqlite/lib"
)

// limited is the parts of such a statement.
type limited struct {
	verb    string // UPDATE or DELETE
	head    string // the text before ORDER BY and LIMIT, a statement that SQLite accepts
	bare    string // a statement that SQLite refuses if the table cannot be changed
	outer   string // the text before WHERE, without INDEXED BY, which moves into the sub-select
	source  string // the table and its alias
	table   string
	where   string // WHERE and its condition, or ""
	returns string // RETURNING and what follows, or ""
	order   string // ORDER BY and LIMIT
	end     int    // of the statement, with its semicolon
	refusal string // why it cannot be rewritten
}

// prepare compiles the statement, which SQLite has refused for the given reason. If SQLite did not
// stop at ORDER BY or LIMIT, the reason is the error.
func (l *limited) prepare(c *Conn, sql string, reason error) (*Stmt, int, error) {
	if offset(reason) != len(l.head) {
		return nil, 0, reason
	}
	lib.Xsqlite3_limit(c.tls, c.c, lib.SQLITE_LIMIT_SQL_LENGTH, 3*sqlLengthLimit) // the rewritten text is longer
	defer lib.Xsqlite3_limit(c.tls, c.c, lib.SQLITE_LIMIT_SQL_LENGTH, sqlLengthLimit)
	if err := c.try(l.head); err != nil && strings.HasPrefix(err.Error(), "incomplete input") {
		return nil, 0, reason
	}
	// SQLite parses a statement to its end before it looks up names: a syntax error comes first.
	const query = "SELECT 1"
	if err := c.try(query + strings.Repeat(" ", len(l.head)-len(query)) + l.order); isSyntax(err) {
		return nil, 0, err
	}
	if l.refusal != "" {
		// workerd's SQLite looks for the table first, and for columns and foreign keys last: only an
		// error about the table comes before the refusal.
		if err := c.try(l.bare); err != nil && !strings.HasPrefix(err.Error(), "no such column: rowid") && !strings.HasPrefix(err.Error(), "foreign key mismatch") {
			return nil, 0, err
		}
		return nil, 0, newError(l.refusal, lib.SQLITE_ERROR, lib.SQLITE_ERROR)
	}
	if l.outer != l.head[:len(l.outer)] { // an error about the index of INDEXED BY comes before those about columns
		if err := c.try(query + " FROM " + l.source); err != nil && strings.HasPrefix(err.Error(), "no such index") {
			return nil, 0, err
		}
	}
	key, err := l.rowKey(c)
	if err != nil {
		return nil, 0, err
	}
	if key == "" {
		if err := c.try(l.head); err != nil {
			return nil, 0, err
		}
		return nil, 0, newError(l.verb+" with LIMIT on a view, or a table with columns rowid, oid and _rowid_, is not supported by this emulator; choose the rows with WHERE", lib.SQLITE_ERROR, lib.SQLITE_ERROR)
	}
	text, original := l.rewrite(key)
	s, err := c.prepareCopy(text, false)
	if err != nil {
		return nil, 0, c.moveOffset(err, original)
	}
	s.sql = sql[:l.end]
	return s, l.end, nil
}

// rewrite returns the statement with the sub-select. original maps an offset in it to the offset in
// the user's text.
func (l *limited) rewrite(key string) (text string, original func(at int) int) {
	text = l.outer + " WHERE (" + key + ") IN (SELECT " + key + " FROM " + l.source + " "
	where := len(text)
	text += l.where + " "
	order := len(text)
	text += l.order + ") "
	returns := len(text)
	return text + l.returns, func(at int) int {
		switch {
		case at >= returns:
			return at - returns + len(l.head) - len(l.returns)
		case at >= order:
			return at - order + len(l.head)
		case at >= where:
			return at - where + len(l.outer)
		}
		return at
	}
}

// isSyntax reports whether an error is the parser's.
func isSyntax(err error) bool {
	e, ok := err.(*Error)
	return ok && (strings.Contains(e.Message, ": syntax error") || strings.HasPrefix(e.Message, "incomplete input") || strings.HasPrefix(e.Message, "unrecognized token"))
}

// offset is the offset in an error's message, or -1.
func offset(err error) int {
	_, text, _ := strings.Cut(err.Error(), offsetMark)
	text, _, _ = strings.Cut(text, ":")
	at, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return at
}

// rowKey lists the columns that identify a row: those of the primary key in a table WITHOUT ROWID,
// else a name of the rowid that no column has. It is "" if all of these names are columns, and for a
// view.
func (l *limited) rowKey(c *Conn) (string, error) {
	var names []string
	err := c.Each(func(row *Stmt) { names = append(names, Quote(row.Text(0))) }, `SELECT name FROM pragma_table_info(?1) WHERE pk > 0
		AND EXISTS (SELECT 1 FROM pragma_table_list(?1) WHERE schema = 'main' AND wr)
		UNION ALL SELECT * FROM (SELECT column1 FROM (VALUES ('rowid'), ('oid'), ('_rowid_'))
		WHERE NOT EXISTS (SELECT 1 FROM pragma_table_list(?1) WHERE schema = 'main' AND (wr OR type = 'view'))
		AND NOT EXISTS (SELECT 1 FROM pragma_table_xinfo(?1) WHERE name = column1 COLLATE NOCASE) LIMIT 1)`, l.table)
	return strings.Join(names, ", "), err
}

// parseLimited returns nil for a text that does not begin with an UPDATE or DELETE that ends
// with ORDER BY or LIMIT.
func parseLimited(sql string) *limited {
	list, end := tokens(sql)
	// find is the index of the first of the words outside of parentheses, at
	// or after from, or len(list).
	find := func(from int, words ...string) int {
		for i := from; i < len(list); i++ {
			if list[i].depth == 0 && list[i].word != "" && slices.Contains(words, list[i].word) {
				return i
			}
		}
		return len(list)
	}
	begin := 0
	if len(list) > 3 && list[0].word == "EXPLAIN" {
		if begin = 1; list[1].word == "QUERY" && list[2].word == "PLAN" {
			begin = 3
		}
	}
	if len(list) == 0 || find(begin, "UPDATE", "DELETE", "WITH") != begin {
		return nil
	}
	verb := find(0, "UPDATE", "DELETE")
	from := verb + 1 // UPDATE [OR action] table, DELETE FROM table
	if from < len(list) && (list[from].word == "FROM" || list[from].word == "OR") {
		from++
		if list[from-1].word == "OR" {
			from++
		}
	}
	stop := find(from, "WHERE", "SET", "ORDER", "LIMIT", "RETURNING")
	tail := find(from, "ORDER", "LIMIT")
	if from >= stop || tail == len(list) {
		return nil
	}
	returns := min(find(from, "RETURNING"), tail)
	where := min(find(from, "WHERE"), returns)

	at := func(i int) int { return list[i].at }
	l := &limited{
		verb:    list[verb].word,
		head:    sql[:at(tail)],
		bare:    sql[:at(stop)],
		outer:   sql[:at(where)],
		source:  sql[at(from):at(stop)],
		table:   list[from].name,
		where:   sql[at(where):at(returns)],
		returns: sql[at(returns):at(tail)],
		order:   sql[at(tail):list[len(list)-1].end],
		end:     end,
	}
	if set := find(from, "SET"); set < where {
		l.bare = sql[:list[set].end] + " rowid = 1"
	}
	if i := find(from, "INDEXED"); i+2 < stop && list[i-1].word != "NOT" {
		blank := strings.Repeat(" ", list[i+2].end-at(i)) // so that offsets in errors stay right
		l.outer = l.outer[:at(i)] + blank + l.outer[list[i+2].end:]
	}
	if end < len(sql) && sql[end] == ';' {
		l.end++
	}
	if from+2 < stop && list[from+1].word == "." {
		l.table = list[from+2].name
	}
	switch {
	case l.verb == "UPDATE" && find(find(from, "SET"), "FROM") < where:
		l.refusal = "UPDATE FROM with LIMIT is not supported by this emulator; choose the rows in a sub-select"
	case slices.ContainsFunc(list[returns:tail], token.isParameter):
		l.refusal = "parameters in RETURNING with LIMIT are not supported by this emulator; choose the rows in a sub-select"
	case find(tail, "LIMIT") == len(list):
		l.refusal = "ORDER BY without LIMIT on " + l.verb
	}
	return l
}
