package config

import (
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/tree"
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
func (s *scope) hintBrackets(field string, v *tree.Value) {
	if !s.toml() {
		if v.Is(tree.Table) && bracketed(strings.TrimPrefix(field, "env."+s.name+".")) {
			s.hint("a list stands in square brackets: [{…}]")
		}
		return
	}
	if !v.IsHeaded() {
		return
	}
	header := strings.Trim(strings.TrimSpace(s.source.LineText(v.KeyStart)), "[]")
	if v.Kind == tree.Table {
		s.hint("write [[" + header + "]], with double brackets, for each entry of the list")
	} else {
		s.hint("write [" + header + "], with single brackets")
	}
}

// hintQuotes says how a TOML date is written as a string.
func (s *scope) hintQuotes(key string, v *tree.Value) {
	s.hint("quote the date: " + key + ` = "` + s.source.Text[v.Start:v.End] + `"`)
}

// noticeSwallowed tells of fields of the top level that stand below [vars] and
// are variables there, of which Wrangler says nothing.
func (s *scope) noticeSwallowed() {
	vars := s.file.Get("vars")
	if !s.toml() || vars == nil || !vars.IsHeaded() {
		return
	}
	for _, m := range vars.Members {
		if !slices.Contains(topLevelKeys, m.Key) || s.file.Get(m.Key) != nil {
			continue
		}
		d := s.diagnose(diagnostic.SeverityWarning, tree.KeyOf(m.Value), m.Key+" stands below [vars] and is a variable, not the field "+m.Key)
		d.Hint = "move the line above the first [header]"
		s.result.Notices = append(s.result.Notices, d)
	}
}
