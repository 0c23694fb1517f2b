package v8

// Strings: V8 writes one byte for each character if all are in Latin-1, else
// UTF-16. In Go they are WTF-8, https://wtf-8.codeberg.page/.

import (
	"encoding/binary"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// next decodes the first character of s, which may be a lone surrogate. A byte
// that is no WTF-8 is U+FFFD.
func next(s string) (r rune, size int) {
	if s[0] < utf8.RuneSelf {
		return rune(s[0]), 1
	}
	if len(s) >= 3 && s[0] == 0xED && s[1]&0xE0 == 0xA0 && s[2]&0xC0 == 0x80 {
		return 0xD000 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	}
	return utf8.DecodeRuneInString(s)
}

// units counts the UTF-16 units of s and reports whether all are in Latin-1.
func units(s string) (n int, latin1 bool) {
	latin1 = true
	for i := 0; i < len(s); {
		r, size := next(s[i:])
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
	high := 0 // characters that have two bytes in UTF-8
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
		if utf16.IsSurrogate(r) {
			if i+3 < len(b) {
				if pair := utf16.DecodeRune(r, rune(binary.LittleEndian.Uint16(b[i+2:]))); pair != utf8.RuneError {
					out = utf8.AppendRune(out, pair)
					i += 2
					continue
				}
			}
			out = append(out, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
			continue
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out)
}

// numberKey is JavaScript's String(f), https://tc39.es/ecma262/#sec-numeric-types-number-tostring.
func numberKey(f float64) string {
	switch {
	case f != f:
		return "NaN"
	case f == 0:
		return "0"
	case f-f != 0 && f > 0:
		return "Infinity"
	case f-f != 0:
		return "-Infinity"
	}
	if abs := max(f, -f); abs >= 1e-6 && abs < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	b := strconv.AppendFloat(nil, f, 'e', -1, 64)
	// Go writes at least two digits of exponent.
	if n := len(b); b[n-2] == '0' && (b[n-3] == '-' || b[n-3] == '+') {
		b = append(b[:n-2], b[n-1])
	}
	return string(b)
}
