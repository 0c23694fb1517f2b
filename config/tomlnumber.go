package config

import (
	"strconv"
	"strings"
)

// ends reports whether a byte ends a number.
func ends(c, end byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '#' || end != 0 && (c == end || c == ',')
}

func (r *tomlReader) number(start int, end byte, signed bool) {
	const (
		whole    = 1
		point    = 2
		fraction = 3
		exponent = 4
		power    = 5
	)
	state := 0 // a digit alone
	switch c := r.peek(0); {
	case c == 'i':
		r.word("inf", start)
		return
	case c == 'n':
		r.word("nan", start)
		return
	case c == '0':
		r.at++
		if c = r.peek(0); r.at >= len(r.text) || ends(c, end) {
			return
		}
		if base := strings.IndexByte("bxo", c); base >= 0 && !signed {
			r.radix(start, [...]int{2, 16, 8}[base], end)
			return
		}
		switch c {
		case '.':
			state = point
		case 'e', 'E':
			state = exponent
		default:
			r.fail("illegal leading zero", start)
			return
		}
	case !digit(c):
		r.fail("invalid value", start)
		return
	default:
		state = whole
	}
	grouped := false
	for r.at++; r.at < len(r.text) && !ends(r.peek(0), end); r.at++ {
		odd := state == whole || state == fraction || state == power
		switch c := r.peek(0); {
		case c == '_':
			if !odd || grouped {
				r.fail("illegal underscore", r.at)
				return
			}
			grouped = true
		case digit(c):
			if grouped = false; !odd {
				state++
			}
		case grouped:
			r.fail("illegal character in numeric literal", r.at)
			return
		case c == '.' && state == whole:
			state = point
		case c|0x20 == 'e' && (state == whole || state == fraction):
			state = exponent
		case state != exponent || c != '+' && c != '-':
			r.fail("illegal character in numeric literal", r.at)
			return
		}
	}
	if grouped || state == point || state == exponent {
		r.fail("unfinished numeric value", start)
	} else if state == whole {
		r.fits(r.text[start:r.at], 10, start)
	}
}

func (r *tomlReader) radix(start, base int, end byte) {
	expect := true // a digit, not an underscore
	for r.at++; r.at < len(r.text) && !ends(r.peek(0), end); r.at++ {
		switch c := r.peek(0); {
		case c == '_':
			if expect {
				r.fail("illegal underscore", r.at)
				return
			}
			expect = true
		case base == 16 && hexDigit(c), base < 16 && c >= '0' && c < '0'+byte(base):
			expect = false
		default:
			r.fail("illegal character in numeric literal", r.at)
			return
		}
	}
	if expect {
		r.fail("unfinished numeric value", r.at)
		return
	}
	r.fits(r.text[start+2:r.at], base, start)
}

// maxInteger is the largest integer that JavaScript's numbers hold exactly.
const maxInteger = 1<<53 - 1

func (r *tomlReader) fits(digits string, base, start int) {
	n, err := strconv.ParseInt(strings.ReplaceAll(digits, "_", ""), base, 64)
	if err != nil || n > maxInteger || n < -maxInteger {
		r.fail("integer value cannot be represented losslessly", start)
		r.fault.end = r.at
	}
}

// date reads a date, with a time if one follows.
func (r *tomlReader) date() {
	start := r.at
	r.at += len("2006-01-02")
	if !digit(r.peek(-1)) {
		r.fail("invalid date-time: date part is malformed", start)
		return
	}
	c := r.peek(0)
	if !(c == 'T' || c == 't' || c == ' ' && digit(r.peek(1))) {
		r.valid(r.text[start:min(r.at, len(r.text))], start)
		return
	}
	if r.at += len("T15"); r.peek(0) != ':' {
		r.fail("invalid date-time: time part is malformed", start)
		return
	}
	r.at += len(":04")
	r.seconds()
	switch c := r.peek(0); c {
	case 'Z', 'z':
		r.at++
	case '+', '-':
		r.at += len("+01:00")
	}
	s := r.text[min(start, len(r.text)):min(r.at, len(r.text))]
	r.valid(s[:10]+"T"+s[11:], start)
}

// clock reads a time.
func (r *tomlReader) clock() {
	start := r.at
	r.at += len("15:04")
	r.seconds()
	r.valid("2000-01-01T"+r.text[start:min(r.at, len(r.text))], start)
}

func (r *tomlReader) seconds() {
	if r.peek(0) == ':' {
		r.at += len(":05")
	}
	if r.peek(0) == '.' {
		for r.at++; digit(r.peek(0)); r.at++ {
		}
	}
}

func (r *tomlReader) valid(s string, start int) {
	if !jsDate(s) || len(s) > 12 && s[11:13] > "23" {
		r.fail("invalid date", start)
	}
}
