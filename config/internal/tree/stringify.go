package tree

import (
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/seed-36a2c969/emu/config/javascript"
)

// Stringify writes a value as JavaScript's JSON.stringify does. Wrangler's messages quote
// values so.
func Stringify(v *Value) string {
	if v == nil {
		return "undefined"
	}
	return string(JSON{}.Append(nil, v, 0))
}

// JSON is a way to write a value as JSON.
type JSON struct {
	Indent string
	// Exact keeps what JavaScript loses: it writes {"$number":"Infinity"} in place of null, and
	// {"$date":"…"} for a TOML date in place of a string.
	Exact bool
}

// Append writes a value at a depth of indentation.
func (j JSON) Append(b []byte, v *Value, depth int) []byte {
	if v == nil {
		return append(b, "null"...)
	}
	switch v.Kind {
	case Boolean:
		return strconv.AppendBool(b, v.Bool)
	case Number:
		return j.appendNumber(b, v.Num)
	case Text:
		return AppendString(b, v.Str)
	case Date:
		if j.Exact {
			b = append(b, `{"$date":`...)
			return append(AppendString(b, v.Str), '}')
		}
		return AppendString(b, v.Str)
	case List:
		if len(v.Items) == 0 {
			return append(b, "[]"...)
		}
		b = append(b, '[')
		for i, item := range v.Items {
			b = j.newline(b, i, depth+1)
			b = j.Append(b, item, depth+1)
		}
		return append(j.close(b, depth), ']')
	case Table:
		b = append(b, '{')
		n := 0
		for _, m := range v.Members {
			if m.Value == nil {
				continue
			}
			b = j.newline(b, n, depth+1)
			b = append(AppendString(b, m.Key), ':')
			if j.Indent != "" {
				b = append(b, ' ')
			}
			b = j.Append(b, m.Value, depth+1)
			n++
		}
		if n > 0 {
			b = j.close(b, depth)
		}
		return append(b, '}')
	}
	return append(b, "null"...)
}

func (j JSON) newline(b []byte, i, depth int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return j.close(b, depth)
}

func (j JSON) close(b []byte, depth int) []byte {
	if j.Indent == "" {
		return b
	}
	b = append(b, '\n')
	for range depth {
		b = append(b, j.Indent...)
	}
	return b
}

func (j JSON) appendNumber(b []byte, f float64) []byte {
	odd := math.IsNaN(f) || math.IsInf(f, 0) || f == 0 && math.Signbit(f)
	switch {
	case odd && j.Exact:
		b = append(b, `{"$number":"`...)
		if f == 0 {
			b = append(b, '-')
		}
		return append(append(b, javascript.NumberText(f)...), `"}`...)
	case odd && f != 0:
		return append(b, "null"...)
	}
	return append(b, javascript.NumberText(f)...)
}

const hexDigits = "0123456789abcdef"

// AppendString quotes a string as JavaScript's JSON.stringify does, which escapes only what
// JSON cannot hold.
func AppendString(b []byte, s string) []byte {
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
			r, n := javascript.DecodeRune(s[i:])
			if utf16.IsSurrogate(r) || r == utf8.RuneError && n == 1 {
				b = append(b, `\u`...)
				b = strconv.AppendInt(b, int64(r), 16)
			} else {
				b = append(b, s[i:i+n]...)
			}
			i += n - 1
		}
	}
	return append(b, '"')
}
