package schema

import (
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// Document is a configuration as it was read, with what decides how it is checked.
type Document struct {
	File   *tree.Value // the whole file, a table
	Source *diagnostic.Source
	// Path names the file; its ending is the format.
	Path string
	// Redirected is a file that a build tool has written.
	Redirected bool
	// Env is the environment that is asked for, "" for the top level; EnvByFlag that it is
	// by --env, not by CLOUDFLARE_ENV.
	Env       string
	EnvByFlag bool
	// Script is the entry point that the command line names in place of main.
	Script string
	// NoExperimentalWarning leaves out the warnings of experimental fields.
	NoExperimentalWarning bool
}

// toml reports whether the file is TOML.
func (d *Document) toml() bool { return strings.HasSuffix(d.Path, ".toml") }

// Environment is the fields of the top level or of a named environment after
// inheritance.
//
// Source: https://developers.cloudflare.com/workers/wrangler/environments/
type Environment map[string]*tree.Value

// Get is the value of a field, nil if it has none.
func (e Environment) Get(field string) *tree.Value { return e[field] }

// checking is one run of [Check].
type checking struct {
	Document
	active Environment              // the fields that count, as far as they are known
	bound  map[string][]*tree.Value // where names are bound, once asked for
}
