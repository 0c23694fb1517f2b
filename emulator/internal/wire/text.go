package wire

import "unicode/utf8"

// text returns b as UTF-8: b itself if it is valid, else a copy in which U+FFFD stands for every maximal part of an ill-formed
// sequence, as in the UTF-8 decoder of https://encoding.spec.whatwg.org/#utf-8-decoder. RFC 6455 section 8.1 would fail
// the connection; workerd hands on what JavaScript makes of the bytes.
func text(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	out := make([]byte, 0, len(b)+utf8.UTFMax)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			n = illFormed(b)
		}
		out = utf8.AppendRune(out, r)
		b = b[n:]
	}
	return out
}

// illFormed is the length of the longest start of b that could have become a character, or 1.
func illFormed(b []byte) int {
	more, low, high := 0, byte(0x80), byte(0xBF) // bytes to follow; what the first of them may be
	switch c := b[0]; {
	case c >= 0xC2 && c <= 0xDF:
		more = 1
	case c >= 0xE0 && c <= 0xEF:
		more = 2
		switch c {
		case 0xE0:
			low = 0xA0
		case 0xED:
			high = 0x9F
		}
	case c >= 0xF0 && c <= 0xF4:
		more = 3
		switch c {
		case 0xF0:
			low = 0x90
		case 0xF4:
			high = 0x8F
		}
	}
	n := 1
	for n <= more && n < len(b) && b[n] >= low && b[n] <= high {
		low, high = 0x80, 0xBF
		n++
	}
	return n
}
