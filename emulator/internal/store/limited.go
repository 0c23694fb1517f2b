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
	s.sql = sql[:l.end]
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

// rowKey lists the columns that tell a table's rows apart.
func (db *DB) rowKey(table string) (string, error) {
	s, err := db.own(`SELECT name FROM pragma_table_info(?1) WHERE pk > 0
		AND EXISTS (SELECT 1 FROM pragma_table_list(?1) WHERE schema = 'main' AND wr) ORDER BY pk`)
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
	head    string // up to WHERE, or where it would be
	first   string // all SQLite looks at before it refuses: head with the first assignment, if that is to a name
	outer   string // head without INDEXED BY, which is for the choice alone
	rest    string // from there up to ORDER BY or LIMIT
	source  string // the table and its alias, as they stand
	table   string
	where   string // WHERE and its condition, or ""
	returns string // RETURNING and what follows, or ""
	order   string // ORDER BY and LIMIT
	end     int    // of the statement, with its semicolon
	refusal string // why it cannot be put in another way
}

// rewrite returns the statement put in the other way, and where in it WHERE, ORDER
// BY and what follows them stand.
func (l *limited) rewrite(key string) (text string, where int) {
	text = l.outer + " WHERE (" + key + ") IN (SELECT " + key + " FROM " + l.source + " "
	return text + l.where + " " + l.order + ") " + l.returns, len(text)
}

// parseLimited returns nil for what is no UPDATE or DELETE that ends with
// ORDER BY or LIMIT.
func parseLimited(sql string) *limited {
	list, end := tokens(sql)
	// find is the index of the first of the words outside of parentheses, at
	// or after from, or len(list).
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
	where := min(find(from, "WHERE"), tail)
	returns := min(find(from, "RETURNING"), tail)
	where = min(where, returns)

	at := func(i int) int { return list[i].at }
	l := &limited{
		head:    sql[:at(where)],
		rest:    sql[at(where):at(tail)],
		source:  sql[at(from):at(stop)],
		table:   list[from].name,
		where:   sql[at(where):at(returns)],
		returns: sql[at(returns):at(tail)],
		order:   sql[at(tail):list[len(list)-1].end],
		end:     end,
	}
	l.first, l.outer = l.head, l.head
	if set := find(from, "SET"); set < where {
		end := min(find(set, ","), where)
		l.first = sql[:list[end-1].end]
		if !isName(list[min(set+3, end):end]) {
			l.first = sql[:list[set].end] + " rowid = 1"
		}
	}
	if i := find(from, "INDEXED"); i+2 < stop && list[i-1].word != "NOT" {
		blank := strings.Repeat(" ", list[i+2].end-at(i))
		l.outer = l.head[:at(i)] + blank + l.head[list[i+2].end:]
	}
	if end < len(sql) && sql[end] == ';' {
		l.end++
	}
	if from+2 < stop && list[from+1].word == "." {
		l.table = list[from+2].name
	}
	switch {
	case list[verb].word == "UPDATE" && find(find(from, "SET"), "FROM") < where:
		l.refusal = "UPDATE FROM with LIMIT is not supported by this emulator; choose the rows in a sub-select"
	case strings.ContainsAny(l.returns, "?:@$"):
		l.refusal = "parameters in RETURNING with LIMIT are not supported by this emulator; return the columns and compute with them"
	case find(tail, "LIMIT") == len(list):
		l.refusal = "ORDER BY without LIMIT on " + list[verb].word
	}
	return l
}

// isName reports whether an expression is a column or the call of a function, of
// which SQLite finds out what it is when it has an error already.
func isName(list []token) bool {
	for len(list) > 2 && list[0].word == "(" && list[len(list)-1].word == ")" {
		list = list[1 : len(list)-1]
	}
	switch {
	case len(list) == 0 || list[0].name == "" || list[0].word == "CAST" || list[0].word == "EXISTS":
		return false
	case len(list) > 1 && list[1].word == "(":
		return list[len(list)-1].word == ")" && list[len(list)-1].depth == list[0].depth
	}
	for i, t := range list {
		if i%2 == 0 && t.name == "" || i%2 == 1 && t.word != "." {
			return false
		}
	}
	return true
}
