package schema

import (
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// removedFields maps each field that older Wranglers knew to what replaces it.
var removedFields = map[string]string{
	"type":           "Wrangler bundles every Worker now: remove the field",
	"usage_model":    "usage models are set in the dashboard: remove the field",
	"webpack_config": "Wrangler bundles with esbuild now: remove the field",
	"zone_id":        `it is now part of a route: {"pattern": "example.com/*", "zone_id": "…"}`,
	"miniflare":      "Miniflare's options are now those of dev: remove the field",
}

// hintUnknown suggests what the user meant by some unknown keys.
func (s *scope) hintUnknown(field string, names, known []string) string {
	const most = 8 // nobody reads more, and each costs a search
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

// hintBrackets is the hint for a table where a list belongs, or the reverse: which brackets to
// write.
func (s *scope) hintBrackets(field string, v *tree.Value) string {
	switch {
	case !s.toml() && v.Is(tree.Table) && listFields[strings.TrimPrefix(field, "env."+s.name+".")]:
		return "a list stands in square brackets: [{…}]"
	case !s.toml() || !v.IsHeaded():
		return ""
	}
	header := strings.Trim(strings.TrimSpace(s.Source.LineText(v.KeyStart)), "[]")
	if v.Kind == tree.Table {
		return "write [[" + header + "]], with double brackets, for each entry of the list"
	}
	return "write [" + header + "], with single brackets"
}

// hintQuotes is the hint for a TOML date where a string belongs.
func (s *scope) hintQuotes(key string, v *tree.Value) string {
	return "quote the date: " + key + ` = "` + s.Source.Text[v.Start:v.End] + `"`
}
