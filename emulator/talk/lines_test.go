package talk

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLines(t *testing.T) {
	for in, want := range map[string]string{
		"":                 "",
		"a\nb":             `text "a", text "b"`,
		"a\n":              `text "a"`,
		"\n\n":             `text "", text ""`,
		"a\r\nb\r":         `text "a", text "b"`,
		" a \n":            `text " a "`,
		`\x`:               `binary ""`,
		`\x00FF 10`:        `binary "\x00\xff\x10"`,
		`\x0` + "\nafter":  `line 1 is not sent: \x is not followed by pairs of hexadecimal digits, text "after"`,
		"ok\n" + `\xyz`:    `text "ok", line 2 is not sent: \x is not followed by pairs of hexadecimal digits`,
		`\\x00`:            `text "\\x00"`,
		`\\\`:              `text "\\\\"`,
		`\n`:               `text "\\n"`,
		`a\\b`:             `text "a\\\\b"`,
		"h\xe9llo\nhéllo":  `line 1 is not sent: it is not UTF-8, as texts are, text "héllo"`,
		"\ufefftext\u2028": `text "\ufefftext\u2028"`,
	} {
		var got []string
		for l := newLines(strings.NewReader(in)); ; {
			binary, data, err := l.next()
			if err == io.EOF {
				break
			}
			switch {
			case err != nil:
				got = append(got, err.Error())
			case binary:
				got = append(got, fmt.Sprintf("binary %q", data))
			default:
				got = append(got, fmt.Sprintf("text %q", data))
			}
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%q:\ngot  %s\nwant %s", in, strings.Join(got, ", "), want)
		}
	}
}

// FuzzLines: every message has a line that sends it, unless it is a text with a
// line end.
func FuzzLines(f *testing.F) {
	for _, data := range []string{"", "hello", `\x00`, `\\`, "\x00\xff"} {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		check := func(line string, wantBinary bool) {
			l := newLines(strings.NewReader(line + "\n"))
			binary, got, err := l.next()
			if err != nil || binary != wantBinary || !bytes.Equal(got, data) {
				t.Errorf("%q: got %v %q %v", line, binary, got, err)
			}
			if _, _, err := l.next(); err != io.EOF {
				t.Errorf("%q: then %v, want the end", line, err)
			}
		}
		check(`\x`+hex.EncodeToString(data), true)
		if line := string(data); utf8.Valid(data) && !strings.ContainsAny(line, "\r\n") {
			if strings.HasPrefix(line, `\x`) || strings.HasPrefix(line, `\\`) {
				line = `\` + line
			}
			check(line, false)
		}
	})
}
