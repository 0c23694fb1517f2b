package emucmd

import (
	"strings"
	"testing"
	"unicode"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

func TestAnnotation(t *testing.T) {
	for _, test := range []struct {
		name string
		d    diagnostic.Diagnostic
		want string
	}{
		{"error", diagnostic.Diagnostic{Text: "wrong", Place: diagnostic.Place{File: "a/wrangler.jsonc", Line: 3, Column: 7}}, "::error file=a/wrangler.jsonc,line=3,col=7::wrong"},
		{"warning", diagnostic.Diagnostic{Severity: diagnostic.SeverityWarning, Text: "odd", Place: diagnostic.Place{File: "w.toml", Line: 1, Column: 1}}, "::warning file=w.toml,line=1,col=1::odd"},
		{"nowhere", diagnostic.Diagnostic{Text: "wrong"}, "::error::wrong"},
		{"whole file", diagnostic.Diagnostic{Text: "wrong", Place: diagnostic.Place{File: "w.toml"}}, "::error file=w.toml::wrong"},
		{"hint", diagnostic.Diagnostic{Text: "wrong", Hint: "do right"}, "::error::wrong%0Ahint: do right"},
		{"escapes of text", diagnostic.Diagnostic{Text: "100%: a,b\r\n::error::c"}, "::error::100%25: a,b%0A::error::c"},
		{"escapes of a file", diagnostic.Diagnostic{Text: "x", Place: diagnostic.Place{File: "a,b:c%d\ne", Line: 1, Column: 2}}, `::error file=a%2Cb%3Ac%25d\ne,line=1,col=2::x`},
		{"what a terminal obeys", diagnostic.Diagnostic{Text: "a\x1b[31m\rb\u202e", Hint: "%0A::c", Place: diagnostic.Place{File: "::a::\x1b\u009b"}}, `::error file=%3A%3Aa%3A%3A\x1b\u009b::a\x1b[31m\rb\u202e%0Ahint: %250A::c`},
		{"nothing but a command", diagnostic.Diagnostic{Text: "\n::stop-commands::x", Hint: "\r\n##[add-mask]y"}, `::error::%0A::stop-commands::x%0Ahint: %0A##[add-mask]y`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := annotation(test.d); got != test.want {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
		})
	}
}

// FuzzAnnotation: a diagnostic becomes one line with one workflow command, whatever its text
// holds, and the command reads back as the diagnostic.
func FuzzAnnotation(f *testing.F) {
	f.Add("a\r\n::error::b", "%0A", "x::y,line=1\n")
	f.Add("\x1b[31m", "::stop-commands::t", "")
	f.Fuzz(func(t *testing.T, text, hint, file string) {
		got := annotation(diagnostic.Diagnostic{Text: text, Hint: hint, Place: diagnostic.Place{File: file, Line: 1, Column: 2}})
		if strings.ContainsFunc(got, func(r rune) bool { return r != '\t' && unicode.IsControl(r) }) {
			t.Fatalf("%q is more than a line", got)
		}
		properties, message, ok := strings.Cut(strings.TrimPrefix(got, "::error "), "::")
		if !ok || strings.Contains(strings.ReplaceAll(message, "%25", ""), "%0D") {
			t.Fatalf("%q is no command", got)
		}
		if n := strings.Count(properties, ","); file != "" && n != 2 || file == "" && n != 1 {
			t.Fatalf("%q has other properties", got)
		}
	})
}
