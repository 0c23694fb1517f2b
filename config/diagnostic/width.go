package diagnostic

// The width of text on a terminal.

import (
	"strings"
	"unicode"

	"github.com/seed-36a2c969/emu/config/terminal"
)

// skipRunes returns the length in bytes of the first n runes.
func skipRunes(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// head is the longest start of a text that fits, tail the longest end.
func head(s string, room int) string {
	for i, r := range s {
		if room -= runeWidth(r); room < 0 {
			return s[:i]
		}
	}
	return s
}

func tail(s string, room int) string {
	r := []rune(s)
	i := len(r)
	for i > 0 && room >= runeWidth(r[i-1]) {
		i--
		room -= runeWidth(r[i])
	}
	return string(r[i:])
}

// wrap breaks a text into lines at spaces. It keeps the text's own lines and their
// indents. A word that is too long is broken.
func wrap(message string, first, others int) []string {
	// Wrangler's messages quote whole values, which can be megabytes long. Two screens are enough.
	const most = 4000
	if len(message) > most {
		message = strings.ToValidUTF8(message[:most], "") + "…"
	}
	var lines []string
	room := first
	for line := range strings.SplitSeq(strings.TrimRight(terminal.Text(message), "\n"), "\n") {
		line = terminal.Line(line)
		words := strings.TrimLeft(line, " ")
		indent := line[:min(len(line)-len(words), others/2)]
		line = indent + words
		for Width(line) > room {
			at := strings.LastIndexByte(head(line, room+1), ' ')
			if at <= len(indent) {
				at = len(head(line, room))
			}
			lines = append(lines, strings.TrimRight(line[:at], " "))
			line = indent + strings.TrimLeft(line[at:], " ")
			room = others
		}
		lines = append(lines, line)
		room = others
	}
	return lines
}

// Width is the number of columns that a text takes on a terminal.
func Width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// wide are the characters that take two columns: the scripts of East Asia, and the blocks
// of emoji. It lacks some seventy symbols from before the emoji, such as a check mark.
//
// Source: https://www.unicode.org/reports/tr11/
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{{0x1100, 0x115F, 1}, {0x2E80, 0x303E, 1}, {0x3041, 0xA4CF, 1}, {0xA960, 0xA97F, 1}, {0xAC00, 0xD7A3, 1},
		{0xF900, 0xFAFF, 1}, {0xFE30, 0xFE6F, 1}, {0xFF00, 0xFF60, 1}, {0xFFE0, 0xFFE6, 1}},
	R32: []unicode.Range32{{0x1F300, 0x1FAFF, 1}, {0x20000, 0x3FFFD, 1}},
}

func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}
