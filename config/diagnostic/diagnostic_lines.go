package diagnostic

import "slices"

// WithLines fills in the source lines that a diagnostic and its notes point at.
// Those that were made from a [Config], and not while it was read, do not have
// them. A file is read by the name that the place has; what cannot be read is
// left without a line.
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
	s.line(0) // finds where the lines start
	if at.Line > len(s.lines) {
		return ""
	}
	from, to := s.span(at.Line - 1)
	return s.Text[from:to]
}
