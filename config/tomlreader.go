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
