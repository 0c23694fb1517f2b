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
	n := 1
	for n < len(b) && !utf8.FullRune(b[:n+1]) {
		n++
	}
	return n
}
