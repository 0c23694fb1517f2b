package config

import (
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/syntax"
	"github.com/seed-36a2c969/emu/config/internal/tree"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// reading is one run of [Load].
type reading struct {
	options Options
	dir     string // the working directory, absolute
	files   found
	source  *diagnostic.Source
	file    *tree.Value // the whole file
	active  environment
	bound   map[string][]*tree.Value // where names are bound, once asked for
	result  *Result
}

// Load reads a configuration. It never returns nil; what is wrong is in the result.
func Load(o Options) *Result {
	r := &reading{options: o, result: &Result{}, source: &diagnostic.Source{}}
	if !r.open() {
		return r.result
	}
	r.check()
	return r.result
}

func (r *reading) getenv(name string) (string, bool) {
	if r.options.Getenv == nil {
		return "", false
	}
	return r.options.Getenv(name)
}

// refuse ends the reading with one error.
func (r *reading) refuse(d diagnostic.Diagnostic) bool {
	if d.Place.File == "" {
		d.Place.File = r.source.File
	}
	r.result.Errors = append(r.result.Errors, d)
	return false
}

// open finds, reads and parses the file.
func (r *reading) open() bool {
	var err error
	if r.dir, err = filepath.Abs(r.options.Dir); err != nil {
		return r.refuse(diagnostic.Diagnostic{Text: "cannot find the working directory: " + err.Error()})
	}
	if d := r.find(); d != nil {
		return r.refuse(*d)
	}
	if r.files.config == "" {
		r.file = &tree.Value{Kind: tree.Table}
		return true
	}
	past := r.options.Past
	shown := r.shown(r.files.config)
	if past != nil {
		shown = past.Name
	}
	r.source.File = shown
	if !knownFormat(r.files.config) {
		return r.refuse(diagnostic.Diagnostic{
			Text: "unknown configuration format: " + shown,
			Hint: "name the file wrangler.jsonc, wrangler.json or wrangler.toml, in lower case",
		})
	}
	if past != nil {
		return r.parse(past.Text)
	}
	data, err := os.ReadFile(r.files.config)
	if err != nil {
		says := fill(msgUnreadable, slots{value: shown})
		return r.refuse(diagnostic.Diagnostic{Text: says, Code: says, Notes: []diagnostic.Note{{Text: nodeError(err, r.files.config)}}})
	}
	return r.parse(data)
}

// parse reads the file's bytes into the tree.
func (r *reading) parse(data []byte) bool {
	shown := r.source.File
	s, encoding := diagnostic.NewSource(shown, data)
	r.source = s
	if encoding != "" {
		says := fill(msgByteOrderMark, slots{value: encoding})
		return r.refuse(diagnostic.Diagnostic{Text: says, Code: says, Place: diagnostic.Place{File: shown, Line: 1, Column: 1},
			Notes: []diagnostic.Note{{Text: fill(msgSaveAsUTF8, slots{field: shown, value: encoding})}}})
	}
	parse := syntax.JSONC
	if strings.HasSuffix(r.files.config, ".toml") {
		parse = syntax.TOML
	}
	file, fault := parse(s)
	if fault != nil {
		return r.refuse(*fault)
	}
	r.file = file
	if !file.Is(tree.Table) {
		d := diagnostic.Diagnostic{Text: "the configuration is " + article(file) + ", not an object", Hint: `the file holds one object: {"name": "my-worker", …}`,
			Place: s.Place(file.Start, file.End), LineText: s.LineText(file.Start)}
		if !file.Is(tree.List) {
			d.Code = "crash"
		}
		return r.refuse(d)
	}
	return true
}

func article(v *tree.Value) string {
	switch v.Kind {
	case tree.Null:
		return "null"
	case tree.List:
		return "a list"
	}
	return "a " + v.Typeof()
}

// shown is a path as a user would write it from the working directory.
func (r *reading) shown(path string) string {
	if rel, err := filepath.Rel(r.dir, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return path
}

// check runs all checks and makes the configuration.
func (r *reading) check() {
	top := &scope{reading: r, report: &report{}, raw: r.file, name: "top level", owner: r.file}
	if old := r.file.Get("legacy_env"); old != nil && !r.files.redirected {
		top.fail(tree.KeyOf(old), msgLegacyEnv, slots{})
		top.hint("remove the field")
	}
	top.run(topOnly)
	topLevel := top.readEnvironment()
	name := r.environmentName()
	r.active = r.chooseEnvironment(top, topLevel, name)
	top.run(topLast)
	top.checkNames(r.active)
	top.unknown("top-level", r.file, append([]string{"legacy_env", "node_compat"}, topLevelKeys...)...)
	r.checkPython(top)
	top.report.flatten(nil, &r.result.Errors, &r.result.Warnings)
	if len(r.result.Errors) > 0 {
		return
	}
	r.result.Config = r.config(name)
	if r.options.Past == nil {
		r.loadSecrets()
	}
	top.noticeSwallowed()
}

// run checks the fields of one scope.
func (s *scope) run(k scopeKind) {
	for i := range fields {
		if f := &fields[i]; f.scope == k {
			f.check(s, f.name, s.raw.Get(f.name))
		}
	}
}

// environmentName is --env, or else CLOUDFLARE_ENV.
func (r *reading) environmentName() string {
	if r.options.Env != nil {
		return *r.options.Env
	}
	name, _ := r.getenv("CLOUDFLARE_ENV")
	return name
}

// chooseEnvironment reads the active environment.
func (r *reading) chooseEnvironment(top *scope, topLevel environment, name string) environment {
	environments := r.file.Get("env")
	if r.files.redirected {
		return r.redirectedEnvironment(top, topLevel, name, environments)
	}
	if name == "" {
		return topLevel
	}
	inner := top.below(`"env.` + name + `" environment configuration`)
	inner.name, inner.top = name, topLevel
	raw := environments.Get(name)
	switch {
	case raw == nil && r.file.Get("pages_build_output_dir") != nil:
		return topLevel
	case raw == nil:
		names := ""
		say := top.warn
		if environments.IsTruthy() {
			names = fill(msgEnvironmentNames, slots{value: quoteAll(environments.Keys())})
			say = top.fail
		}
		say(tree.KeyOf(environments), msgNoEnvironment, slots{key: name, value: names, field: top.fileName()})
		if near := diagnostic.Suggest(name, environments.Keys()); near != "" && environments.IsTruthy() {
			top.hint("did you mean --env " + near + "?")
		}
		active := maps.Clone(topLevel)
		active["name"] = inner.suffixed(topLevel.get("name"))
		return active
	case !raw.IsObject():
		top.crash(raw, "env."+name+" is "+article(raw)+", not an object")
		return topLevel
	}
	inner.raw, inner.owner = raw, raw
	active := inner.readEnvironment()
	top.adopt(inner)
	return active
}

// redirectedEnvironment refuses what a generated configuration cannot have.
func (r *reading) redirectedEnvironment(top *scope, topLevel environment, name string, environments *tree.Value) environment {
	if names := environments.Keys(); len(names) > 0 {
		top.fail(tree.KeyOf(environments), msgRedirectedEnvironments, slots{value: "\t- " + strings.Join(names, "\n\t- ")})
	}
	if target := r.file.Get("targetEnvironment"); name != "" && target.IsTruthy() && target.Text() != name && r.file.Get("pages_build_output_dir") == nil {
		via := "via the CLOUDFLARE_ENV environment variable"
		if r.options.Env != nil {
			via = "via the `--env/-e` CLI argument"
		}
		top.fail(target, msgRedirectedTarget, slots{key: name, typ: via, value: tree.ToString(target)})
	}
	return topLevel
}

// checkPython asks for the flag that a Worker in Python needs.
func (r *reading) checkPython(top *scope) {
	main := r.active.get("main")
	file := main.Text()
	if r.options.Script != "" {
		file, main = r.options.Script, nil
	}
	if !strings.HasSuffix(file, ".py") {
		return
	}
	if flags := r.active.get("compatibility_flags"); flags.Is(tree.List) {
		for _, f := range flags.Items {
			if f.Text() == "python_workers" {
				return
			}
		}
	}
	top.fail(main, msgPython, slots{})
	top.hint(`add "compatibility_flags": ["python_workers"]`)
}
