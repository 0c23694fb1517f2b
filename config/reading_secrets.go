package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/schema"
	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// loadSecrets adds the variables of .dev.vars, of .env files and of --var.
//
// Source: https://developers.cloudflare.com/workers/configuration/secrets/#local-development-with-secrets
func (r *reading) loadSecrets() {
	loaded, ok := r.readSecrets()
	if !ok {
		return
	}
	c := r.result.Config
	required := r.active.Get("secrets").Get("required")
	var names []string
	for _, m := range required.Entries() {
		names = append(names, m.Value.Text())
	}
	declared := r.active.Get("secrets").IsGiven()
	bound := schema.BoundNames(r.active)
	at := map[string]int{} // the index of each variable in c.Vars
	for i, v := range c.Vars {
		at[v.Name] = i
	}
	set := func(v variable) {
		secret := Var{Name: v.name, IsText: true, Text: v.text, JSON: tree.AppendString(nil, v.text), Secret: true}
		if i, ok := at[v.name]; ok {
			c.Vars[i] = secret
			return
		}
		at[v.name] = len(c.Vars)
		c.Vars = append(c.Vars, secret)
	}
	for _, v := range loaded.list {
		// If the configuration declares secrets, a file adds no others. A file can set any
		// variable of the configuration, and no binding of another kind.
		if _, there := at[v.name]; declared && !there && !slices.Contains(names, v.name) || bound[v.name] {
			continue
		}
		set(v)
	}
	var missing []string
	for _, name := range names {
		if !loaded.has(name) {
			missing = append(missing, name)
		}
	}
	for _, v := range r.options.Vars {
		name, value, _ := strings.Cut(v, ":")
		set(variable{name: name, text: value})
		missing = slices.DeleteFunc(missing, func(m string) bool { return m == name })
	}
	if len(missing) > 0 {
		d := diagnostic.Diagnostic{Severity: diagnostic.SeverityWarning, Text: fmt.Sprintf(msgMissingSecrets, strings.Join(missing, ", "))}
		if required.End > 0 {
			d.Place, d.LineText = r.place(required), r.source.LineText(required.Start)
		}
		r.result.Notices = append(r.result.Notices, d)
	}
}

// readSecrets reads .dev.vars, or the .env files if there is no .dev.vars.
func (r *reading) readSecrets() (loaded variables, ok bool) {
	dir := r.dir
	if r.files.user != "" {
		dir = filepath.Dir(r.files.user)
	}
	if len(r.options.EnvFiles) == 0 {
		names := []string{".dev.vars"}
		if r.options.Env != nil {
			names = []string{".dev.vars." + *r.options.Env, ".dev.vars"}
		}
		for _, name := range names {
			path := filepath.Join(dir, name)
			// The first of these files that exists is the only one to be read: .env files do
			// not count beside it. Its values are not expanded.
			if vars, read := r.readDotenv(path); read {
				r.result.SecretFiles = append(r.result.SecretFiles, r.shown(path))
				for _, v := range vars {
					loaded.set(v.name, v.text)
				}
				return loaded, true
			}
		}
	}
	dotenv, ok := r.boolean("CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV", true)
	if !ok {
		return loaded, false
	}
	process, ok := r.boolean("CLOUDFLARE_INCLUDE_PROCESS_ENV", false)
	if !ok || !dotenv {
		return loaded, ok
	}
	files := r.options.EnvFiles
	if len(files) == 0 {
		files = []string{".env", ".env.local"}
		if r.options.Env != nil {
			files = append(files, ".env."+*r.options.Env, ".env."+*r.options.Env+".local")
		}
	}
	for _, name := range files {
		path := In(dir, filepath.FromSlash(name))
		vars, read := r.readDotenv(path)
		if read {
			r.result.SecretFiles = append(r.result.SecretFiles, r.shown(path))
		}
		for _, v := range vars {
			loaded.put(v)
		}
	}
	var environment variables
	// Secrets that are declared may come from the process, whatever the flag says.
	if process || r.active.Get("secrets").IsGiven() {
		r.result.SecretFiles = append(r.result.SecretFiles, "process.env")
		for _, v := range r.options.Environ {
			if name, value, ok := strings.Cut(v, "="); ok && name != "" {
				environment.set(name, value)
			}
		}
	}
	expanded, d := expand(loaded.list, environment)
	if d != nil {
		r.result.Config = nil
		return expanded, r.refuse(*d)
	}
	return expanded, true
}

// boolean reads a variable of the process's environment that is true or false.
func (r *reading) boolean(name string, otherwise bool) (is, ok bool) {
	v, given := r.getenv(name)
	switch {
	case !given:
		return otherwise, true
	case strings.EqualFold(v, "true"):
		return true, true
	case strings.EqualFold(v, "false"):
		return false, true
	}
	r.result.Config = nil
	return false, r.refuse(diagnostic.Diagnostic{Text: fmt.Sprintf(msgBooleanEnv, name, string(tree.AppendString(nil, v)))})
}

func (r *reading) readDotenv(path string) ([]variable, bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, false
	}
	return parseDotenv(r.shown(path), string(data)), true
}
