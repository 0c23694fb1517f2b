package config

import (
	"math"
	"strconv"
	"strings"
)

// tomlReader finds the first syntax error in TOML, with the message that
// Wrangler prints for it. It only says where and why; go-toml does the reading.
//
// Source: https://toml.io/en/v1.1.0
type tomlReader struct {
	text  string
	at    int // the next byte to look at
	depth int
	fault *fault
}

// findTOMLFault returns nil if there is no error of syntax.
func findTOMLFault(text string) *fault {
	r := &tomlReader{text: text}
	r.void(true, true)
	for r.fault == nil && r.at < len(text) {
		if r.peek(0) == '[' {
			r.header()
		} else if r.key('='); r.fault == nil {
			r.void(false, false)
			r.value(0)
		}
		if r.void(false, true); r.fault == nil && r.at < len(text) && !r.newline() {
			r.fail("each key-value declaration must be followed by an end-of-line", r.at)
		}
		r.void(true, true)
	}
	return r.fault
}

// fail notes the first error.
func (r *tomlReader) fail(message string, at int) {
	if r.fault == nil {
		at = min(max(at, 0), len(r.text))
		r.fault = &fault{code: tomlPrefix + message, start: at, end: min(at+1, len(r.text))}
	}
}

// peek is the byte so far ahead, or 0 at the end.
func (r *tomlReader) peek(ahead int) byte {
	if i := r.at + ahead; i >= 0 && i < len(r.text) {
		return r.text[i]
	}
	return 0
}

func (r *tomlReader) newline() bool {
	return r.peek(0) == '\n' || r.peek(0) == '\r' && r.peek(1) == '\n'
}

// void passes white space, and line ends and comments if they may stand here.
func (r *tomlReader) void(newlines, comments bool) {
	for r.fault == nil && r.at < len(r.text) {
		switch c := r.peek(0); {
		case c == ' ' || c == '\t' || newlines && r.newline():
			r.at++
		case c == '#' && comments:
			r.comment()
		default:
			return
		}
	}
}

func (r *tomlReader) comment() {
	for ; r.at < len(r.text) && !r.newline(); r.at++ {
		if c := r.peek(0); c < 0x20 && c != '\t' || c == 0x7F {
			r.fail("control characters are not allowed in comments", r.at)
			return
		}
	}
}

func (r *tomlReader) header() {
	r.at++
	entry := r.peek(0) == '['
	if entry {
		r.at++
	}
	r.key(']')
	if entry && r.fault == nil {
		if r.peek(0) != ']' {
			r.fail("expected end of table array declaration", r.at)
		}
		r.at++
	}
}

// key reads a key with its dots, up to the byte that ends it.
func (r *tomlReader) key(end byte) {
	const (
		empty = iota
		bare
		whole
	)
	start, state := r.at, empty
	for ; r.fault == nil; r.at++ {
		c := r.peek(0)
		switch {
		case c == 0 && (r.at > start || r.at >= len(r.text)):
			r.fail("incomplete key-value: cannot find end of key", start)
			return
		case c == end:
			if state == empty {
				r.fail("unexpected end of key", r.at)
			}
			r.at++
			return
		case c == '.':
			if state == empty {
				r.fail("illegal empty bare key", r.at)
			}
			state = empty
		case state == empty && (c == '"' || c == '\''):
			if r.peek(1) == c && r.peek(2) == c {
				r.fail("illegal quoted key: multiline strings are not allowed", r.at)
				return
			}
			r.string()
			state = whole
			r.at--
		case c == ' ' || c == '\t':
			if state == bare {
				state = whole
			}
		case state == whole || !digit(c) && c != '-' && c != '_' && (c|0x20 < 'a' || c|0x20 > 'z'):
			r.fail("illegal character in key", r.at)
		default:
			state = bare
		}
	}
}

