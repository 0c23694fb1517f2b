// Package config reads a Worker's configuration: wrangler.jsonc, wrangler.json
// or wrangler.toml with the environment and .dev.vars that go with it, into a
// [Config] and the diagnostics that Wrangler would give, each with its place.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/
package config

import (
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/schema"
	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// Config is a valid configuration, normalised: environment chosen, inheritance
// applied, paths absolute.
type Config struct {
	// Path is the configuration file, absolute; "" if there is none.
	Path string
	// File is Path as diagnostics show it.
	File string
	// UserPath is the file that the user wrote: Path, unless a build tool
	// redirects to another. .dev.vars and the state folder stand beside it.
	UserPath string
	// Name is the Worker's name with the environment's suffix. A config
	// without a name gets one of its folder; NameGiven is then false.
	Name      string
	NameGiven bool
	// RouteHost is the host of the first route, which the addresses have that the Worker sees.
	RouteHost string
	// TopLevelName is the name without an environment's suffix.
	TopLevelName string
	// Env is the active environment, "" for the top level.
	Env                 string
	DefinedEnvironments []string
	// Main is the entry point, absolute; "" if none.
	Main      string
	MainPlace diagnostic.Place
	// CompatibilityDate is "" if none is given.
	CompatibilityDate  string
	CompatibilityFlags []string
	Bindings           []DurableObjectBinding
	// Migrations are the steps in order; MigrationsPlace is the field's place.
	Migrations      []Migration
	MigrationsPlace diagnostic.Place
	Exports         []Export
	// Vars are the variables and secrets, in order of the file.
	Vars []Var
	// Services are the service bindings, which name other Workers.
	Services []Service
	Dev      Dev
	// NotEmulated are the fields that are given and valid and would do something with
	// wrangler dev, and do nothing here. Those that only a deployment looks at are not
	// among them.
	NotEmulated []Field

	environment schema.Environment
	dev         *tree.Value // the dev block with its defaults
	dateGiven   bool        // there is a compatibility date, be it empty
	datePlace   diagnostic.Place
	flagPlaces  map[string]diagnostic.Place
}

// Field is a field of the configuration with the page that documents it. Bindings are
// the names that it binds, nil if it is no field of bindings.
type Field struct {
	Name     string
	Bindings []string
	Place    diagnostic.Place
	Page     string
}

// DurableObjectBinding is an element of durable_objects.bindings.
type DurableObjectBinding struct {
	Name, ClassName, ScriptName, Environment string
	Place, ClassPlace                        diagnostic.Place
}

// Migration is a step of migrations.
type Migration struct {
	Tag                string           `json:"tag"`
	NewClasses         []ClassRef       `json:"new_classes,omitempty"`
	NewSQLiteClasses   []ClassRef       `json:"new_sqlite_classes,omitempty"`
	RenamedClasses     []Rename         `json:"renamed_classes,omitempty"`
	DeletedClasses     []ClassRef       `json:"deleted_classes,omitempty"`
	TransferredClasses []Transferred    `json:"transferred_classes,omitempty"`
	Place              diagnostic.Place `json:"-"`
}

// ClassRef is a class name at its place.
type ClassRef struct {
	Name  string
	Place diagnostic.Place
}

// Rename is an element of renamed_classes.
type Rename struct {
	From  string           `json:"from"`
	To    string           `json:"to"`
	Place diagnostic.Place `json:"-"`
}

// Transferred is an element of transferred_classes.
type Transferred struct {
	From       string           `json:"from"`
	FromScript string           `json:"from_script"`
	To         string           `json:"to"`
	Place      diagnostic.Place `json:"-"`
}

// Export is a durable-object entry of exports. State is "created" if none is given.
type Export struct {
	ClassName, Storage, State              string
	RenamedTo, TransferredTo, TransferFrom string
	Place                                  diagnostic.Place
}

// Var is a variable or secret. JSON is its value as JSON; Text is set for a
// string. Secret values are not shown.
type Var struct {
	Name   string
	IsText bool
	Text   string
	JSON   []byte
	Secret bool
	Place  diagnostic.Place
}

// Service is a service binding.
type Service struct {
	Name, Service, Environment string
	Place                      diagnostic.Place
}

// Dev is the dev block; a zero field is not given (Port -1).
type Dev struct {
	IP, LocalProtocol, Host string
	Port                    int
	// UpstreamProtocol is that of the addresses that the Worker sees, LocalProtocol if it is not given.
	UpstreamProtocol string
}

// Options say which configuration to read.
type Options struct {
	// Config is --config; "" searches upwards as Wrangler does.
	Config string
	// Past, if not nil, is read in place of the file that Config names.
	Past *Past
	// Dir is the working directory; "" is the process's.
	Dir string
	// Env is --env; nil is not given, and then CLOUDFLARE_ENV counts.
	Env *string
	// EnvFiles are --env-file.
	EnvFiles []string
	// Vars are --var name:value.
	Vars []string
	// Name, CompatibilityDate and CompatibilityFlags are --name, --compatibility-date
	// and --compatibility-flag, which count in place of the configuration's; "" and nil
	// are not given.
	Name               string
	CompatibilityDate  *string
	CompatibilityFlags []string
	// Script is a positional script.
	Script string
	// LocalProtocol is --local-protocol.
	LocalProtocol string
	// Getenv reads the environment; nil is none.
	Getenv func(string) (string, bool)
	// Environ lists the environment as os.Environ does, for CLOUDFLARE_INCLUDE_PROCESS_ENV.
	Environ []string
}

// Past is a version of a configuration that is not what lies in its folder now,
// such as a commit's. Secrets are not read beside it.
type Past struct {
	Name string // in diagnostics, such as HEAD~1:wrangler.jsonc
	Text []byte
}

// Result is what came of reading a configuration. Config is nil if there are errors.
type Result struct {
	Config   *Config
	Errors   []diagnostic.Diagnostic
	Warnings []diagnostic.Diagnostic
	// SecretFiles are the files that secrets came from, as they are shown.
	SecretFiles []string
	// Notices are not about what the file says but are to be told at a start:
	// that a build tool redirects to another file, or that a secret is missing.
	Notices []diagnostic.Diagnostic
}
