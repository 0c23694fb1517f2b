// Package syntax reads the text of wrangler.jsonc or wrangler.toml into a tree.
package syntax

import "github.com/seed-36a2c969/emu/config/diagnostic"

// fault is an error of syntax: Wrangler's code for it, its text, a hint, and the bytes of
// the file that it marks.
type fault struct {
	code       string
	text, hint string
	start, end int
}

func (f *fault) in(s *diagnostic.Source) *diagnostic.Diagnostic {
	return &diagnostic.Diagnostic{Code: f.code, Text: f.text, Hint: f.hint, Place: s.Place(f.start, f.end), LineText: s.LineText(f.start)}
}
