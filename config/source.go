package config

import (
	"bytes"
	"sort"
	"strings"
	"unicode/utf8"
)

// source is the text of a file, and turns byte offsets into places.
type source struct {
	file  string // as it is shown
	text  string // without a byte order mark, valid UTF-8
	lines []int  // where each line starts, once asked for
	runes []int  // how many runes start before each block, once asked for
}

// block is how many bytes lie between two counted runes, so that a place in a
// long line costs no more than one in a short line.
const block = 1024

// place gives the place of the bytes from start to end. It ends with its line.
func (s *source) place(start, end int) Place {
	start = min(max(start, 0), len(s.text))
	line := s.line(start)
	from, to := s.span(line)
	end = min(max(end, start), max(to, start))
	return Place{
		File:   s.file,
		Line:   line + 1,
		Column: s.between(from, start) + 1,
		Length: s.between(start, end),
	}
}

// lineText is the text of the line that holds an offset, without its end.
func (s *source) lineText(offset int) string {
	from, to := s.span(s.line(min(max(offset, 0), len(s.text))))
	return s.text[from:to]
}

// line is the number of the line that holds an offset, from 0. A line's end
// belongs to it.
func (s *source) line(offset int) int {
	if s.lines == nil {
		s.lines = append(s.lines, 0)
		for i := 0; ; {
			n := strings.IndexByte(s.text[i:], '\n')
			if n < 0 {
				break
			}
			i += n + 1
			s.lines = append(s.lines, i)
		}
	}
	return sort.SearchInts(s.lines, offset+1) - 1
}

// span gives the bytes of a line without its end.
func (s *source) span(line int) (from, to int) {
	from, to = s.lines[line], len(s.text)
	if line+1 < len(s.lines) {
		to = s.lines[line+1] - 1
	}
	if to > from && s.text[to-1] == '\r' {
		to--
	}
	return from, to
}

// between counts the runes from one offset to another.
func (s *source) between(from, to int) int {
	if to-from < block {
		return starts(s.text[from:to])
	}
	return s.runesBefore(to) - s.runesBefore(from)
}

// runesBefore counts the runes that start before an offset.
func (s *source) runesBefore(offset int) int {
	if s.runes == nil {
		s.runes = make([]int, len(s.text)/block+1)
		for i := 1; i < len(s.runes); i++ {
			s.runes[i] = s.runes[i-1] + starts(s.text[(i-1)*block:i*block])
		}
	}
	b := offset / block
	return s.runes[b] + starts(s.text[b*block:offset])
}

// starts counts the bytes that begin a rune.
func starts(text string) int {
	n := 0
	for i := range len(text) {
		if utf8.RuneStart(text[i]) {
			n++
		}
	}
	return n
}

// byteOrderMarks are the encodings that are refused; UTF-32 LE begins as UTF-16 LE does.
var byteOrderMarks = []struct {
	mark     []byte
	encoding string
}{
	{[]byte{0x00, 0x00, 0xFE, 0xFF}, "UTF-32 BE"},
	{[]byte{0xFF, 0xFE, 0x00, 0x00}, "UTF-32 LE"},
	{[]byte{0xFE, 0xFF}, "UTF-16 BE"},
	{[]byte{0xFF, 0xFE}, "UTF-16 LE"},
}

// newSource reads bytes as Wrangler does: a UTF-8 byte order mark is dropped and
// what is not UTF-8 becomes U+FFFD. The encoding is not "" if it is refused.
func newSource(file string, data []byte) (s *source, encoding string) {
	for _, b := range byteOrderMarks {
		if bytes.HasPrefix(data, b.mark) {
			return &source{file: file}, b.encoding
		}
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if utf8.Valid(data) {
		return &source{file: file, text: string(data)}, ""
	}
	var valid strings.Builder
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		valid.WriteRune(r)
		data = data[n:]
	}
	return &source{file: file, text: valid.String()}, ""
}
