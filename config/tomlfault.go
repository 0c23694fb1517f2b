package config

import "strings"

// tomlFaults tells what go-toml's messages are called by Wrangler, what to say
// and what to type instead. The first that fits counts.
var tomlFaults = []struct {
	find       string // in go-toml's message
	code       string // Wrangler's message
	text, hint string // text is "" where go-toml's own is clear
}{
	{"invalid character at start of key", "illegal character in key", "", "quote a key that has other characters than A-Z a-z 0-9 _ and -"},
	{"expected '=' after key", "illegal character in key", "", "quote a key that has other characters than A-Z a-z 0-9 _ and -"},
	{"to close table name", "illegal character in key", "", "close the header: [name], or [[name]] for an entry of a list"},
	{"to close array table name", "illegal character in key", "", "close the header: [[name]]"},
	{"expected key but", "incomplete key-value: cannot find end of key", "", ""},
	{"expected newline but", "each key-value declaration must be followed by an end-of-line", "", "one key = value a line"},
	{"invalid escape character", "unrecognised escape sequence", "", "write \\\\ for a backslash, or use single quotes: '…'"},
	{"hexadecimal digit", "invalid non-hex character in unicode escape", "", ""},
	{"unicode escape sequence is too short", "invalid non-hex character in unicode escape", "", ""},
	{"not a valid unicode code point", "invalid unicode escape", "", ""},
	{"cannot have new lines", "control characters are not allowed in strings", "a string that is not closed on its line", "close it with a quote, or use \"\"\"…\"\"\" for several lines"},
	{"allowed in comments", "control characters are not allowed in comments", "", ""},
	{"cannot have control characters", "control characters are not allowed in strings", "", "write it as an escape, such as \\t or \\u0000"},
	{"carriage returns must be", "control characters are not allowed in strings", "", "end lines with LF or CRLF"},
	{"strings must be quoted", "invalid value", "", "put the text in double quotes: \"…\""},
	{"leading zero", "illegal leading zero", "", "write the number without leading zeros, or in quotes"},
	{"too large to fit", "integer value cannot be represented losslessly", "the integer is too large", "put it in quotes"},
	{"underscore", "illegal underscore", "", ""},
	{"expected ',' or", "expected comma or end of structure", "", "put a comma between the elements"},
	{"unexpected comma", "illegal character in key", "", "remove one of the commas"},
	{"array is incomplete", "unfinished array", "an array that is not closed", "close it with ]"},
	{"inline table is incomplete", "unfinished table", "an inline table that is not closed", "close it with }"},
	{"terminated", "unfinished string", "a string that is not closed", "close it with the quotes that opened it"},
	{"need a character after", "unfinished string", "a string that is not closed", ""},
	{"already", "trying to redefine an already defined table or value", "", "a table or key stands in the file once; use [[name]] for the entries of a list"},
	{"duplicate", "trying to redefine an already defined table or value", "", "a table or key stands in the file once; use [[name]] for the entries of a list"},
	{"redefin", "trying to redefine an already defined table or value", "", "a table or key stands in the file once; use [[name]] for the entries of a list"},
	{"date", "invalid date", "", "dates are written 2026-01-31; put it in quotes to make it a string"},
	{"time", "invalid date", "", ""},
	{"hour", "invalid date", "", ""},
	{"minutes", "invalid date", "", ""},
	{"seconds", "invalid date", "", ""},
	{"nested more than", "document contains excessively nested structures. aborting.", "", ""},
	{"digit", "unfinished numeric value", "", ""},
	{"end of input", "invalid value", "", ""},
}

// tomlWords names a fault as Wrangler does and says what can be typed instead.
func tomlWords(s *source, f *fault) (code, hint string) {
	line := strings.TrimSpace(s.lineText(f.start))
	if strings.HasPrefix(line, "{") || strings.HasPrefix(line, `"`) && strings.Contains(line, `":`) {
		return tomlPrefix + "illegal character in key", "this looks like JSON: name the file wrangler.jsonc"
	}
	for _, known := range tomlFaults {
		if !strings.Contains(f.text, known.find) {
			continue
		}
		if known.text != "" {
			f.text = known.text
		}
		return tomlPrefix + known.code, known.hint
	}
	rest := s.text[f.start:]
	if n := strings.IndexAny(rest, " \t\r\n,#]}"); n >= 0 {
		rest = rest[:n]
	}
	switch rest {
	case "True", "False":
		return tomlPrefix + "invalid value", "write " + strings.ToLower(rest)
	case "null", "None", "nil":
		return tomlPrefix + "invalid value", "TOML has no null: leave the key out"
	}
	return tomlPrefix + "invalid value", "put text in double quotes: \"…\""
}
