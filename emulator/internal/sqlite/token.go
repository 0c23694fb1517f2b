package sqlite

// Tokens of SQL, as far as words outside of quotes and comments must be found
// (https://sqlite.org/lang_expr.html, https://sqlite.org/lang_keywords.html).

import "strings"

type token struct {
	at, end int    // bytes of the text
	word    string // a bare word in upper case, or a sign; "" for a quoted token
	name    string // the identifier that it stands for, if it can be one
	depth   int    // of parentheses around it
}

func (t token) isParameter() bool {
	return t.word == "?" || t.word == ":" || t.word == "@" || strings.HasPrefix(t.word, "$")
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r' }

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// tokens splits the first statement of sql. end is the index of its semicolon, or the end of the
// text. Semicolons before it are empty statements, which SQLite skips.
func tokens(sql string) (list []token, end int) {
	depth, i := 0, 0
	for i < len(sql) {
		c := sql[i]
		t := token{at: i, depth: depth}
		switch {
		case c == 0 || c == ';' && list != nil:
			return list, i
		case isSpace(c) || c == ';':
			i++
			continue
		case strings.HasPrefix(sql[i:], "\ufeff"):
			i += len("\ufeff")
			continue
		case strings.HasPrefix(sql[i:], "--"):
			i = after(sql, i+2, "\n")
			continue
		case strings.HasPrefix(sql[i:], "/*"):
			i = after(sql, i+2, "*/")
			continue
		case c == '\'' || c == '"' || c == '`':
			t.end, t.name = quoted(sql, i, c)
		case c == '[':
			t.end = after(sql, i+1, "]")
			t.name = strings.TrimSuffix(sql[i+1:t.end], "]")
		case isWord(c):
			t.end = i
			for t.end < len(sql) && isWord(sql[t.end]) {
				t.end++
			}
			t.name = sql[i:t.end]
			t.word = strings.ToUpper(t.name)
		default:
			t.end, t.word = i+1, sql[i:i+1]
			switch c {
			case '(':
				depth++
			case ')':
				depth--
				t.depth = depth
			}
		}
		list = append(list, t)
		i = t.end
	}
	return list, i
}

// after is the index behind the first mark from i on, or the end of s.
func after(s string, i int, mark string) int {
	if j := strings.Index(s[min(i, len(s)):], mark); j >= 0 {
		return i + j + len(mark)
	}
	return len(s)
}

// quoted reads the string that begins with the quote q at i. Two quotes inside it stand for one.
func quoted(s string, i int, q byte) (end int, text string) {
	var b strings.Builder
	for j := i + 1; j < len(s); j++ {
		if s[j] == q {
			if j+1 >= len(s) || s[j+1] != q {
				return j + 1, b.String()
			}
			j++
		}
		b.WriteByte(s[j])
	}
	return len(s), b.String()
}

// renameTo is the new name in ALTER TABLE [schema.]table RENAME TO name, or "".
func renameTo(sql string) string {
	list, _ := tokens(sql)
	word := func(i int) string {
		if i < len(list) {
			return list[i].word
		}
		return ""
	}
	i := 0 // becomes the index of the table's name
	for word(i) == "EXPLAIN" || word(i) == "QUERY" || word(i) == "PLAN" {
		i++
	}
	if i += 2; word(i+1) == "." {
		i += 2
	}
	// A column may be named RENAME.
	if word(i+1) == "RENAME" && word(i+2) == "TO" && i+3 < len(list) {
		return list[i+3].name
	}
	return ""
}
