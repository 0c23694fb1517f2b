package config

import (
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/tree"
	"slices"
	"strings"
)

// scope is where a check runs: the top level of a configuration or one of its
// environments, and the report that takes what it finds.
type scope struct {
	*reading
	report *report
	raw    *tree.Value // the table that is checked: the file, or env.NAME
	name   string      // of the environment; "top level" for the file itself
	top    environment // the top level's fields, normalised; nil at the top level
	owner  *tree.Value // the table or list that a missing field belongs to
}

// check looks at the value of a field, which is nil if it is not given, and
// reports whether it is good.
type check func(s *scope, field string, v *tree.Value) bool

// path is the field as Wrangler names it in most messages.
func (s *scope) path(field string) string {
	if s.top == nil {
		return field
	}
	return "env." + s.name + "." + field
}

// in is the scope for what is inside a value.
func (s *scope) in(owner *tree.Value) *scope {
	inner := *s
	inner.owner = owner
	return &inner
}

// below is the scope for a report of its own.
func (s *scope) below(heading string) *scope {
	inner := *s
	inner.report = &report{heading: heading}
	return &inner
}

// adopt adds the report of a scope below, if it found anything.
func (s *scope) adopt(inner *scope) {
	r := inner.report
	if len(r.errors) > 0 || len(r.warnings) > 0 || len(r.below) > 0 {
		s.report.below = append(s.report.below, r)
	}
}

// fail adds an error at a value, or at the owner if the value is missing, and returns false.
func (s *scope) fail(at *tree.Value, message string, fills slots) bool {
	s.report.errors = append(s.report.errors, s.diagnose(diagnostic.SeverityError, at, fill(message, fills)))
	return false
}

// warn adds a warning and returns false.
func (s *scope) warn(at *tree.Value, message string, fills slots) bool {
	s.report.warnings = append(s.report.warnings, s.diagnose(diagnostic.SeverityWarning, at, fill(message, fills)))
	return false
}

// crash adds an error of our own where Wrangler ends with a JavaScript TypeError.
func (s *scope) crash(at *tree.Value, message string) bool {
	d := s.diagnose(diagnostic.SeverityError, at, message)
	d.Code = "crash"
	s.report.errors = append(s.report.errors, d)
	return false
}

// diagnose makes a diagnostic at a value.
func (s *scope) diagnose(severity diagnostic.Severity, at *tree.Value, message string) diagnostic.Diagnostic {
	d := diagnostic.Diagnostic{Severity: severity, Text: message}
	switch {
	case at != nil && at.End > 0:
		d.Place, d.LineText = s.source.Place(at.Start, at.End), s.source.LineText(at.Start)
	case s.owner != nil && s.owner.KeyEnd > 0:
		d.Place, d.LineText = s.source.Place(s.owner.KeyStart, s.owner.KeyEnd), s.source.LineText(s.owner.KeyStart)
	case s.owner != nil && s.owner.End > 0:
		d.Place, d.LineText = s.source.Place(s.owner.Start, s.owner.Start+1), s.source.LineText(s.owner.Start)
	default:
		d.Place.File = s.source.File
	}
	return d
}

// hint adds a hint to the last error.
func (s *scope) hint(hint string) {
	if n := len(s.report.errors); n > 0 {
		s.report.errors[n-1].Hint = hint
	}
}

// unknown warns of the keys of a value that are not known. It reports whether there are none.
func (s *scope) unknown(field string, v *tree.Value, known ...string) bool {
	var quoted, names []string
	var first *tree.Value
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
	s.in(v).warn(tree.KeyOf(first), msgUnknown, slots{field: field, value: strings.Join(quoted, ",")})
	s.report.warnings[len(s.report.warnings)-1].Hint = s.unknownHint(field, names, known)
	return false
}
