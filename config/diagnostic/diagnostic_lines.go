package diagnostic

import "slices"

// WithLines adds the source lines that a diagnostic and its notes lack: what was found after
// the file was closed has its place alone. It reads the file that a place names. If it cannot
// read one, the line stays empty.
func (d Diagnostic) WithLines(read func(file string) ([]byte, error)) Diagnostic {
	d.LineText = lineOf(d.Place, d.LineText, read)
	d.Notes = slices.Clone(d.Notes)
	for i, n := range d.Notes {
		d.Notes[i].LineText = lineOf(n.Place, n.LineText, read)
	}
	return d
}

func lineOf(at Place, line string, read func(string) ([]byte, error)) string {
	if line != "" || at.Line == 0 {
		return line
	}
	data, err := read(at.File)
	if err != nil {
		return ""
	}
	s, _ := NewSource(at.File, data)
	s.line(0) // makes s.lines
	if at.Line > len(s.lines) {
		return ""
	}
	from, to := s.span(at.Line - 1)
	return s.Text[from:to]
}
