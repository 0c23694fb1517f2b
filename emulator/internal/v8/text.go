package v8

// Strings. V8 writes one byte for each character if all are in Latin-1, else UTF-16. In Go a string is
// WTF-8 (https://wtf-8.codeberg.page/).

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/seed-36a2c969/emu/config/javascript"
)

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// units counts the UTF-16 units of s and reports whether all are in Latin-1.
func units(s string) (n int, latin1 bool) {
	latin1 = true
	for i := 0; i < len(s); {
		r, size := javascript.DecodeRune(s[i:])
		i += size
		n++
		if r > 0xFFFF {
			n++
		}
		latin1 = latin1 && r <= 0xFF
	}
	return n, latin1
}

func fromLatin1(b []byte) string {
	high := 0 // the number of characters that have two bytes in UTF-8
	for _, c := range b {
		high += int(c >> 7)
	}
	if high == 0 {
		return string(b)
	}
	out := make([]byte, 0, len(b)+high)
	for _, c := range b {
		out = utf8.AppendRune(out, rune(c))
	}
	return string(out)
}

func fromUTF16(b []byte) string {
	out := make([]byte, 0, len(b)*3/2)
	for i := 0; i+1 < len(b); i += 2 {
		r := rune(binary.LittleEndian.Uint16(b[i:]))
		if utf16.IsSurrogate(r) && i+3 < len(b) {
			if pair := utf16.DecodeRune(r, rune(binary.LittleEndian.Uint16(b[i+2:]))); pair != utf8.RuneError {
				r = pair
				i += 2
			}
		}
		out = javascript.AppendRune(out, r)
	}
	return string(out)
}
