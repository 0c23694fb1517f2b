package diagnostic

import (
	"bufio"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/config/terminal"
)

// Style is how [Diagnostic.Render] writes.
type Style int

const (
	// Unwrapped is for files and pipes. It breaks no line, so that grep finds what is in it.
	Unwrapped Style = iota
	// Wrapped is for terminals, of 80 columns.
	Wrapped
	// Colored is Wrapped in colours.
	Colored
)

// columns is the width of a terminal. Also Unwrapped shows no more of a source line.
const columns = 80

// Render writes a diagnostic with its place, its source line and a marker below the line.
func (d Diagnostic) Render(w io.Writer, style Style) error {
	p := &printer{w: bufio.NewWriter(w), style: style}
	switch d.Severity {
	case SeverityError:
		p.head("✘ [ERROR] ", red, d.Text)
	case SeverityWarning:
		p.head("▲ [WARNING] ", yellow, d.Text)
	case SeverityInfo:
		p.head("", "", d.Text)
	}
	p.place(d.Place, d.LineText, "    ")
	if len(d.Path) > 0 || d.Hint != "" {
		p.write("\n")
	}
	if n := len(d.Path); n > 0 {
		where, _, _ := strings.Cut(d.Path[n-1], ": ")
		p.wrap("  ", "  ", "in "+where)
	}
	if d.Hint != "" {
		p.wrap(p.paint("  hint: ", green), "        ", d.Hint)
	}
	for _, n := range d.Notes {
		p.write("\n")
		p.wrap("  ", "  ", n.Text)
		p.place(n.Place, n.LineText, "    ")
	}
	p.write("\n")
	return p.w.Flush()
}

// The colours of a terminal.
const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	green  = "\x1b[32m"
	bold   = "\x1b[1m"
	plain  = "\x1b[0m"
)

// printer writes diagnostics.
type printer struct {
	w     *bufio.Writer
	style Style
}

// write needs no check: bufio keeps the first error for Flush.
func (p *printer) write(s string) { _, _ = p.w.WriteString(s) }

func (p *printer) paint(s, color string) string {
	if p.style != Colored || color == "" {
		return s
	}
	return color + s + plain
}

// room is how many columns of a line remain after the given number.
func (p *printer) room(taken int) int {
	if p.style == Unwrapped {
		return math.MaxInt / 2
	}
	return columns - taken
}

// head writes a message behind its mark, such as ✘ [ERROR].
func (p *printer) head(mark, color, message string) {
	lines := wrap(message, p.room(Width(mark)), p.room(2))
	for i, line := range lines {
		switch {
		case i == 0:
			p.write(p.paint(mark, color) + p.paint(line, bold))
		case line != "":
			p.write("  " + line)
		}
		p.write("\n")
	}
}

// wrap writes a text behind a mark, and indents every line but the first.
func (p *printer) wrap(mark, indent, message string) {
	for i, line := range wrap(message, p.room(len(indent)), p.room(len(indent))) {
		if i == 0 {
			p.write(mark + line + "\n")
		} else {
			p.write(indent + line + "\n")
		}
	}
}

// place writes file:line:column, the source line and the marker below it.
func (p *printer) place(at Place, line, indent string) {
	if at.Line == 0 {
		if at.File != "" {
			p.write("\n" + indent + terminal.Line(at.File) + "\n")
		}
		return
	}
	number := strconv.Itoa(at.Line)
	p.write("\n" + indent + terminal.Line(at.File) + ":" + number + ":" + strconv.Itoa(at.Column) + ":\n")
	gutter := indent + "  " + number + " │ "
	before, marked, after := cut(line, at.Column-1, max(at.Length, 1))
	room := columns - Width(gutter) - 1 // the marker may point at the end of the line
	before, marked, after = window(before, marked, after, room)
	p.write(gutter + before + p.paint(marked, green) + after + "\n")
	marker := "^"
	if n := Width(marked); n > 1 {
		marker = strings.Repeat("~", n)
	}
	p.write(strings.Repeat(" ", Width(gutter)-2) + "╵ " + strings.Repeat(" ", Width(before)) + p.paint(marker, green) + "\n")
}

// cut splits a line before and after the runes to mark. It escapes what would change the
// terminal.
func cut(line string, from, length int) (before, marked, after string) {
	// A line can be megabytes long. What is far from the marker is never shown.
	const far = 4 * columns
	start := skipRunes(line, from)
	end := start + skipRunes(line[start:], min(length, far))
	before = line[:start]
	if len(before) > far {
		before = strings.ToValidUTF8(before[len(before)-far:], "")
	}
	after = line[end:]
	if len(after) > far {
		after = strings.ToValidUTF8(after[:far], "")
	}
	return terminal.Line(before), terminal.Line(line[start:end]), terminal.Line(after)
}

// window shortens a line to the room, and keeps the start of the marked part in it.
func window(before, marked, after string, room int) (string, string, string) {
	if Width(before)+Width(marked)+Width(after) <= room {
		return before, marked, after
	}
	if Width(marked) > room/2 {
		marked = head(marked, room/2-1) + "…"
	}
	if w := Width(before); w > room/3 && w+Width(marked) > room-2 {
		before = "…" + tail(before, room/3-1)
	}
	if rest := room - Width(before) - Width(marked); Width(after) > rest {
		after = head(after, max(rest-1, 0)) + "…"
	}
	return before, marked, after
}
