// Package terminal makes foreign text safe to print: a character that would move the
// cursor, change the terminal, reverse the line or fake another line becomes an escape of
// Go, such as \x1b or \u202e.
//
// Sources: https://ecma-international.org/publications-and-standards/standards/ecma-48/ (control functions),
// https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
package terminal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line makes a text a part of one line. Line ends become escapes, a tab becomes a space.
func Line(s string) string { return visible(s, false) }

// Text keeps the lines of a text, which end with LF or CR LF, and its tabs.
func Text(s string) string { return visible(s, true) }

// Indented is a [Text] whose lines are indented, except the first: without it a line of the
// text could pass for one of emu's.
func Indented(s, indent string) string {
	s = Text(s)
	if !strings.Contains(s, "\n") {
		return s
	}
	var b strings.Builder
	first := true
	for line := range strings.Lines(s) {
		if !first && line != "\n" {
			b.WriteString(indent)
		}
		first = false
		b.WriteString(line)
	}
	return b.String()
}

// visible escapes what is hidden in a text. If lines is true, it keeps line ends and tabs.
func visible(s string, lines bool) string {
	clean := 0 // b has the escaped form of s up to this offset
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case lines && (r == '\n' || r == '\t'), !hidden(r, n):
			i += n
			continue
		}
		b.WriteString(s[clean:i])
		switch {
		case lines && strings.HasPrefix(s[i:], "\r\n"): // the LF follows
		case r == '\t':
			b.WriteByte(' ')
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == utf8.RuneError: // no UTF-8: some terminals take the byte for a control function
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += n
		clean = i
	}
	if clean == 0 {
		return s
	}
	b.WriteString(s[clean:])
	return b.String()
}

// hidden reports whether a character of n bytes must be escaped: it is invisible, or it
// acts on the terminal.
func hidden(r rune, n int) bool {
	switch {
	case r < ' ', 0x7f <= r && r < 0xa0: // C0, DEL and C1
		return true
	case r < 0x300:
		return r == 0xad // a soft hyphen
	case r == utf8.RuneError:
		return n == 1
	case r == '\u2028', r == '\u2029': // the ends of a line and a paragraph
		return true
	case 0x206a <= r && r <= 0x206f, 0xfff9 <= r && r <= 0xfffb, r == 0xfeff:
		return true
	}
	return unicode.Is(unicode.Bidi_Control, r)
}
