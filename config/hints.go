package config

import (
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"slices"
	"strings"
)

// removedFields are fields of older Wranglers, with what stands for them now.
var removedFields = map[string]string{
	"type":           "Wrangler bundles every Worker now: remove the field",
	"usage_model":    "usage models are set in the dashboard: remove the field",
	"webpack_config": "Wrangler bundles with esbuild now: remove the field",
	"zone_id":        `it is now part of a route: {"pattern": "example.com/*", "zone_id": "…"}`,
	"miniflare":      "Miniflare's options are now those of dev: remove the field",
}

// unknownHint says what was probably meant by keys that are not known.
func (s *scope) unknownHint(field string, names, known []string) string {
	const most = 8 // more would not be read, and each takes time
	var near, above []string
	for _, name := range names[:min(len(names), most)] {
		switch meant := diagnostic.Suggest(name, known); {
		case field == "top-level" && removedFields[name] != "":
			return name + ": " + removedFields[name]
		case slices.Contains(topLevelKeys, name) && !slices.Contains(known, name):
			above = append(above, name)
		case meant != "":
			near = append(near, meant)
		}
	}
	switch {
	case near != nil:
		return "did you mean " + strings.Join(near, ", ") + "?"
	case above == nil:
		return ""
	case s.toml():
		return strings.Join(above, ", ") + ": a field of the top level stands above the first [header]"
	}
	return strings.Join(above, ", ") + ": a field of the top level"
}

// toml reports whether the file is TOML.
func (s *scope) toml() bool { return strings.HasSuffix(s.files.config, ".toml") }

// headed reports whether a header opens a value, in single or double brackets.
func (v *value) headed() bool {
	return v.keyEnd > 0 && v.start == v.keyStart && (v.kind == table || v.kind == list)
}

// bracketed are the fields that TOML writes with double brackets.
func bracketed(field string) bool {
	for _, f := range fields {
		if f.name == field && (f.fallback == emptyList || f.name == "migrations") {
			return true
		}
	}
	return field == "durable_objects.bindings"
}

// hintBrackets says which brackets TOML wants, after an error about a type.
func (s *scope) hintBrackets(field string, v *value) {
	if !s.toml() {
		if v.is(table) && bracketed(strings.TrimPrefix(field, "env."+s.name+".")) {
			s.hint("a list stands in square brackets: [{…}]")
		}
		return
	}
	if !v.headed() {
		return
	}
	header := strings.Trim(strings.TrimSpace(s.source.LineText(v.keyStart)), "[]")
	if v.kind == table {
		s.hint("write [[" + header + "]], with double brackets, for each entry of the list")
	} else {
		s.hint("write [" + header + "], with single brackets")
	}
}

// hintQuotes says how a TOML date is written as a string.
func (s *scope) hintQuotes(key string, v *value) {
	s.hint("quote the date: " + key + ` = "` + s.source.Text[v.start:v.end] + `"`)
}

// noticeSwallowed tells of fields of the top level that stand below [vars] and
// are variables there, of which Wrangler says nothing.
func (s *scope) noticeSwallowed() {
	vars := s.file.get("vars")
	if !s.toml() || vars == nil || !vars.headed() {
		return
	}
	for _, m := range vars.members {
		if !slices.Contains(topLevelKeys, m.key) || s.file.get(m.key) != nil {
			continue
		}
		d := s.diagnose(diagnostic.SeverityWarning, keyOf(m.value), m.key+" stands below [vars] and is a variable, not the field "+m.key)
		d.Hint = "move the line above the first [header]"
		s.result.Notices = append(s.result.Notices, d)
	}
}
