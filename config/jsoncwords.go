package config

import "strings"

// jsoncWords says in words what one of Wrangler's codes means here.
func jsoncWords(f *fault, all string) (says, hint string) {
	got := all[f.start:f.end]
	switch f.code {
	case "InvalidSymbol":
		switch {
		case strings.HasPrefix(got, "'"):
			return "a string in single quotes", "use double quotes: \"…\""
		case strings.HasPrefix(got, "#"):
			return "a comment that starts with #", "comments start with // in JSONC, with # in TOML"
		case strings.ContainsAny(got, "\u00a0\u2028\u2029\ufeff\f\v"):
			return "an invisible character that is not white space in JSON", "remove it and type the space again"
		case got == "True" || got == "False" || got == "None":
			return "unknown word " + got, "write " + strings.NewReplacer("None", "null", "T", "t", "F", "f").Replace(got)
		case strings.IndexByte(got, 0) >= 0:
			return "a NUL byte", "save the file as UTF-8"
		}
		return "unknown word " + clip(got), "strings and property names stand in double quotes"
	case "PropertyNameExpected":
		if got == "," {
			return "expected a property name but got a comma", "remove one of the commas"
		}
		return "expected a property name in double quotes but got " + orEnd(got), ""
	case "ValueExpected":
		switch got {
		case ",":
			return "expected a value but got a comma", "remove one of the commas"
		case "":
			if strings.TrimLeft(all, " \t\r\n") == "" {
				return "the file is empty", "start with {\"name\": \"my-worker\"}"
			}
		}
		return "expected a value but got " + orEnd(got), ""
	case "ColonExpected":
		return "expected a colon after the property name but got " + orEnd(got), ""
	case "CommaExpected":
		return "expected a comma before " + orEnd(got), "put a comma after the value before it"
	case "CloseBraceExpected":
		return "expected a closing } but got " + orEnd(got), "an object that was opened with { is not closed"
	case "CloseBracketExpected":
		return "expected a closing ] but got " + orEnd(got), "a list that was opened with [ is not closed"
	case "EndOfFileExpected":
		return "expected the end of the file but got " + orEnd(got), "the file holds one object: {…}"
	case "UnexpectedEndOfComment":
		return "a comment that is not closed", "close it with */"
	case "UnexpectedEndOfString":
		return "a string that is not closed on its line", "close it with \", and write a line break as \\n"
	case "UnexpectedEndOfNumber":
		return "a number that ends too early: " + got, ""
	case "InvalidUnicode":
		return "an escape \\u without four hexadecimal digits", "write \\u0041, or \\\\u for a backslash and a u"
	case "InvalidEscapeCharacter":
		return "an unknown escape in a string", "write \\\\ for a backslash"
	case "InvalidCharacter":
		return "a control character in a string", "write it as an escape, such as \\t or \\u0000"
	}
	return f.code, ""
}

// orEnd quotes a token, or names the end of the file.
func orEnd(token string) string {
	if token == "" {
		return "the end of the file"
	}
	return clip(token)
}

// clip quotes a piece of the file and keeps it short.
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
