package sqlite

import (
	"strings"
	"unicode/utf8"
)

// validUTF8 decodes as the Encoding standard does
// (https://encoding.spec.whatwg.org/#utf-8-decoder): each maximal beginning of
// a sequence that cannot be completed becomes one U+FFFD.
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			n = beginning(s)
			b.WriteRune(utf8.RuneError)
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// beginning is the length of the longest start of s, which is no valid sequence, that a valid
// one can begin with, at least one byte.
func beginning(s string) int {
	n := 1
	if utf8.FullRuneInString(s[:n]) {
		return n
	}
	for n < len(s) && !utf8.FullRuneInString(s[:n+1]) {
		n++
	}
	return n
}
