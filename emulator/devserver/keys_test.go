package devserver

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestKeysFit: the bar of the keys is one line of a terminal.
func TestKeysFit(t *testing.T) {
	if n := utf8.RuneCountInString(Keys); n > 80 {
		t.Errorf("%d columns: %s", n, Keys)
	}
}

// TestNoBrowser: that there is none is said, and ends nothing.
func TestNoBrowser(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var out bytes.Buffer
	w := &Watch{Log: &Log{Out: &out, Level: LevelLog}, current: &served{url: "http://localhost:1"}}
	if again, err := w.press('b'); again || err != nil || !strings.HasPrefix(out.String(), "no browser can be started: ") {
		t.Errorf("%v, %v, %q", again, err, out.String())
	}
}
