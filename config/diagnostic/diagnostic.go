// Package diagnostic describes what is wrong with a file, at its place in it.
package diagnostic

import (
	"encoding/json"
	"fmt"
)

// Severity says what a [Diagnostic] means for a start: an error prevents it.
type Severity int

// The severities.
const (
	SeverityError Severity = iota
	SeverityWarning
	SeverityInfo
)

// Diagnostic is an error, a warning or a notice. Where Wrangler has a text for it, Text is that.
type Diagnostic struct {
	Severity Severity
	Text     string
	Code     string // Wrangler's one-word code of a syntax error, or "crash"
	Place    Place
	LineText string // the source line
	Hint     string // what to type instead
	Notes    []Note
	Path     []string // Wrangler's headings above the text
}

// Note is a second place that explains a diagnostic.
type Note struct {
	Text     string
	Place    Place
	LineText string
}

// Errorf makes an error with a hint.
func Errorf(at Place, hint, format string, args ...any) Diagnostic {
	return Diagnostic{Text: fmt.Sprintf(format, args...), Place: at, Hint: hint}
}

// Warningf makes a warning with a hint.
func Warningf(at Place, hint, format string, args ...any) Diagnostic {
	d := Errorf(at, hint, format, args...)
	d.Severity = SeverityWarning
	return d
}

// With adds notes.
func (d Diagnostic) With(notes ...Note) Diagnostic {
	d.Notes = append(d.Notes[:len(d.Notes):len(d.Notes)], notes...)
	return d
}

// MarshalJSON writes {"text","code","file","line","column","hint"}, without what is empty.
func (d Diagnostic) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Text   string `json:"text"`
		Code   string `json:"code,omitempty"`
		File   string `json:"file,omitempty"`
		Line   int    `json:"line,omitempty"`
		Column int    `json:"column,omitempty"`
		Hint   string `json:"hint,omitempty"`
	}{d.Text, d.Code, d.Place.File, d.Place.Line, d.Place.Column, d.Hint})
}
