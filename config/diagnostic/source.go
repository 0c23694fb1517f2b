package diagnostic

import (
	"bytes"
	"sort"
	"strings"
	"unicode/utf8"
)

// Place is a position in a file. Line and Column are 1-based, Column and
// Length count runes. The zero Place is no place.
type Place struct {
	File                 string
	Line, Column, Length int
}

// Source is the text of a file. It converts byte offsets to places.
type Source struct {
	File  string // as diagnostics show it
	Text  string // valid UTF-8, without a byte order mark
	lines []int  // the offset of each line; method line makes it
	runes []int  // how many runes start before each block; method runesBefore makes it
}

// block is the number of bytes between two entries of runes. Without runes each place in a
// line of megabytes would count the characters of the whole line.
const block = 1024

// Place is the place of the bytes from start to end. It does not reach beyond its line.
func (s *Source) Place(start, end int) Place {
	start = min(max(start, 0), len(s.Text))
	line := s.line(start)
	from, to := s.span(line)
	end = min(max(end, start), max(to, start))
	return Place{
		File:   s.File,
		Line:   line + 1,
		Column: s.between(from, start) + 1,
		Length: s.between(start, end),
	}
}

// LineText is the text of the line that holds an offset, without its end.
func (s *Source) LineText(offset int) string {
	from, to := s.span(s.line(min(max(offset, 0), len(s.Text))))
	return s.Text[from:to]
}

// line is the number, from 0, of the line that holds an offset. The line feed belongs to the
// line that it ends.
func (s *Source) line(offset int) int {
	if s.lines == nil {
		s.lines = append(s.lines, 0)
		for i := 0; ; {
			n := strings.IndexByte(s.Text[i:], '\n')
			if n < 0 {
				break
			}
			i += n + 1
			s.lines = append(s.lines, i)
		}
	}
	return sort.SearchInts(s.lines, offset+1) - 1
}

// span is where a line begins and ends, without its line feed.
func (s *Source) span(line int) (from, to int) {
	from, to = s.lines[line], len(s.Text)
	if line+1 < len(s.lines) {
		to = s.lines[line+1] - 1
	}
	if to > from && s.Text[to-1] == '\r' {
		to--
	}
	return from, to
}

// between counts the runes from one offset to another.
func (s *Source) between(from, to int) int {
	if to-from < block {
		return starts(s.Text[from:to])
	}
	return s.runesBefore(to) - s.runesBefore(from)
}

// runesBefore counts the runes that start before an offset.
func (s *Source) runesBefore(offset int) int {
	if s.runes == nil {
		s.runes = make([]int, len(s.Text)/block+1)
		for i := 1; i < len(s.runes); i++ {
			s.runes[i] = s.runes[i-1] + starts(s.Text[(i-1)*block:i*block])
		}
	}
	b := offset / block
	return s.runes[b] + starts(s.Text[b*block:offset])
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

// byteOrderMarks are the marks of the encodings that Wrangler refuses. The mark of UTF-32 LE
// begins with that of UTF-16 LE, and so is looked for first.
var byteOrderMarks = []struct {
	mark     []byte
	encoding string
}{
	{[]byte{0x00, 0x00, 0xFE, 0xFF}, "UTF-32 BE"},
	{[]byte{0xFF, 0xFE, 0x00, 0x00}, "UTF-32 LE"},
	{[]byte{0xFE, 0xFF}, "UTF-16 BE"},
	{[]byte{0xFF, 0xFE}, "UTF-16 LE"},
}

// NewSource reads the bytes of a file as Wrangler does: it drops the byte order mark of UTF-8,
// and replaces a byte that is no UTF-8 by U+FFFD. If the encoding is refused, it returns the
// encoding's name.
func NewSource(file string, data []byte) (s *Source, encoding string) {
	for _, b := range byteOrderMarks {
		if bytes.HasPrefix(data, b.mark) {
			return &Source{File: file}, b.encoding
		}
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	// As runes, each byte that is no UTF-8 becomes U+FFFD.
	return &Source{File: file, Text: string([]rune(string(data)))}, ""
}
