package store

// The text of UPDATE and DELETE with ORDER BY and LIMIT, in parts.

import (
	"slices"
	"strings"
)

// limited is such a statement in parts of its text.
type limited struct {
	head    string // up to WHERE, or where it would be
	first   string // all SQLite looks at before it refuses: head with the first assignment, if that is to a name
	outer   string // head without INDEXED BY, which is for the choice alone
	rest    string // from there up to ORDER BY or LIMIT
	source  string // the table and its alias, as they stand
	table   string
	where   string // WHERE and its condition, or ""
	verb    string // UPDATE or DELETE
	returns string // RETURNING and what follows, or ""
	order   string // ORDER BY and LIMIT
	end     int    // of the statement, with its semicolon
	refusal string // why it cannot be put in another way
	marks   marks
}

// marks are how many parameters stand before RETURNING, and in it: behind ORDER BY and
// LIMIT, in front of which they stood, they come last.
type marks struct{ before, returning int }

// arrange puts arguments that are in the order of the text as it came in that of the
// one that is run.
func (m marks) arrange(args []any) []any {
	if m.returning == 0 {
		return args
	}
	end := m.before + m.returning
	return slices.Concat(args[:m.before], args[end:], args[m.before:end])
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
		verb:    list[verb].word,
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
		l.first = sql[:list[set].end] + " rowid = 1"
		if text, ok := root(sql, list[min(set+3, end):end]); ok {
			l.first = text
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
	case l.verb == "UPDATE" && find(find(from, "SET"), "FROM") < where:
		l.refusal = "UPDATE FROM with LIMIT is not supported by this emulator; choose the rows in a sub-select"
	case strings.ContainsAny(l.returns, "?:@$") && !l.countMarks(sql, list, at(returns), at(tail)):
		l.refusal = "named or numbered parameters in RETURNING with LIMIT are not supported by this emulator; use ? alone"
	case find(tail, "LIMIT") == len(list):
		l.refusal = "ORDER BY without LIMIT on " + l.verb
	}
	return l
}

// countMarks counts the parameters before RETURNING and in it; false if one in the
// statement has a name or a number.
func (l *limited) countMarks(sql string, list []token, returns, tail int) bool {
	for _, t := range list {
		switch {
		case t.word == ":" || t.word == "@" || strings.HasPrefix(t.word, "$"):
			return false
		case t.word != "?":
		case t.end < len(sql) && sql[t.end] >= '0' && sql[t.end] <= '9':
			return false
		case t.at < returns:
			l.marks.before++
		case t.at < tail:
			l.marks.returning++
		}
	}
	return true
}

// root returns sql up to the end of an expression that is a column or the call of a
// function, of which SQLite finds out what it is when it has an error already. Of
// the arguments it looks only at the first, and if that is a column.
func root(sql string, list []token) (text string, ok bool) {
	list, closing := unwrap(list)
	last := len(list) - 1
	if isColumn(list) {
		return sql[:list[last].end] + closing, true
	}
	if last < 2 || list[0].name == "" || list[0].word == "CAST" || list[0].word == "EXISTS" ||
		!enclosed(list[1:]) {
		return "", false
	}
	args, first, n := list[2:last], len(list[2:last]), 0
	for i, t := range args {
		if t.word == "," && t.depth == list[0].depth+1 {
			first, n = min(first, i), n+1
		}
	}
	text = sql[:list[1].end]
	switch arg, closed := unwrap(args[:first]); {
	case isColumn(arg) || first == 1 && args[0].word == "*":
		text = sql[:arg[len(arg)-1].end] + closed
	case first > 0:
		text += "NULL"
	}
	return text + strings.Repeat(", NULL", n) + ")" + closing, true
}

// unwrap takes the parentheses around an expression away.
func unwrap(list []token) (inner []token, closing string) {
	for len(list) > 2 && enclosed(list) {
		list, closing = list[1:len(list)-1], closing+")"
	}
	return list, closing
}

// enclosed reports whether the tokens begin and end with a pair of parentheses.
func enclosed(list []token) bool {
	last := len(list) - 1
	return list[0].word == "(" && list[last].word == ")" &&
		!slices.ContainsFunc(list[1:last], func(t token) bool { return t.depth <= list[0].depth })
}

// isColumn reports whether an expression is the name of a column.
func isColumn(list []token) bool {
	for i, t := range list {
		if i%2 == 0 && t.name == "" || i%2 == 1 && t.word != "." {
			return false
		}
	}
	return len(list)%2 == 1
}
