package schema

import (
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// Document is a configuration to check, with the options that the checks depend on.
type Document struct {
	File   *tree.Value // the whole file, a table
	Source *diagnostic.Source
	// Path is the file, which has the extension of its format.
	Path string
	// Redirected means that a build tool has written the file.
	Redirected bool
	// Env is the environment to choose, "" for the top level. EnvByFlag means that --env
	// names it, and not CLOUDFLARE_ENV.
	Env       string
	EnvByFlag bool
	// Script is the script that the command line names instead of main.
	Script string
	// NoExperimentalWarning suppresses the warnings about experimental fields.
	NoExperimentalWarning bool
}

// toml reports whether the file is TOML.
func (d *Document) toml() bool { return strings.HasSuffix(d.Path, ".toml") }

// Environment holds the fields of the top level or of a named environment, after
// inheritance and with defaults.
//
// Source: https://developers.cloudflare.com/workers/wrangler/environments/
type Environment map[string]*tree.Value

// Get returns the value of a field, nil if there is none.
func (e Environment) Get(field string) *tree.Value { return e[field] }

// checking is one run of [Check].
type checking struct {
	Document
	active Environment              // the chosen environment, or the one that readEnvironment is reading
	bound  map[string][]*tree.Value // the places at which each name is bound; function places makes it
}
