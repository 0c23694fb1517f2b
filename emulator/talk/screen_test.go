package talk

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
)

// TestHostile: nothing that a server or a URL says does something to the terminal, or
// begins another line.
func TestHostile(t *testing.T) {
	const hostile = "a\r\n09:41:07.312  text    b\x1b[2J\u202e\u009b2J\x9b\x00\u2028"
	body, millis := hostile, 1.5
	for _, e := range []Event{
		{Type: Open, URL: hostile, Subprotocol: hostile},
		{Type: Open, URL: hostile},
		{Type: Text, Text: &body},
		{Type: Pong, Millis: &millis},
		{Type: Close, Code: 1000, Reason: &body},
		{Type: Lost, Message: hostile},
	} {
		var out bytes.Buffer
		s := &screen{out: &out}
		s.show(e)
		line, more, _ := strings.Cut(out.String(), "\n")
		if more != "" || strings.ContainsFunc(line, func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028'
		}) {
			t.Errorf("%s: %q", e.Type, out.String())
		}
	}
}
