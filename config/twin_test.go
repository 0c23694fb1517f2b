package config

import (
	"encoding/json"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestTwins turns every valid configuration of the corpus into the other
// format and asks for the same Config.
func TestTwins(t *testing.T) {
	twins := 0
	for _, id := range cases(t) {
		_, _, o := readCase(t, id)
		r := Load(o)
		if r.Config == nil || r.Config.Path == "" || r.Config.Path != r.Config.UserPath {
			continue
		}
		data, err := os.ReadFile(r.Config.Path)
		if err != nil {
			t.Fatal(err)
		}
		s, _ := diagnostic.NewSource("", data)
		parse, write, ext := parseJSONC, writeTOML, ".toml"
		if strings.HasSuffix(r.Config.Path, ".toml") {
			parse, write, ext = parseTOML, writeJSONC, ".jsonc"
		}
		tree, _ := parse(s)
		text, ok := write(tree)
		if !ok {
			continue
		}
		twins++
		// The twin stands in a folder of the same name, with the same variables.
		from := filepath.Dir(r.Config.Path)
		dir := filepath.Join(t.TempDir(), filepath.Base(from))
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{".dev.vars", ".dev.vars.staging", ".env", "custom.env"} {
			if data, err := os.ReadFile(filepath.Join(from, name)); err == nil {
				if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
					t.Fatal(err)
				}
			}
		}
		path := filepath.Join(dir, "wrangler"+ext)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		o.Dir, o.Config = dir, path
		twin := Load(o)
		if twin.Config == nil {
			t.Errorf("%s: %v\n%s", id, twin.Errors, text)
			continue
		}
		if a, b := plainConfig(t, r.Config, from), plainConfig(t, twin.Config, dir); !reflect.DeepEqual(a, b) {
			t.Errorf("%s:\n%v\nits twin:\n%v\n%s", id, a, b, text)
		}
		if len(r.Warnings) != len(twin.Warnings) {
			t.Errorf("%s: %d warnings, its twin has %d", id, len(r.Warnings), len(twin.Warnings))
		}
	}
	if twins < 100 {
		t.Errorf("only %d twins", twins)
	}
}

// plainConfig is what a Config says, without places and the order of keys.
func plainConfig(t *testing.T, c *Config, dir string) map[string]any {
	t.Helper()
	var normal map[string]any
	if err := json.Unmarshal(c.Normalized(), &normal); err != nil {
		t.Fatal(err)
	}
	relative := func(s string) string { return strings.ReplaceAll(filepath.ToSlash(s), filepath.ToSlash(dir), ".") }
	if main, ok := normal["main"].(string); ok && strings.HasPrefix(main, filepath.Dir(dir)) {
		if rel, err := filepath.Rel(dir, main); err == nil {
			normal["main"] = filepath.ToSlash(rel)
		}
	}
	var vars, missing []string
	for _, v := range c.Vars {
		var x any
		if err := json.Unmarshal(v.JSON, &x); err != nil {
			t.Fatal(err)
		}
		sorted, _ := json.Marshal([]any{v.Name, v.IsText, v.Text, x, v.Secret})
		vars = append(vars, string(sorted))
	}
	slices.Sort(vars)
	for _, f := range c.NotEmulated {
		missing = append(missing, f.Name)
	}
	var bindings, migrations, exports, services []any
	for _, b := range c.Bindings {
		bindings = append(bindings, []string{b.Name, b.ClassName, b.ScriptName, b.Environment})
	}
	for _, m := range c.Migrations {
		b, _ := json.Marshal(m)
		migrations = append(migrations, string(b))
	}
	for _, e := range c.Exports {
		e.Place = diagnostic.Place{}
		exports = append(exports, e)
	}
	for _, s := range c.Services {
		s.Place = diagnostic.Place{}
		services = append(services, s)
	}
	slices.Sort(c.DefinedEnvironments)
	delete(normal, "definedEnvironments")
	return map[string]any{
		"normal": normal, "name": c.Name, "given": c.NameGiven, "top": c.TopLevelName, "env": c.Env, "main": relative(c.Main) != "",
		"date": c.CompatibilityDate, "flags": c.CompatibilityFlags, "environments": c.DefinedEnvironments, "vars": vars,
		"bindings": bindings, "migrations": migrations, "exports": len(exports), "services": services, "dev": c.Dev, "missing": missing,
	}
}

// writeJSONC writes a tree as JSON; there is none of a date or NaN.
func writeJSONC(v *value) (string, bool) {
	if has(v, func(v *value) bool {
		return v.kind == date || v.kind == number && math.IsNaN(v.num) || v.kind == table && v.get("__proto__") != nil
	}) {
		return "", false
	}
	text := string(jsonStyle{indent: "\t", exact: true}.append(nil, v, 0))
	return strings.NewReplacer(`{"$number":"Infinity"}`, "1e999", `{"$number":"-Infinity"}`, "-1e999", `{"$number":"-0"}`, "-0.0").Replace(text), true
}

// writeTOML writes a tree as TOML, with headers where it can; there is none of null.
func writeTOML(v *value) (string, bool) {
	if !v.is(table) || has(v, func(v *value) bool { return v.kind == null }) {
		return "", false
	}
	var b strings.Builder
	tomlTable(&b, "", v)
	return b.String(), true
}

func has(v *value, ask func(v *value) bool) bool {
	if ask(v) {
		return true
	}
	return slices.ContainsFunc(v.items, func(x *value) bool { return has(x, ask) }) ||
		slices.ContainsFunc(v.members, func(m member) bool { return has(m.value, ask) })
}

func tomlTable(b *strings.Builder, path string, v *value) {
	tables := func(v *value) bool {
		return v.is(list) && len(v.items) > 0 && !slices.ContainsFunc(v.items, func(x *value) bool { return !x.is(table) })
	}
	for _, m := range v.members {
		if !m.value.is(table) && !tables(m.value) {
			b.WriteString(tomlKey(m.key) + " = " + tomlValue(m.value) + "\n")
		}
	}
	for _, m := range v.members {
		at := path + tomlKey(m.key)
		switch {
		case m.value.is(table):
			b.WriteString("[" + at + "]\n")
			tomlTable(b, at+".", m.value)
		case tables(m.value):
			for _, x := range m.value.items {
				b.WriteString("[[" + at + "]]\n")
				tomlTable(b, at+".", x)
			}
		}
	}
}

func tomlValue(v *value) string {
	switch v.kind {
	case number:
		switch {
		case math.IsInf(v.num, 0):
			return strings.Replace(numberText(v.num), "Infinity", "inf", 1)
		case v.num == 0 && math.Signbit(v.num):
			return "-0.0"
		case math.Abs(v.num) > maxInteger && !strings.Contains(numberText(v.num), "e"):
			return numberText(v.num) + ".0"
		}
		return numberText(v.num)
	case list:
		parts := make([]string, len(v.items))
		for i, x := range v.items {
			parts[i] = tomlValue(x)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case table:
		var parts []string
		for _, m := range v.members {
			parts = append(parts, tomlKey(m.key)+" = "+tomlValue(m.value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case text:
		return strings.ReplaceAll(stringify(v), "\x7f", `\u007f`)
	}
	return stringify(v)
}
