package config

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// stringify writes a value as JavaScript's JSON.stringify does, which is how
// Wrangler quotes it in a message.
func stringify(v *value) string {
	if v == nil {
		return "undefined"
	}
	return string(jsonStyle{}.append(nil, v, 0))
}

// jsonStyle is a way to write a value as JSON.
type jsonStyle struct {
	indent string
	// exact writes what JSON has no number for as {"$number":"Infinity"}
	// and a TOML date as {"$date":"…"}, where JavaScript writes null and a string.
	exact bool
}

func (j jsonStyle) append(b []byte, v *value, depth int) []byte {
	if v == nil {
		return append(b, "null"...)
	}
	switch v.kind {
	case boolean:
		return strconv.AppendBool(b, v.bool)
	case number:
		return j.appendNumber(b, v.num)
	case text:
		return appendString(b, v.str)
	case date:
		if j.exact {
			b = append(b, `{"$date":`...)
			return append(appendString(b, v.str), '}')
		}
		return appendString(b, v.str)
	case list:
		if len(v.items) == 0 {
			return append(b, "[]"...)
		}
		b = append(b, '[')
		for i, item := range v.items {
			b = j.newline(b, i, depth+1)
			b = j.append(b, item, depth+1)
		}
		return append(j.close(b, depth), ']')
	case table:
		b = append(b, '{')
		n := 0
		for _, m := range v.members {
			if m.value == nil {
				continue
			}
			b = j.newline(b, n, depth+1)
			b = append(appendString(b, m.key), ':')
			if j.indent != "" {
				b = append(b, ' ')
			}
			b = j.append(b, m.value, depth+1)
			n++
		}
		if n > 0 {
			b = j.close(b, depth)
		}
		return append(b, '}')
	}
	return append(b, "null"...)
}

func (j jsonStyle) newline(b []byte, i, depth int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return j.close(b, depth)
}

func (j jsonStyle) close(b []byte, depth int) []byte {
	if j.indent == "" {
		return b
	}
	b = append(b, '\n')
	for range depth {
		b = append(b, j.indent...)
	}
	return b
}

func (j jsonStyle) appendNumber(b []byte, f float64) []byte {
	odd := math.IsNaN(f) || math.IsInf(f, 0) || f == 0 && math.Signbit(f)
	switch {
	case odd && j.exact:
		b = append(b, `{"$number":"`...)
		if f == 0 {
			b = append(b, '-')
		}
		return append(append(b, numberText(f)...), `"}`...)
	case odd && f != 0:
		return append(b, "null"...)
	}
	return append(b, numberText(f)...)
}

// numberText writes a number as JavaScript's String does.
func numberText(f float64) string {
	switch a := math.Abs(f); {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		return "0"
	case a >= 1e21 || a < 1e-6:
		t := strconv.FormatFloat(f, 'e', -1, 64)
		if n := len(t); t[n-2] == '0' && (t[n-3] == '-' || t[n-3] == '+') {
			t = t[:n-2] + t[n-1:]
		}
		return t
	default:
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
}

const hexDigits = "0123456789abcdef"

// appendString quotes a string as JavaScript's JSON.stringify does: only what must be escaped is.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\b':
			b = append(b, `\b`...)
		case c == '\f':
			b = append(b, `\f`...)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c < 0x20:
			b = append(b, `\u00`...)
			b = append(b, hexDigits[c>>4], hexDigits[c&15])
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			if half, ok := surrogate(s[i:]); ok {
				b = append(b, `\u`...)
				b = strconv.AppendInt(b, int64(half), 16)
				i += 2
			} else if r, n := utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError && n == 1 {
				b = append(b, `\ufffd`...)
			} else {
				b = append(b, s[i:i+n]...)
				i += n - 1
			}
		}
	}
	return append(b, '"')
}
