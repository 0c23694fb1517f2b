package config

import (
	"path/filepath"
	"strings"
)

// warnNoLifecycle warns of classes that are bound but never created.
func (s *scope) warnNoLifecycle(e environment) {
	bound := e.get("durable_objects").get("bindings")
	if !bound.is(list) {
		return
	}
	var classes []string
	var first *value
	for _, b := range bound.items {
		if b.is(null) {
			s.in(bound).crash(b, "a Durable Object binding is null: it is an object with a name and a class_name")
			return
		}
		if b.get("script_name").truthy() {
			continue
		}
		class := b.get("class_name")
		if class.is(text) && s.covered(e, class.str) {
			continue
		}
		if !class.is(text) {
			return
		}
		if first == nil {
			first = class
		}
		classes = append(classes, class.str)
	}
	migrations := e.get("migrations")
	if classes == nil || migrations.is(list) && len(migrations.items) > 0 || migrations.is(text) && migrations.str != "" {
		return
	}
	s.warn(first, msgNoLifecycle, slots{field: s.fileName(), key: strings.Join(classes, ", "), value: s.exportsSnippet(classes)})
}

// covered reports whether exports has a live entry for a class.
func (s *scope) covered(e environment, class string) bool {
	entry := e.get("exports").get(class)
	if entry.is(null) {
		return s.crash(entry, "exports."+class+" is null: it is an object with a type")
	}
	if entry.get("type").text() != "durable-object" {
		return false
	}
	_, state, _ := stateOf(entry)
	return state.live()
}

// exportsSnippet is what to add to the file, in the file's format.
func (s *scope) exportsSnippet(classes []string) string {
	all := &value{kind: table}
	for _, class := range classes {
		entry := &value{kind: table}
		entry.put("type", &value{kind: text, str: "durable-object"})
		entry.put("storage", &value{kind: text, str: "sqlite"})
		all.put(class, entry)
	}
	all.order()
	if !strings.HasSuffix(s.files.config, "toml") {
		root := &value{kind: table, members: []member{{"exports", all}}}
		return string(jsonStyle{indent: "  "}.append(nil, root, 0))
	}
	var b strings.Builder
	for i, m := range all.members {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString("[exports." + tomlKey(m.key) + "]\ntype = \"durable-object\"\nstorage = \"sqlite\"\n")
	}
	return b.String()
}

// tomlKey writes a key, quoted if it must be.
func tomlKey(key string) string {
	if key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == "" {
		return key
	}
	return string(appendString(nil, key))
}

// fileName is the file as Wrangler calls it in advice.
func (s *scope) fileName() string {
	switch ext := strings.TrimPrefix(filepath.Ext(s.files.config), "."); ext {
	case "toml", "json", "jsonc":
		return "wrangler." + ext
	}
	return "Wrangler configuration"
}

// checkLifecycles refuses migrations beside exports of Durable Objects.
func (s *scope) checkLifecycles(e environment) {
	migrations := e.get("migrations")
	if n := len(migrations.entries()); n == 0 || migrations.is(table) {
		return
	}
	for _, m := range e.get("exports").entries() {
		if m.value.is(null) {
			s.crash(m.value, "exports."+m.key+" is null: it is an object with a type")
			return
		}
		if m.value.get("type").text() == "durable-object" {
			s.fail(keyOf(m.value), msgBothLifecycles, slots{})
			s.hint("remove one of the two fields")
			return
		}
	}
}

// checkWorkflowExports refuses two exports of one workflow.
func (s *scope) checkWorkflowExports(e environment) {
	class := map[string]string{}
	for _, m := range e.get("exports").entries() {
		name := m.value.get("name")
		if m.value.get("type").text() != "workflow" || !name.is(text) {
			continue
		}
		if first, twice := class[name.str]; twice {
			s.fail(name, msgWorkflowTwice, slots{field: first, key: m.key, value: name.str})
			continue
		}
		class[name.str] = m.key
	}
}
