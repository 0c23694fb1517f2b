package schema

import (
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// report is a part of Wrangler's output: a heading, the messages below it, and then other
// reports, which are indented.
type report struct {
	heading string
	diagnostic.List
	below []*report
}

// flatten adds the diagnostics to a list in the order in which Wrangler prints them.
func (r *report) flatten(path []string, to *diagnostic.List) {
	if r.heading != "" {
		path = append(path[:len(path):len(path)], r.heading)
	}
	for _, list := range [][]diagnostic.Diagnostic{r.Errors, r.Warnings} {
		for _, d := range list {
			d.Path = path
			to.Add(d)
		}
	}
	for _, b := range r.below {
		b.flatten(path, to)
	}
}

// slots are the texts for a message's {placeholders}, and the hint that emu adds.
type slots struct {
	field, key, value, got, typ string
	hint                        string
}

// fill replaces the placeholders of a message. A value that contains one stays as it is.
func fill(message string, s slots) string {
	return strings.NewReplacer("{field}", s.field, "{key}", s.key, "{value}", s.value, "{got}", s.got, "{type}", s.typ).Replace(message)
}