// value reads a value; end closes what holds it, or is 0.
func (r *tomlReader) value(end byte) {
	if r.fault != nil {
		return
	}
	start := r.at
	switch c := r.peek(0); {
	case c == '[' || c == '{':
		if r.depth++; r.depth > maxDepth {
			r.fail(tooNested, r.at)
			return
		}
		if c == '[' {
			r.sequence(']', "unfinished array", func() { r.value(']') })
		} else {
			r.sequence('}', "unfinished table", func() {
				if r.key('='); r.fault == nil {
					r.void(false, false)
					r.value('}')
				}
			})
		}
		r.depth--
	case c == '"' || c == '\'':
		r.string()
	case c == 't':
		r.word("true", start)
	case c == 'f':
		r.word("false", start)
	case c == '+' || c == '-':
		r.at++
		r.number(start, end, true)
	case r.peek(4) == '-' && r.peek(7) == '-' && r.digits(4):
		r.date()
	case r.peek(2) == ':' && r.digits(2):
		r.clock()
	default:
		r.number(start, end, false)
	}
}

// digits reports whether so many digits come next.
func (r *tomlReader) digits(n int) bool {
	for i := range n {
		if !digit(r.peek(i)) {
			return false
		}
	}
	return true
}

func (r *tomlReader) word(word string, start int) {
	if !strings.HasPrefix(r.text[r.at:], word) {
		r.fail("invalid value", start)
		return
	}
	r.at += len(word)
}

// sequence reads what an array and an inline table have in common.
func (r *tomlReader) sequence(end byte, unfinished string, element func()) {
	start := r.at
	for r.at++; r.at < len(r.text); {
		if r.void(true, true); r.peek(0) == end {
			r.at++
			return
		}
		element()
		r.void(true, true)
		if r.fault != nil {
			return
		}
		c := r.peek(0)
		if r.at++; c == end {
			return
		}
		if c != ',' {
			r.fail("expected comma or end of structure", r.at-1)
			return
		}
	}
	r.fail(unfinished, start)
}

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

// string reads a string of any kind.
func (r *tomlReader) string() {
	start, quote := r.at, r.peek(0)
	r.at++
	several := r.peek(0) == quote && r.peek(1) == quote
	if several {
		r.at += 2
	}
	for ; r.fault == nil && r.at < len(r.text); r.at++ {
		switch c := r.peek(0); {
		case several && r.newline():
		case c < 0x20 && c != '\t' && !(several && c == '\r' && r.peek(1) == '\n') || c == 0x7F:
			r.fail("control characters are not allowed in strings", r.at)
		case c == quote && !several:
			r.at++
			return
		case c == quote && r.peek(1) == quote && r.peek(2) == quote:
			for range 2 { // up to two quotes may stand before the closing ones
				if r.peek(3) == quote {
					r.at++
				}
			}
			r.at += 3
			return
		case c == '\\' && quote == '"':
			r.escape(several)
		}
	}
	r.fail("unfinished string", start)
}

// escape reads what follows a backslash, up to its last byte.
func (r *tomlReader) escape(several bool) {
	start := r.at
	r.at++
	switch c := r.peek(0); {
	case r.at >= len(r.text):
	case c == 'x' || c == 'u' || c == 'U':
		r.unicode(start, map[byte]int{'x': 2, 'u': 4, 'U': 8}[c])
	case several && (c == ' ' || c == '\t' || r.newline()):
		for c = r.peek(0); c == ' ' || c == '\t'; c = r.peek(0) {
			r.at++
		}
		if !r.newline() && r.at < len(r.text) {
			r.fail("invalid escape: only line-ending whitespace may be escaped", start)
		}
		r.at--
	case c < 0x20 && c != '\t' || c == 0x7F:
		r.fail("control characters are not allowed in strings", r.at)
	case strings.IndexByte(`btnfre"\`, c) < 0:
		r.fail("unrecognised escape sequence", r.at)
	}
}

func (r *tomlReader) unicode(start, digits int) {
	n := int64(0)
	for range digits {
		r.at++
		c := r.peek(0)
		if !hexDigit(c) {
			r.fail("invalid non-hex character in unicode escape", r.at)
			return
		}
		d, _ := strconv.ParseInt(string(c), 16, 64)
		n = n<<4 | d
	}
	if n > math.MaxInt32 || n > '\U0010FFFF' || n >= 0xD800 && n <= 0xDFFF {
		r.fail("invalid unicode escape", start)
	}
}
