package terminal

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestVisible(t *testing.T) {
	for _, test := range []struct{ name, text, line, lines string }{
		{"plain", "héllo, 世界 👩‍👩‍👧 ✘", "héllo, 世界 👩‍👩‍👧 ✘", "héllo, 世界 👩‍👩‍👧 ✘"},
		{"empty", "", "", ""},
		{"a sequence", "a\x1b[31mb\x1b]0;t\x07", `a\x1b[31mb\x1b]0;t\x07`, `a\x1b[31mb\x1b]0;t\x07`},
		{"NUL, backspace and DEL", "\x00\b\x7f", `\x00\x08\x7f`, `\x00\x08\x7f`},
		{"C1 in UTF-8", "\u009b2J\u0085", `\u009b2J\u0085`, `\u009b2J\u0085`},
		{"C1 as a byte", "\x9b2J", `\x9b2J`, `\x9b2J`},
		{"half a character", "é"[:1] + "x\xf0\x9f", `\xc3x\xf0\x9f`, `\xc3x\xf0\x9f`},
		{"U+FFFD itself", "\ufffd", "\ufffd", "\ufffd"},
		{"overrides and isolates", "\u202ea\u2066b\u200f\u061c", `\u202ea\u2066b\u200f\u061c`, `\u202ea\u2066b\u200f\u061c`},
		{"separators", "a\u2028b\u2029", `a\u2028b\u2029`, `a\u2028b\u2029`},
		{"lines", "a\nb\r\nc", `a\nb\r\nc`, "a\nb\nc"},
		{"a CR alone", "a\rb\r", `a\rb\r`, `a\rb\r`},
		{"CRs before an end", "a\r\r\nb", `a\r\r\nb`, "a\\r\nb"},
		{"a tab", "a\tb", "a b", "a\tb"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Line(test.text); got != test.line {
				t.Errorf("as a line %q", got)
			}
			if got := Text(test.text); got != test.lines {
				t.Errorf("as a text %q", got)
			}
		})
	}
}

func TestIndented(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "",
		"one":                             "one",
		"one\r\n[wrangler:info] Ready on": "one\n    [wrangler:info] Ready on",
		"one\n\n  three\n":                "one\n\n      three\n",
		"\nx":                             "\n    x",
	} {
		if got := Indented(text, "    "); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// FuzzVisible: nothing that a terminal obeys is left, what is harmless stays, and
// the text does not grow beyond its escapes.
func FuzzVisible(f *testing.F) {
	for _, s := range []string{"", "plain é世", "\x1b[2J\r\n\u202e\u009b\x9b\x00", strings.Repeat("\xff", 100), "a\r\r\n\tb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		line, text, below := Line(s), Text(s), Indented(s, "  ")
		for _, shown := range []string{line, text, below} {
			if !utf8.ValidString(shown) {
				t.Fatalf("%q is no UTF-8", shown)
			}
			for _, r := range shown {
				if r != '\n' && r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
					t.Fatalf("%q has %U", shown, r)
				}
			}
			if len(shown) > 6*len(s)+2*strings.Count(s, "\n") {
				t.Fatalf("%d bytes became %d", len(s), len(shown))
			}
		}
		if strings.ContainsAny(line, "\n\t") {
			t.Fatalf("%q is not one line", line)
		}
		if Line(line) != line || Text(text) != text {
			t.Fatal("what is shown changes when it is shown again")
		}
		for i, l := range strings.Split(below, "\n") {
			if i > 0 && l != "" && !strings.HasPrefix(l, "  ") {
				t.Fatalf("%q begins a line in %q", l, below)
			}
		}
	})
}
