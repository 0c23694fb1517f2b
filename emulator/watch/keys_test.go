package watch

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/emulator/program"
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
	w := &Watch{Log: &devserver.Log{Out: &out, Level: devserver.LevelLog}, phase: serving, current: &program.Candidate{}}
	if err := w.press('b'); err != nil || w.phase != serving || !strings.HasPrefix(out.String(), "no browser can be started: ") {
		t.Errorf("%v, %v, %q", w.phase, err, out.String())
	}
}
