// Package syntax reads the text of wrangler.jsonc or wrangler.toml into a tree.
package syntax

import "github.com/seed-36a2c969/emu/config/diagnostic"

// fault is a syntax error: Wrangler's code for it, emu's text and hint, and the bytes to mark.
type fault struct {
	code       string
	text, hint string
	start, end int
}

// in is the fault as a diagnostic about a file.
func (f *fault) in(s *diagnostic.Source) *diagnostic.Diagnostic {
	return &diagnostic.Diagnostic{Code: f.code, Text: f.text, Hint: f.hint, Place: s.Place(f.start, f.end), LineText: s.LineText(f.start)}
}
