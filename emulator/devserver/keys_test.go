package devserver

import (
	"testing"
	"unicode/utf8"
)

// TestKeysFit: the bar of the keys is one line of a terminal.
func TestKeysFit(t *testing.T) {
	if n := utf8.RuneCountInString(Keys); n > 80 {
		t.Errorf("%d columns: %s", n, Keys)
	}
}
