package syntax

import (
	"fmt"
	"regexp"
	"strings"
)

// jsoncFaults maps an error of hujson, by a part of its text, to Wrangler's code. {got} is the
// token at which hujson stopped.
var jsoncFaults = []struct{ contains, code, text, hint string }{
	{"parsing comment", "UnexpectedEndOfComment", "a comment that is not closed", "close it with */"},
	{"parsing string", "UnexpectedEndOfString", "a string that is not closed on its line", `close it with ", and write a line break as \n`},
	{"at start of object name", "PropertyNameExpected", "expected a property name in double quotes but got {got}", ""},
	{"after object name", "ColonExpected", "expected a colon after the property name but got {got}", ""},
	{"object after name", "ColonExpected", "expected a colon after the property name but got {got}", ""},
	{"(expecting ',' or", "CommaExpected", "expected a comma before {got}", "put a comma after the value before it"},
	{"object after value", "CloseBraceExpected", "expected a closing } but got {got}", "an object that was opened with { is not closed"},
	{"array after value", "CloseBracketExpected", "expected a closing ] but got {got}", "a list that was opened with [ is not closed"},
	{"top-level value", "EndOfFileExpected", "expected the end of the file but got {got}", "the file holds one object: {…}"},
	{"value", "ValueExpected", "expected a value but got {got}", ""},
}

var (
	// jsoncToken is a token. Characters that are no token of JSON are one up to the next
	// delimiter, as for Wrangler, which calls it a symbol.
	jsoncToken = regexp.MustCompile(`^(?:"(?:\\.|[^"\\\r\n])*"?|[{}\[\]:,]|(?s:/\*.*)|[^ \t\r\n{}\[\]":,/]+|(?s:.))`)
	// jsoncLiteral matches what Wrangler does not call a symbol: the start of a string or a
	// number, or a whole true, false or null.
	jsoncLiteral = regexp.MustCompile(`^(?:"|-?[0-9]|(?:true|false|null)$)`)
	// jsoncNumber is the part of a token that is a number. Wrangler expects a comma after it.
	jsoncNumber = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?`)
)

// jsoncFault turns hujson's error about a text into a fault.
func jsoncFault(text string, err error) *fault {
	f := &fault{start: hujsonOffset(text, err)}
	message := err.Error()
	if strings.Contains(message, "parsing string") {
		// hujson points at the end of the file. A quote inside the open string has a
		// backslash before it, so the last quote without one opened it.
		for f.start = strings.LastIndexByte(text, '"'); f.start > 0 && text[f.start-1] == '\\'; {
			f.start = strings.LastIndexByte(text[:f.start], '"')
		}
	}
	got := jsoncToken.FindString(text[f.start:])
	f.end = f.start + len(got)
	number := jsoncNumber.FindString(got)
	switch literal := strings.Contains(message, ": invalid literal: "); {
	case literal && got[0] == '"':
		f.invalidString(text, got)
	case literal && number != "" && digit(got[len(number)]): // 012 is the number 0 and then the number 12
		f.start += len(number)
		f.expected("(expecting ',' or", got[len(number):], text)
	case literal && number != "" && strings.IndexByte(".eE", got[len(number)]) >= 0:
		f.code, f.text = "UnexpectedEndOfNumber", "a number that ends too early: "+clip(got)
	case literal: // 0x10 is the number 0 and then the symbol x10
		f.start += len(number)
		f.invalidSymbol(got[len(number):])
	case got != "" && strings.IndexByte("{}[]:,", got[0]) < 0 && !strings.HasPrefix(got, "/*") && !jsoncLiteral.MatchString(got):
		f.invalidSymbol(got)
	default:
		f.expected(message, got, text)
	}
	return f
}

// hujsonOffset converts the line and column in hujson's error to an offset. Since JSONC turned
// every carriage return into a line feed, each ends a line here too.
func hujsonOffset(text string, err error) int {
	var line, column int
	if _, err := fmt.Sscanf(err.Error(), "hujson: line %d, column %d:", &line, &column); err != nil {
		return 0
	}
	at := 0
	for ; line > 1; line-- {
		n := strings.IndexAny(text[at:], "\r\n")
		if n < 0 { // the error is after the line end that was added for hujson
			return len(text)
		}
		at += n + 1
	}
	return min(at+column-1, len(text))
}

// expected words an error about a valid token in the wrong place.
func (f *fault) expected(message, got, text string) {
	for _, known := range jsoncFaults {
		if !strings.Contains(message, known.contains) {
			continue
		}
		f.code, f.text, f.hint = known.code, strings.ReplaceAll(known.text, "{got}", orEnd(got)), known.hint
		switch {
		case got == ",":
			f.text, f.hint = "a comma with nothing before it", "remove the comma, or put what is missing before it"
		case strings.Trim(text, " \t\r\n") == "":
			f.text, f.hint = "the file is empty", `start with {"name": "my-worker"}`
		}
		return
	}
	f.code, f.text = "InvalidSymbol", "the file is not JSON: "+message
}

// invalidString words an error inside a string.
func (f *fault) invalidString(text, got string) {
	f.code, f.text, f.hint = "InvalidEscapeCharacter", "an unknown escape in a string", `write \\ for a backslash`
	switch {
	case !strings.HasSuffix(got, `"`) || got == `"`:
		f.expected("parsing string", got, text)
	case strings.ContainsFunc(got, func(r rune) bool { return r < ' ' }):
		f.code, f.text, f.hint = "InvalidCharacter", "a control character in a string", `write it as an escape, such as \t or \u0000`
	case strings.Contains(got, `\u`):
		f.code, f.text, f.hint = "InvalidUnicode", `an escape \u without four hexadecimal digits`, `write \u0041, or \\u for a backslash and a u`
	}
}

// invalidSymbol words an error about a token that JSON does not have.
func (f *fault) invalidSymbol(got string) {
	f.code, f.text, f.hint = "InvalidSymbol", "unknown word "+clip(got), "strings and property names stand in double quotes"
	switch {
	case strings.HasPrefix(got, "'"):
		f.text, f.hint = "a string in single quotes", "use double quotes: \"…\""
	case strings.HasPrefix(got, "#"):
		f.text, f.hint = "a comment that starts with #", "comments start with // in JSONC, with # in TOML"
	case strings.ContainsAny(got, "\u00a0\u2028\u2029\ufeff\f\v"):
		f.text, f.hint = "an invisible character that is not white space in JSON", "remove it and type the space again"
	case got == "True" || got == "False" || got == "None":
		f.hint = "write " + strings.NewReplacer("None", "null", "T", "t", "F", "f").Replace(got)
	case strings.IndexByte(got, 0) >= 0:
		f.text, f.hint = "a NUL byte", "save the file as UTF-8"
	}
}

// orEnd is a token, or the words for the end of the file.
func orEnd(token string) string {
	if token == "" {
		return "the end of the file"
	}
	return clip(token)
}

// clip shortens a piece of the file for a message.
func clip(s string) string {
	const most = 24
	if n := strings.IndexByte(s, '\n'); n >= 0 {
		s = s[:n]
	}
	if r := []rune(s[:min(len(s), 4*most)]); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return strings.TrimSpace(s)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
