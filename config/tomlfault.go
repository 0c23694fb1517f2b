package config

import "strings"

// tomlPrefix begins every message that Wrangler has for TOML.
const tomlPrefix = "Invalid TOML document: "

// tomlWords says in words what Wrangler's messages mean, and what to type.
var tomlWords = map[string]struct{ text, hint string }{
	"illegal character in key":                                      {"a character that cannot stand in a key", "quote a key that has other characters than A-Z a-z 0-9 _ and -"},
	"illegal empty bare key":                                        {"a dot without a key before it", ""},
	"unexpected end of key":                                         {"a key is missing here", "one key = value a line"},
	"incomplete key-value: cannot find end of key":                  {"a key without a value", "one key = value a line"},
	"illegal quoted key: multiline strings are not allowed":         {"a key in three quotes", "use one quote on each side"},
	"expected end of table array declaration":                       {"a header that is not closed", "write [[name]]"},
	"each key-value declaration must be followed by an end-of-line": {"expected the end of the line", "one key = value a line"},
	"control characters are not allowed in strings":                 {"a control character in a string", `write it as an escape, such as \t or \u0000`},
	"control characters are not allowed in comments":                {"a control character in a comment", "remove it"},
	"unrecognised escape sequence":                                  {"an unknown escape in a string", `write \\ for a backslash, or use single quotes: '…'`},
	"invalid escape: only line-ending whitespace may be escaped":    {"an unknown escape in a string", `write \\ for a backslash`},
	"invalid non-hex character in unicode escape":                   {"an escape with too few hexadecimal digits", `write \\ for a backslash`},
	"invalid unicode escape":                                        {"an escape that is no Unicode character", ""},
	"unfinished string":                                             {"a string that is not closed", "close it with the quotes that opened it"},
	"unfinished array":                                              {"an array that is not closed", "close it with ]"},
	"unfinished table":                                              {"an inline table that is not closed", "close it with }"},
	"expected comma or end of structure":                            {"expected a comma or the closing bracket", "put a comma between the elements"},
	"invalid value":                                                 {"expected a value", `put text in double quotes: "…"`},
	"illegal leading zero":                                          {"a number with a leading zero", "write it without, or in quotes"},
	"illegal underscore":                                            {"an underscore that is not between two digits", ""},
	"illegal character in numeric literal":                          {"a number with another character in it", `put text in double quotes: "…"`},
	"unfinished numeric value":                                      {"a number that ends too early", ""},
	"integer value cannot be represented losslessly":                {"an integer that is too large", "integers go up to 9007199254740991; put a larger one in quotes"},
	"invalid date":                                                  {"a date that does not exist", `dates are written 2026-01-31; put it in quotes to make it a string`},
	"invalid date-time: date part is malformed":                     {"a date that does not exist", `dates are written 2026-01-31`},
	"invalid date-time: time part is malformed":                     {"a time that does not exist", `times are written 15:04:05`},
	tooNested: {"the configuration nests too deeply", ""},
	"trying to redefine an already defined table or value": {"a table or key that is already defined", "a table or key stands in the file once; use [[name]] for the entries of a list"},
	"trying to redefine an already defined value":          {"a key that is already defined", "a key stands in a table once"},
}

// The messages for what the builder finds.
const (
	tooNested    = "document contains excessively nested structures. aborting."
	definedTwice = "trying to redefine an already defined table or value"
	keyTwice     = "trying to redefine an already defined value"
)

// wordTOMLFault names and words the first fault of a document: the one that
// was found, or one of syntax.
func wordTOMLFault(s *source, found *fault) *fault {
	f := findTOMLFault(s.text)
	if f == nil || strings.HasPrefix(found.code, tomlPrefix+"trying to redefine") && found.start < f.start {
		f = found
	}
	words := tomlWords[strings.TrimPrefix(f.code, tomlPrefix)]
	if f.hint = words.hint; f.text == "" {
		f.text = words.text
	}
	tomlHint(s, f)
	return f
}

// tomlHint knows what people write instead of TOML.
func tomlHint(s *source, f *fault) {
	line := strings.TrimSpace(s.lineText(f.start))
	rest := s.text[f.start:]
	if n := strings.IndexAny(rest, " \t\r\n,#]}"); n >= 0 {
		rest = rest[:n]
	}
	switch {
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
	case strings.HasSuffix(f.code, "allowed in strings") && (strings.HasPrefix(s.text[f.start:], "\n") || strings.HasPrefix(s.text[f.start:], "\r")):
		f.text, f.hint = "a string that is not closed on its line", `close it with a quote, or use """…""" for several lines`
	}
}
