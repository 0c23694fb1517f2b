package schema

import (
	"slices"
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// scope is where a check stands: at the top level or in an environment, in which table, and in
// which part of the report.
type scope struct {
	*checking
	report *report
	raw    *tree.Value // the table to check: the file, or env.NAME
	name   string      // of the environment; "top level" for the file itself
	top    Environment // the top level's fields, normalised; nil at the top level
	owner  *tree.Value // where a diagnostic about a missing field points: its table or list
}

// check checks the value of a field, which is nil if the field is missing. It reports whether
// the value is valid.
type check func(s *scope, field string, v *tree.Value) bool

// path is the name of a field in most messages: env.NAME.FIELD in an environment.
func (s *scope) path(field string) string {
	if s.top == nil {
		return field
	}
	return "env." + s.name + "." + field
}

// in is the scope for the fields of a table, or the items of a list.
func (s *scope) in(owner *tree.Value) *scope {
	inner := *s
	inner.owner = owner
	return &inner
}

// below is a scope with a report of its own, which adopt adds to that of s.
func (s *scope) below(heading string) *scope {
	inner := *s
	inner.report = &report{heading: heading}
	return &inner
}

// adopt adds the report of a scope that below made, unless it is empty.
func (s *scope) adopt(inner *scope) {
	if r := inner.report; len(r.Errors) > 0 || len(r.Warnings) > 0 || len(r.below) > 0 {
		s.report.below = append(s.report.below, r)
	}
}

// fail adds an error at a value and returns false. The error about a missing value is at its
// table.
func (s *scope) fail(at *tree.Value, message string, fills slots) bool {
	s.report.Add(s.diagnose(diagnostic.SeverityError, at, message, fills))
	return false
}

// warn adds a warning and returns false.
func (s *scope) warn(at *tree.Value, message string, fills slots) bool {
	s.report.Add(s.diagnose(diagnostic.SeverityWarning, at, message, fills))
	return false
}

// crash adds an error in emu's words, for a value on which Wrangler fails with a
// TypeError. It returns false.
func (s *scope) crash(at *tree.Value, text string) bool {
	d := s.diagnose(diagnostic.SeverityError, at, "", slots{})
	d.Code, d.Text = "crash", text
	s.report.Add(d)
	return false
}

// diagnose makes a diagnostic at a value, or at its table if the value is missing.
func (s *scope) diagnose(severity diagnostic.Severity, at *tree.Value, message string, fills slots) diagnostic.Diagnostic {
	d := diagnostic.Diagnostic{Severity: severity, Text: fill(message, fills), Hint: fills.hint}
	start, end := 0, 0
	switch {
	case at != nil && at.End > 0:
		start, end = at.Start, at.End
	case s.owner != nil && s.owner.KeyEnd > 0:
		start, end = s.owner.KeyStart, s.owner.KeyEnd
	case s.owner != nil && s.owner.End > 0: // mark its first byte, not the whole: it may be the file
		start, end = s.owner.Start, s.owner.Start+1
	}
	if end == 0 {
		d.Place.File = s.Source.File
		return d
	}
	d.Place, d.LineText = s.Source.Place(start, end), s.Source.LineText(start)
	return d
}

// unknown warns of the keys of a value that are not among known, and reports whether
// there are none.
func (s *scope) unknown(field string, v *tree.Value, known ...string) bool {
	var quoted, names []string
	var first *tree.Value
	// Of a list or a string, Entries has the indexes. Wrangler warns of those too.
	for _, m := range v.Entries() {
		if slices.Contains(known, m.Key) {
			continue
		}
		if names = append(names, m.Key); first == nil {
			first = m.Value
		}
		quoted = append(quoted, `"`+m.Key+`"`)
	}
	if names == nil {
		return true
	}
	return s.in(v).warn(tree.KeyOf(first), msgUnknown, slots{field: field, value: strings.Join(quoted, ","), hint: s.hintUnknown(field, names, known)})
}

// warnExperimental warns of an experimental field.
func (s *scope) warnExperimental(field string, v *tree.Value) {
	if !s.NoExperimentalWarning {
		s.warn(tree.KeyOf(v), msgExperimental, slots{field: field})
	}
}

// ignoreEmpty removes a field that is an empty string, with a warning, and reports whether
// it did.
func (s *scope) ignoreEmpty(field string, v *tree.Value) bool {
	if !v.Is(tree.Text) || v.Str != "" {
		return false
	}
	s.warn(v, msgEmptyIgnored, slots{field: field})
	s.raw.Put(field, nil)
	return true
}

// items checks every item of a list.
func (s *scope) items(field string, v *tree.Value, item check) bool {
	ok := true
	for i, x := range v.Items {
		ok = item(s, field+"["+strconv.Itoa(i)+"]", x) && ok
	}
	return ok
}

// missing lists the keys that a field has at the top level and not in v, one a line.
func (s *scope) missing(field string, v *tree.Value) string {
	if s.top == nil {
		return ""
	}
	var names []string
	for _, key := range s.top.Get(field).Keys() {
		if v.Get(key) == nil {
			names = append(names, "- "+key)
		}
	}
	return strings.Join(names, "\n")
}
