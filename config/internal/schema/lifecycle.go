package schema

import (
	"path/filepath"
	"strings"

	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// warnNoLifecycle warns of bound classes that neither a migration nor an export creates.
func warnNoLifecycle(s *scope, e Environment) {
	bound := e.Get("durable_objects").Get("bindings")
	if !bound.Is(tree.List) {
		return
	}
	var classes []string
	var first *tree.Value
	for _, b := range bound.Items {
		if b.Is(tree.Null) {
			s.in(bound).crash(b, "a Durable Object binding is null: it is an object with a name and a class_name")
			return
		}
		if b.Get("script_name").IsTruthy() {
			continue
		}
		class := b.Get("class_name")
		if class.Is(tree.Text) && covered(s, e, class.Str) {
			continue
		}
		if !class.Is(tree.Text) { // reported by the check of the binding
			return
		}
		if first == nil {
			first = class
		}
		classes = append(classes, class.Str)
	}
	// Wrangler asks whether migrations.length is above 0, and a string has a length too.
	migrations := e.Get("migrations")
	if classes == nil || migrations.Is(tree.List) && len(migrations.Items) > 0 || migrations.Is(tree.Text) && migrations.Str != "" {
		return
	}
	s.warn(first, msgNoLifecycle, slots{field: fileName(s), key: strings.Join(classes, ", "), value: exportsSnippet(s, classes)})
}

// covered reports whether exports has a live entry for a class.
func covered(s *scope, e Environment, class string) bool {
	entry := e.Get("exports").Get(class)
	if entry.Is(tree.Null) {
		return s.crash(entry, "exports."+class+" is null: it is an object with a type")
	}
	if entry.Get("type").Text() != "durable-object" {
		return false
	}
	_, state, _ := stateOf(entry)
	return state.live()
}

// exportsSnippet is the text to add to the file, in its format.
func exportsSnippet(s *scope, classes []string) string {
	all := &tree.Value{Kind: tree.Table}
	for _, class := range classes {
		entry := &tree.Value{Kind: tree.Table}
		entry.Put("type", tree.NewText("durable-object"))
		entry.Put("storage", tree.NewText("sqlite"))
		all.Put(class, entry)
	}
	all.Order()
	if !strings.HasSuffix(s.Path, "toml") {
		root := &tree.Value{Kind: tree.Table, Members: []tree.Member{{Key: "exports", Value: all}}}
		return string(tree.JSON{Indent: "  "}.Append(nil, root, 0))
	}
	var b strings.Builder
	for i, m := range all.Members {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString("[exports." + tomlKey(m.Key) + "]\ntype = \"durable-object\"\nstorage = \"sqlite\"\n")
	}
	return b.String()
}

// tomlKey writes a key of TOML, in quotes if it needs them.
func tomlKey(key string) string {
	if key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == "" {
		return key
	}
	return string(tree.AppendString(nil, key))
}

// fileName is what Wrangler calls the file in its messages.
func fileName(s *scope) string {
	switch ext := strings.TrimPrefix(filepath.Ext(s.Path), "."); ext {
	case "toml", "json", "jsonc":
		return "wrangler." + ext
	}
	return "Wrangler configuration"
}

// checkLifecycles refuses migrations beside exports of Durable Objects.
func checkLifecycles(s *scope, e Environment) {
	migrations := e.Get("migrations")
	if n := len(migrations.Entries()); n == 0 || migrations.Is(tree.Table) { // a table has no length
		return
	}
	for _, m := range e.Get("exports").Entries() {
		if m.Value.Is(tree.Null) {
			s.crash(m.Value, "exports."+m.Key+" is null: it is an object with a type")
			return
		}
		if m.Value.Get("type").Text() == "durable-object" {
			s.fail(tree.KeyOf(m.Value), msgBothLifecycles, slots{hint: "remove one of the two fields"})
			return
		}
	}
}

// checkWorkflowExports refuses two exports of one workflow.
func checkWorkflowExports(s *scope, e Environment) {
	class := map[string]string{}
	for _, m := range e.Get("exports").Entries() {
		name := m.Value.Get("name")
		if m.Value.Get("type").Text() != "workflow" || !name.Is(tree.Text) {
			continue
		}
		if first, twice := class[name.Str]; twice {
			s.fail(name, msgWorkflowTwice, slots{field: first, key: m.Key, value: name.Str})
			continue
		}
		class[name.Str] = m.Key
	}
}
