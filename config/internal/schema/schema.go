// Package schema checks the fields of a configuration as Wrangler does.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/
package schema

import (
	"maps"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// Check checks a document as Wrangler does. It returns the fields of the chosen
// environment, and the errors and warnings in Wrangler's order.
func Check(d Document) (Environment, diagnostic.List) {
	top := &scope{checking: &checking{Document: d}, report: &report{}, raw: d.File, name: "top level", owner: d.File}
	// The order of all this is that of Wrangler's messages.
	if old := d.File.Get("legacy_env"); old != nil && !d.Redirected {
		top.fail(tree.KeyOf(old), msgLegacyEnv, slots{hint: "remove the field"})
	}
	run(top, topOnly)
	topLevel := readEnvironment(top)
	top.active = chooseEnvironment(top, topLevel)
	run(top, topLast)
	checkNames(top, top.active)
	top.unknown("top-level", d.File, append([]string{"legacy_env", "node_compat"}, topLevelKeys...)...)
	checkPython(top)
	var found diagnostic.List
	top.report.flatten(nil, &found)
	return top.active, found
}

// run checks the fields of one kind.
func run(s *scope, k scopeKind) {
	for i := range fields {
		if f := &fields[i]; f.scope == k {
			f.check(s, f.name, s.raw.Get(f.name))
		}
	}
}

// chooseEnvironment returns the environment that the document asks for: the top level, or
// a named one, which it checks.
func chooseEnvironment(top *scope, topLevel Environment) Environment {
	name, environments := top.Env, top.File.Get("env")
	if top.Redirected {
		return redirectedEnvironment(top, topLevel, environments)
	}
	if name == "" {
		return topLevel
	}
	inner := top.below(`"env.` + name + `" environment configuration`)
	inner.name, inner.top = name, topLevel
	raw := environments.Get(name)
	switch {
	case raw == nil && top.File.Get("pages_build_output_dir") != nil: // environments of Pages need no entry
		return topLevel
	case raw == nil:
		names, hint := "", ""
		say := top.warn
		if environments.IsTruthy() {
			names = fill(msgEnvironmentNames, slots{value: quoteAll(environments.Keys())})
			say, hint = top.fail, diagnostic.DidYouMean(name, environments.Keys(), "did you mean --env %s?")
		}
		say(tree.KeyOf(environments), msgNoEnvironment, slots{key: name, value: names, field: fileName(top), hint: hint})
		// Without any environments this is a warning, and the Worker of the top level
		// starts under the name of the environment.
		active := maps.Clone(topLevel)
		active["name"] = suffixed(inner, topLevel.Get("name"))
		return active
	case !raw.IsObject():
		top.crash(raw, "env."+name+" is "+raw.Noun()+", not an object")
		return topLevel
	}
	inner.raw, inner.owner = raw, raw
	active := readEnvironment(inner)
	top.adopt(inner)
	return active
}

// redirectedEnvironment is the environment of a file that a build tool has written. The tool
// has chosen the environment and merged it in, so the file has none to choose.
func redirectedEnvironment(top *scope, topLevel Environment, environments *tree.Value) Environment {
	name := top.Env
	if names := environments.Keys(); len(names) > 0 {
		top.fail(tree.KeyOf(environments), msgRedirectedEnvironments, slots{value: "\t- " + strings.Join(names, "\n\t- ")})
	}
	if target := top.File.Get("targetEnvironment"); name != "" && target.IsTruthy() && target.Text() != name && top.File.Get("pages_build_output_dir") == nil {
		via := "via the CLOUDFLARE_ENV environment variable"
		if top.EnvByFlag {
			via = "via the `--env/-e` CLI argument"
		}
		top.fail(target, msgRedirectedTarget, slots{key: name, typ: via, value: tree.ToString(target)})
	}
	return topLevel
}

// checkPython refuses a Python Worker without the flag python_workers.
func checkPython(top *scope) {
	main := top.active.Get("main")
	file := main.Text()
	if top.Script != "" {
		file, main = top.Script, nil // the file has nothing to point at
	}
	if !strings.HasSuffix(file, ".py") {
		return
	}
	flags := top.active.Get("compatibility_flags")
	if flags.Is(tree.List) && slices.ContainsFunc(flags.Items, func(f *tree.Value) bool { return f.Text() == "python_workers" }) {
		return
	}
	top.fail(main, msgPython, slots{hint: `add "compatibility_flags": ["python_workers"]`})
}

// Swallowed warns of fields of the top level that stand below the header [vars], and so are
// variables. Wrangler takes them for variables without a word.
func Swallowed(d Document) []diagnostic.Diagnostic {
	vars := d.File.Get("vars")
	if !d.toml() || vars == nil || !vars.IsHeaded() {
		return nil
	}
	var list []diagnostic.Diagnostic
	for _, m := range vars.Members {
		if !slices.Contains(topLevelKeys, m.Key) || d.File.Get(m.Key) != nil {
			continue
		}
		list = append(list, diagnostic.Diagnostic{
			Severity: diagnostic.SeverityWarning, Text: m.Key + " stands below [vars] and is a variable, not the field " + m.Key,
			Hint:  "move the line above the first [header]",
			Place: d.Source.Place(m.Value.KeyStart, m.Value.KeyEnd), LineText: d.Source.LineText(m.Value.KeyStart),
		})
	}
	return list
}
