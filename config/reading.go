package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/schema"
	"github.com/seed-36a2c969/emu/config/internal/syntax"
	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// reading is one run of [Load]. It finds the file, reads it, checks it and makes the
// configuration.
type reading struct {
	options Options
	dir     string // the working directory, absolute
	files   found
	source  *diagnostic.Source
	file    *tree.Value // the whole file
	active  schema.Environment
	result  *Result
}

// Load reads a configuration. The result, which is never nil, has its errors.
func Load(o Options) *Result {
	r := &reading{options: o, result: &Result{}, source: &diagnostic.Source{}}
	if !r.open() {
		return r.result
	}
	r.check()
	return r.result
}

// getenv reads a variable of the process's environment.
func (r *reading) getenv(name string) (string, bool) {
	if r.options.Getenv == nil {
		return "", false
	}
	return r.options.Getenv(name)
}

// refuse records an error that ends the reading. It returns false, for its caller to return.
func (r *reading) refuse(d diagnostic.Diagnostic) bool {
	if d.Place.File == "" {
		d.Place.File = r.source.File
	}
	r.result.Errors = append(r.result.Errors, d)
	return false
}

// open finds, reads and parses the file. It reports whether r.file is there to check.
func (r *reading) open() bool {
	var err error
	if r.dir, err = filepath.Abs(r.options.Dir); err != nil {
		return r.refuse(diagnostic.Diagnostic{Text: "cannot find the working directory: " + err.Error()})
	}
	if d := r.find(); d != nil {
		return r.refuse(*d)
	}
	if r.files.config == "" { // a Worker without a file has the defaults
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
		const hint = "name the file wrangler.jsonc, wrangler.json or wrangler.toml, in lower case"
		return r.refuse(diagnostic.Errorf(diagnostic.Place{}, hint, "unknown configuration format: %s", shown))
	}
	if past != nil {
		return r.parse(past.Text)
	}
	data, err := os.ReadFile(r.files.config)
	if err != nil {
		// Wrangler has no code for this error. Its text serves as one.
		message := fmt.Sprintf(msgUnreadable, shown)
		return r.refuse(diagnostic.Diagnostic{Text: message, Code: message, Notes: []diagnostic.Note{{Text: nodeError(err, r.files.config)}}})
	}
	return r.parse(data)
}

// parse reads the file's bytes into the tree.
func (r *reading) parse(data []byte) bool {
	shown := r.source.File
	s, encoding := diagnostic.NewSource(shown, data)
	r.source = s
	if encoding != "" {
		message := fmt.Sprintf(msgByteOrderMark, encoding)
		return r.refuse(diagnostic.Diagnostic{Text: message, Code: message, Place: diagnostic.Place{File: shown, Line: 1, Column: 1},
			Notes: []diagnostic.Note{{Text: fmt.Sprintf(msgSaveAsUTF8, shown, encoding)}}})
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
		d := diagnostic.Diagnostic{Text: "the configuration is " + file.Noun() + ", not an object", Hint: `the file holds one object: {"name": "my-worker", …}`,
			Place: s.Place(file.Start, file.End), LineText: s.LineText(file.Start)}
		if !file.Is(tree.List) { // on a list Wrangler does not fail: it takes it for empty
			d.Code = "crash"
		}
		return r.refuse(d)
	}
	return true
}

// shown is a path relative to the working directory, as a user would type it.
func (r *reading) shown(path string) string {
	if rel, err := filepath.Rel(r.dir, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return path
}

// check checks the tree and, if it has no errors, makes the configuration.
func (r *reading) check() {
	env := r.environmentName()
	_, quiet := r.getenv("WRANGLER_DISABLE_EXPERIMENTAL_WARNING")
	doc := schema.Document{
		File: r.file, Source: r.source, Path: r.files.config, Redirected: r.files.redirected,
		Env: env, EnvByFlag: r.options.Env != nil, Script: r.options.Script, NoExperimentalWarning: quiet,
	}
	active, found := schema.Check(doc)
	r.active = active
	r.result.Errors = append(r.result.Errors, found.Errors...)
	r.result.Warnings = append(r.result.Warnings, found.Warnings...)
	if len(r.result.Errors) > 0 {
		return
	}
	r.result.Config = r.config(env)
	r.result.Config.NotEmulated = schema.NotEmulated(doc, active)
	if r.options.Past == nil { // today's secrets do not belong to a past version
		r.loadSecrets()
	}
	r.result.Notices = append(r.result.Notices, schema.Swallowed(doc)...)
}

// environmentName is --env, or else CLOUDFLARE_ENV.
func (r *reading) environmentName() string {
	if r.options.Env != nil {
		return *r.options.Env
	}
	name, _ := r.getenv("CLOUDFLARE_ENV")
	return name
}
