package diagnostic

import "slices"

// WithLines adds the source lines at the places of a diagnostic and of its notes, where
// they are missing: what was found after the file was read has places alone. It reads a
// file by the name in the place. A file that it cannot read gives no line.
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
