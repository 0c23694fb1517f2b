package javascript

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A string of JavaScript can hold half of a surrogate pair. In Go it is WTF-8: UTF-8, with three
// bytes for such a half (https://wtf-8.codeberg.page/).

// DecodeRune decodes the first character of a string in WTF-8, which may be half of a surrogate pair.
// A byte that is no WTF-8 is U+FFFD.
func DecodeRune(s string) (r rune, size int) {
	if len(s) >= 3 && s[0] == 0xED && s[1]&0xE0 == 0xA0 && s[2]&0xC0 == 0x80 {
		return 0xD000 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	}
	return utf8.DecodeRuneInString(s)
}

// AppendRune appends a character, which may be half of a surrogate pair, in WTF-8.
func AppendRune(b []byte, r rune) []byte {
	if utf16.IsSurrogate(r) {
		return append(b, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
	}
	return utf8.AppendRune(b, r)
}

// WellFormed is s.toWellFormed(): U+FFFD stands for each half of a surrogate pair, and for each
// other byte that is not UTF-8.
func WellFormed(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := DecodeRune(s)
		b.WriteRune(r) // U+FFFD for a surrogate
		s = s[n:]
	}
	return b.String()
}

// ValidUTF8 decodes bytes as new TextDecoder().decode() does: U+FFFD stands for the longest start of
// each sequence that cannot be completed.
//
// Source: https://encoding.spec.whatwg.org/#utf-8-decoder
func ValidUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			for n < len(s) && !utf8.FullRuneInString(s[:n+1]) {
				n++
			}
		}
		b.WriteRune(r)
		s = s[n:]
	}
	return b.String()
}
