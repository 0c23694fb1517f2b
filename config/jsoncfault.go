package config

import "strings"

// fault is why a file could not be read. Code is Wrangler's word for it.
type fault struct {
	code       string
	text, hint string
	start, end int
}

// The tokens of JSONC are its own characters and these.
const (
	tokenEnd    = 'E'
	tokenString = 'S'
	tokenOther  = 'V' // a number or a literal
	tokenFault  = '!'
)

// jsoncReader finds the first error in JSONC, with the code that Wrangler
// prints for it. It only says where and why; hujson does the reading.
type jsoncReader struct {
	text     string
	at       int  // the next byte to look at
	token    byte // the current token
	from, to int  // its bytes
	fault    *fault
}

// findJSONCFault returns nil if there is no error.
func findJSONCFault(text string) *fault {
	r := &jsoncReader{text: text}
	switch r.next(); {
	case r.token == tokenEnd:
		r.fail("ValueExpected")
	case !r.value():
		r.fail("ValueExpected")
	case r.token != tokenEnd:
		r.fail("EndOfFileExpected")
	}
	if r.fault != nil {
		r.fault.text, r.fault.hint = jsoncWords(r.fault, text)
	}
	return r.fault
}

// fail notes the first error, at the current token.
func (r *jsoncReader) fail(code string) {
	if r.fault == nil {
		r.fault = &fault{code: code, start: r.from, end: r.to}
	}
	r.token = tokenFault
}

// value reads a value and reports false if none begins here.
func (r *jsoncReader) value() bool {
	switch r.token {
	case '[':
		r.list()
	case '{':
		r.object()
	case tokenString, tokenOther:
		r.next()
	default:
		return r.token == tokenFault
	}
	return true
}

func (r *jsoncReader) list() {
	r.sequence(']', "CloseBracketExpected", func() {
		if !r.value() {
			r.fail("ValueExpected")
		}
	})
}

func (r *jsoncReader) object() {
	r.sequence('}', "CloseBraceExpected", func() {
		if r.token != tokenString {
			r.fail("PropertyNameExpected")
			return
		}
		if r.next(); r.token != ':' {
			r.fail("ColonExpected")
			return
		}
		if r.next(); !r.value() {
			r.fail("ValueExpected")
		}
	})
}

// sequence reads what a list and an object have in common.
func (r *jsoncReader) sequence(end byte, unclosed string, element func()) {
	r.next()
	for first := true; r.token != end && r.token != tokenEnd && r.token != tokenFault; first = false {
		switch {
		case r.token == ',' && first:
			r.fail("ValueExpected")
			return
		case r.token == ',':
			if r.next(); r.token == end {
				r.next()
				return
			}
		case !first:
			r.fail("CommaExpected")
			return
		}
		element()
	}
	if r.token != end {
		r.fail(unclosed)
		return
	}
	r.next()
}

// next reads the next token that is not white space or a comment.
func (r *jsoncReader) next() {
	if r.token == tokenFault {
		return
	}
	for {
		r.at += len(r.text[r.at:]) - len(strings.TrimLeft(r.text[r.at:], " \t\r\n"))
		r.from, r.to = r.at, r.at
		if r.at >= len(r.text) {
			r.token = tokenEnd
			return
		}
		if !strings.HasPrefix(r.text[r.at:], "//") && !strings.HasPrefix(r.text[r.at:], "/*") {
			break
		}
		if !r.comment() {
			return
		}
	}
	switch c := r.text[r.at]; {
	case strings.IndexByte("{}[]:,", c) >= 0:
		r.token = c
		r.at++
		r.to = r.at
	case c == '"':
		r.token = tokenString
		r.string()
	case c >= '0' && c <= '9', c == '-' && r.at+1 < len(r.text) && digit(r.text[r.at+1]):
		r.token = tokenOther
		r.number()
	default:
		r.word()
	}
}

func (r *jsoncReader) comment() bool {
	rest := r.text[r.at:]
	if rest[1] == '/' {
		if n := strings.IndexAny(rest, "\r\n"); n >= 0 {
			r.at += n
		} else {
			r.at = len(r.text)
		}
		return true
	}
	if n := strings.Index(rest[2:], "*/"); n >= 0 {
		r.at += n + 4
		return true
	}
	r.to = len(r.text)
	r.fail("UnexpectedEndOfComment")
	return false
}

func (r *jsoncReader) string() {
	code := ""
	for r.at++; ; r.at++ {
		if r.at >= len(r.text) || r.text[r.at] == '\n' || r.text[r.at] == '\r' {
			code = "UnexpectedEndOfString"
			break
		}
		c := r.text[r.at]
		if c == '"' {
			r.at++
			break
		}
		switch {
		case c == '\\':
			if r.at++; r.at >= len(r.text) {
				code = "UnexpectedEndOfString"
			} else if r.text[r.at] == 'u' {
				for range 4 {
					if r.at+1 >= len(r.text) || !hexDigit(r.text[r.at+1]) {
						code = "InvalidUnicode"
						break
					}
					r.at++
				}
			} else if strings.IndexByte(`"\/bfnrt`, r.text[r.at]) < 0 {
				code = "InvalidEscapeCharacter"
			}
		case c < 0x20:
			code = "InvalidCharacter"
		}
	}
	if r.to = min(r.at, len(r.text)); code != "" {
		r.fail(code)
	}
}

func (r *jsoncReader) number() {
	digits := func() bool {
		from := r.at
		for r.at < len(r.text) && digit(r.text[r.at]) {
			r.at++
		}
		return r.at > from
	}
	has := func(chars string) bool {
		if r.at < len(r.text) && strings.IndexByte(chars, r.text[r.at]) >= 0 {
			r.at++
			return true
		}
		return false
	}
	has("-")
	ok := true
	if !has("0") {
		digits()
	}
	if has(".") {
		ok = digits()
	}
	if ok && has("eE") {
		has("+-")
		ok = digits()
	}
	if r.to = r.at; !ok {
		r.fail("UnexpectedEndOfNumber")
	}
}

// word reads a literal; all that is not one is an unknown symbol.
func (r *jsoncReader) word() {
	n := strings.IndexAny(r.text[r.at:], " \t\r\n{}[]\":,/")
	if n < 0 {
		n = len(r.text) - r.at
	}
	r.at += max(n, 1)
	r.to = r.at
	switch r.text[r.from:r.to] {
	case "true", "false", "null":
		r.token = tokenOther
	default:
		r.fail("InvalidSymbol")
	}
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func hexDigit(c byte) bool {
	return digit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
