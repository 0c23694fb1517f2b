package config

import (
	"strings"
	"unicode"
)

// A dateToken is a number, a word of at most three letters that is known, a
// symbol, white space or something else.
type dateToken struct {
	kind   byte // '0' number, 'm' month, 'a' am or pm, 'z' zone, 't' T, 'w' other word, ' ', '?', or a symbol; 0 at the end
	n      int
	length int
}

var dateWords = map[string]dateToken{
	"am": {kind: 'a'}, "pm": {kind: 'a', n: 12}, "t": {kind: 't'}, "z": {kind: 'z'}, "ut": {kind: 'z'}, "utc": {kind: 'z'}, "gmt": {kind: 'z'},
	"cdt": {kind: 'z', n: -5}, "cst": {kind: 'z', n: -6}, "edt": {kind: 'z', n: -4}, "est": {kind: 'z', n: -5},
	"mdt": {kind: 'z', n: -6}, "mst": {kind: 'z', n: -7}, "pdt": {kind: 'z', n: -7}, "pst": {kind: 'z', n: -8},
}

const monthNames = "janfebmaraprmayjunjulaugsepoctnovdec"

func dateTokens(s string) []dateToken {
	var tokens []dateToken
	r := []rune(s)
	word := func(c rune) bool { return c >= 'A' && !unicode.IsSpace(c) && c != '\uFEFF' }
	for i := 0; i < len(r); {
		from := i
		t := dateToken{kind: '?'}
		switch c := r[i]; {
		case c >= '0' && c <= '9':
			t.kind = '0'
			for digits := 0; i < len(r) && r[i] >= '0' && r[i] <= '9'; i++ {
				if digits < 9 && (t.n > 0 || r[i] != '0') {
					t.n = t.n*10 + int(r[i]-'0')
					digits++
				}
			}
		case strings.ContainsRune(":-+.)", c):
			t.kind = byte(c)
			i++
		case word(c):
			for i < len(r) && word(r[i]) {
				i++
			}
			t = dateWord(strings.ToLower(string(r[from:i])))
		case unicode.IsSpace(c) || c == '\uFEFF':
			t.kind = ' '
			for i < len(r) && (unicode.IsSpace(r[i]) || r[i] == '\uFEFF') {
				i++
			}
		case c == '(':
			for depth := 0; i < len(r); i++ {
				if r[i] == '(' {
					depth++
				} else if r[i] == ')' {
					depth--
				}
				if depth == 0 {
					i++
					break
				}
			}
		default:
			i++
		}
		t.length = i - from
		tokens = append(tokens, t)
	}
	return tokens
}

func dateWord(w string) dateToken {
	if t, ok := dateWords[w]; ok {
		return t
	}
	if len(w) >= 3 {
		if i := strings.Index(monthNames, w[:3]); i >= 0 && i%3 == 0 {
			return dateToken{kind: 'm', n: i/3 + 1}
		}
	}
	return dateToken{kind: 'w'}
}
