package config

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/syntax"
	"github.com/seed-36a2c969/emu/config/internal/tree"
	"github.com/seed-36a2c969/emu/config/javascript"
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
		parse, write, ext := syntax.JSONC, writeTOML, ".toml"
		if strings.HasSuffix(r.Config.Path, ".toml") {
			parse, write, ext = syntax.TOML, writeJSONC, ".jsonc"
		}
		root, _ := parse(s)
		text, ok := write(root)
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
func writeJSONC(v *tree.Value) (string, bool) {
	if has(v, func(v *tree.Value) bool {
		return v.Kind == tree.Date || v.Kind == tree.Number && math.IsNaN(v.Num) || v.Kind == tree.Table && v.Get("__proto__") != nil
	}) {
		return "", false
	}
	text := string(tree.JSON{Indent: "\t", Exact: true}.Append(nil, v, 0))
	return strings.NewReplacer(`{"$number":"Infinity"}`, "1e999", `{"$number":"-Infinity"}`, "-1e999", `{"$number":"-0"}`, "-0.0").Replace(text), true
}

// writeTOML writes a tree as TOML, with headers where it can; there is none of null.
func writeTOML(v *tree.Value) (string, bool) {
	if !v.Is(tree.Table) || has(v, func(v *tree.Value) bool { return v.Kind == tree.Null }) {
		return "", false
	}
	var b strings.Builder
	tomlTable(&b, "", v)
	return b.String(), true
}

func has(v *tree.Value, ask func(v *tree.Value) bool) bool {
	if ask(v) {
		return true
	}
	return slices.ContainsFunc(v.Items, func(x *tree.Value) bool { return has(x, ask) }) ||
		slices.ContainsFunc(v.Members, func(m tree.Member) bool { return has(m.Value, ask) })
}

func tomlTable(b *strings.Builder, path string, v *tree.Value) {
	tables := func(v *tree.Value) bool {
		return v.Is(tree.List) && len(v.Items) > 0 && !slices.ContainsFunc(v.Items, func(x *tree.Value) bool { return !x.Is(tree.Table) })
	}
	for _, m := range v.Members {
		if !m.Value.Is(tree.Table) && !tables(m.Value) {
			b.WriteString(tomlKey(m.Key) + " = " + tomlValue(m.Value) + "\n")
		}
	}
	for _, m := range v.Members {
		at := path + tomlKey(m.Key)
		switch {
		case m.Value.Is(tree.Table):
			b.WriteString("[" + at + "]\n")
			tomlTable(b, at+".", m.Value)
		case tables(m.Value):
			for _, x := range m.Value.Items {
				b.WriteString("[[" + at + "]]\n")
				tomlTable(b, at+".", x)
			}
		}
	}
}

// tomlKey quotes every key, which is always right.
func tomlKey(key string) string { return tree.Stringify(tree.NewText(key)) }

func tomlValue(v *tree.Value) string {
	switch v.Kind {
	case tree.Number:
		switch {
		case math.IsInf(v.Num, 0):
			return strings.Replace(javascript.NumberText(v.Num), "Infinity", "inf", 1)
		case v.Num == 0 && math.Signbit(v.Num):
			return "-0.0"
		case math.Abs(v.Num) > syntax.MaxInteger && !strings.Contains(javascript.NumberText(v.Num), "e"):
			return javascript.NumberText(v.Num) + ".0"
		}
		return javascript.NumberText(v.Num)
	case tree.List:
		parts := make([]string, len(v.Items))
		for i, x := range v.Items {
			parts[i] = tomlValue(x)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case tree.Table:
		var parts []string
		for _, m := range v.Members {
			parts = append(parts, tomlKey(m.Key)+" = "+tomlValue(m.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case tree.Text:
		return strings.ReplaceAll(tree.Stringify(v), "\x7f", `\u007f`)
	}
	return tree.Stringify(v)
}
