package syntax

import (
	"errors"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// tomlPrefix is how Wrangler begins every message about TOML.
const tomlPrefix = "Invalid TOML document: "

// Errors that the builder finds, in Wrangler's words without the prefix.
const (
	tooNested    = "document contains excessively nested structures. aborting."
	definedTwice = "trying to redefine an already defined table or value"
	keyTwice     = "trying to redefine an already defined value"
	tooLarge     = "integer value cannot be represented losslessly"
	noDate       = "invalid date"
)

// tomlFaults maps an error of go-toml or of the builder, by a part of its text, to Wrangler's
// message. The first that matches counts.
var tomlFaults = []struct{ contains, code, text, hint string }{
	{tooNested, tooNested, "the configuration nests too deeply", ""},
	{definedTwice, definedTwice, "a table or key that is already defined", "a table or key stands in the file once; use [[name]] for the entries of a list"},
	{keyTwice, keyTwice, "a key that is already defined", "a key stands in a table once"},
	{tooLarge, tooLarge, "an integer that is too large", "integers go up to 9007199254740991; put a larger one in quotes"},
	{noDate, noDate, "a date that does not exist", "dates are written 2026-01-31; put it in quotes to make it a string"},
	{"nested more than", tooNested, "the configuration nests too deeply", ""},
	{"start of key", "illegal character in key", "a character that cannot stand in a key", "quote a key that has other characters than A-Z a-z 0-9 _ and -"},
	{"'=' after key", "illegal character in key", "a character that cannot stand in a key", "quote a key that has other characters than A-Z a-z 0-9 _ and -; a value follows it behind ="},
	{"']' to close", "illegal character in key", "a header that is not closed", "write [name]; quote a key that has other characters than A-Z a-z 0-9 _ and -"},
	{"']]' to close", "expected end of table array declaration", "a header that is not closed", "write [[name]]"},
	{"expected key but", "incomplete key-value: cannot find end of key", "a key is missing here", "one key = value a line"},
	{"expected newline", "each key-value declaration must be followed by an end-of-line", "expected the end of the line", "one key = value a line"},
	{"cannot have new lines", "control characters are not allowed in strings", "a string that is not closed on its line", `close it with a quote, or use """…""" for several lines`},
	{"allowed in comments", "control characters are not allowed in comments", "a control character in a comment", "remove it"},
	{"control characters", "control characters are not allowed in strings", "a control character in a string", `write it as an escape, such as \t or \u0000`},
	{"carriage returns must", "control characters are not allowed in strings", "a control character in a string", `write it as an escape, such as \r`},
	{"invalid escape character", "unrecognised escape sequence", "an unknown escape in a string", `write \\ for a backslash, or use single quotes: '…'`},
	{"unicode escape sequence", "invalid non-hex character in unicode escape", "an escape with too few hexadecimal digits", `write \\ for a backslash`},
	{"code point", "invalid unicode escape", "an escape that is no Unicode character", ""},
	{"terminated", "unfinished string", "a string that is not closed", "close it with the quotes that opened it"},
	{"array is incomplete", "unfinished array", "an array that is not closed", "close it with ]"},
	{"table is incomplete", "unfinished table", "an inline table that is not closed", "close it with }"},
	{"expected ',' or", "expected comma or end of structure", "expected a comma or the closing bracket", "put a comma between the elements"},
	{"leading zeroes", "illegal leading zero", "a number with a leading zero", "write it without, or in quotes"},
	{"underscores", "illegal underscore", "an underscore that is not between two digits", ""},
	{"strings must be quoted", "illegal character in numeric literal", "a number with another character in it", `put text in double quotes: "…"`},
	{"decimal point", "unfinished numeric value", "a number that ends too early", ""},
	{"exponent", "unfinished numeric value", "a number that ends too early", ""},
	{"radix prefix must", "unfinished numeric value", "a number that ends too early", ""},
	{"", "invalid value", "expected a value", `put text in double quotes: "…"`},
}

// tomlFault turns an error of go-toml, which has read data, into a fault.
func tomlFault(s *diagnostic.Source, data []byte, err error) *fault {
	start, end := len(data), len(data)
	var at *unstable.ParserError
	if errors.As(err, &at) {
		// The error has a slice of data. Its capacity is the distance to the end of data.
		start = len(data) - cap(at.Highlight)
		end = start + len(at.Highlight)
	}
	message := err.Error()
	if strings.Contains(message, "invalid escape character") {
		start++ // go-toml points at the backslash, Wrangler at the character after it
	}
	return wordTOMLFault(s, message, start, end)
}

// wordTOMLFault makes a fault from the text of an error.
func wordTOMLFault(s *diagnostic.Source, message string, start, end int) *fault {
	f := &fault{start: start, end: end}
	for _, known := range tomlFaults {
		if strings.Contains(message, known.contains) {
			f.code, f.text, f.hint = tomlPrefix+known.code, known.text, known.hint
			break
		}
	}
	line := strings.TrimSpace(s.LineText(start))
	rest := s.Text[start:]
	if n := strings.IndexAny(rest, " \t\r\n,#]}"); n >= 0 {
		rest = rest[:n]
	}
	switch { // a better hint for what people type instead of TOML
	case strings.HasPrefix(line, "{") || strings.HasPrefix(line, `"`) && strings.Contains(line, `":`):
		f.hint = "this looks like JSON: name the file wrangler.jsonc"
	case strings.HasPrefix(line, "//"):
		f.hint = "comments start with # in TOML"
	case strings.HasPrefix(line, "$schema"):
		f.hint = `quote the key: "$schema" = …`
	case rest == "True" || rest == "False":
		f.hint = "write " + strings.ToLower(rest)
	case rest == "null" || rest == "None" || rest == "nil":
		f.hint = "TOML has no null: leave the key out"
	}
	return f
}
