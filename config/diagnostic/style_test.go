package diagnostic

import (
	"bytes"
	"strings"
	"testing"
)

func TestWrapOfDeepIndent(t *testing.T) {
	lines := wrap("a\n"+strings.Repeat(" ", 300)+"b "+strings.Repeat("c", 100), 70, 78)
	if len(lines) != 5 || strings.TrimSpace(lines[1]) != "b" {
		t.Errorf("%q", lines)
	}
}

// checkLines asks that text fits the terminal and does not change it.
func checkLines(t *testing.T, id, rendered string) {
	t.Helper()
	for line := range strings.SplitSeq(rendered, "\n") {
		if Width(line) > columns {
			t.Errorf("%s: %d columns: %s", id, Width(line), line)
		}
		if strings.ContainsAny(line, "\x1b\r\x00") {
			t.Errorf("%s: control characters in %q", id, line)
		}
	}
}

func TestMarkerStandsBelowWhatItMarks(t *testing.T) {
	for _, c := range []struct{ line, marked string }{
		{`{"a":1, "b":2}`, `"b"`},
		{`{"👋👋日本": 1, "b": x}`, `x`},
		{"\t\t\"é\u0301\": nope", "nope"},
		{strings.Repeat("日", 500) + `"here"` + strings.Repeat("x", 500), `"here"`},
		{strings.Repeat("x", 5000) + "!", "!"},
	} {
		at := strings.Index(c.line, c.marked)
		s := &Source{File: "f", Text: c.line}
		d := Diagnostic{Text: "t", Place: s.Place(at, at+len(c.marked)), LineText: c.line}
		var b bytes.Buffer
		if err := d.Render(&b, Wrapped); err != nil {
			t.Fatal(err)
		}
		checkLines(t, c.marked, b.String())
		lines := strings.Split(b.String(), "\n")
		shown, marker := lines[3], lines[4]
		if len(lines) < 5 {
			t.Fatal(b.String())
		}
		i := strings.Index(shown, c.marked)
		j := strings.IndexAny(marker, "~^")
		if i < 0 || j < 0 || Width(shown[:i]) != Width(marker[:j]) {
			t.Errorf("marker is off:\n%s\n%s", shown, marker)
		}
	}
}

func TestRenderColor(t *testing.T) {
	d := Diagnostic{Severity: SeverityWarning, Text: "a", Hint: "b"}
	var b bytes.Buffer
	if err := d.Render(&b, Colored); err != nil {
		t.Fatal(err)
	}
	want := yellow + "▲ [WARNING] " + plain + bold + "a" + plain + "\n\n" + green + "  hint: " + plain + "b\n\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}
