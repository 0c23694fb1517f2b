package talk

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// Prefixes of lines.
const (
	binaryPrefix = `\x`
	escapePrefix = `\\`
)

// lines reads messages, one a line.
type lines struct {
	in *bufio.Reader
	n  int
}

func newLines(in io.Reader) *lines { return &lines{in: bufio.NewReader(in)} }

// next reads a message. The error is io.EOF at the end, a *[diagnostic.Error] for a line
// that is no message, or that of the reader.
func (l *lines) next() (binary bool, data []byte, err error) {
	line, err := l.in.ReadString('\n')
	if err != nil && (err != io.EOF || line == "") {
		return false, nil, err
	}
	l.n++
	line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
	if digits, ok := strings.CutPrefix(line, binaryPrefix); ok {
		data, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
		if err != nil {
			return false, nil, l.refuse(`\x is not followed by pairs of hexadecimal digits`,
				`write \x00ff10 for three bytes, or \\x… for a text that begins with \x`)
		}
		return true, data, nil
	}
	if !utf8.ValidString(line) {
		return false, nil, l.refuse("it is not UTF-8, as texts are", `send the bytes as a binary message: \x00ff10`)
	}
	if strings.HasPrefix(line, escapePrefix) {
		line = line[1:]
	}
	return false, []byte(line), nil
}

func (l *lines) refuse(why, hint string) error {
	return diagnostic.NewError(fmt.Sprintf("line %d is not sent: %s", l.n, why), hint)
}
