// Package config reads the configuration of a Worker as Wrangler does.
//
// [Load] finds wrangler.jsonc, wrangler.json or wrangler.toml, chooses the environment, adds
// the secrets of .dev.vars or .env, and returns a [Config] or Wrangler's errors, each with its
// place.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/
package config

import (
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/internal/schema"
	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// Config is a valid configuration. Its environment is chosen, what that inherits is in it, and
// its paths are absolute.
type Config struct {
	// Path is the configuration file, absolute; "" if there is none.
	Path string
	// File is Path as diagnostics show it.
	File string
	// UserPath is the file that the user wrote. It differs from Path if a build tool redirects
	// to a file of its own. .dev.vars and the state folder are beside UserPath.
	UserPath string
	// Name is the Worker's name with the environment's suffix. If the configuration has no
	// name, NameGiven is false and Name is that of its folder.
	Name      string
	NameGiven bool
	// RouteHost is the host of the first route. The Worker sees it in request.url.
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
	// Migrations are the steps in order. MigrationsPlace is the place of the field's key.
	Migrations      []Migration
	MigrationsPlace diagnostic.Place
	Exports         []Export
	// Vars are the variables and secrets, in the order of the file.
	Vars []Var
	// Services are the service bindings, which name other Workers.
	Services []Service
	Dev      Dev
	// NotEmulated are the fields that have an effect in wrangler dev and none in emu. A field
	// that only a deployment uses is not among them.
	NotEmulated []Field

	environment schema.Environment
	dev         *tree.Value // the dev block with its defaults
	dateGiven   bool        // compatibility_date is a string, even an empty one
	datePlace   diagnostic.Place
	flagPlaces  map[string]diagnostic.Place
}

// Field is a field of the configuration.
type Field = schema.Field

// DurableObjectBinding is an element of durable_objects.bindings.
type DurableObjectBinding struct {
	Name, ClassName, ScriptName, Environment string
	Place, ClassPlace                        diagnostic.Place
}

// Migration is a step of migrations.
type Migration struct {
	Tag                string           `json:"tag,omitempty"`
	NewClasses         []ClassRef       `json:"new_classes,omitempty"`
	NewSQLiteClasses   []ClassRef       `json:"new_sqlite_classes,omitempty"`
	RenamedClasses     []Rename         `json:"renamed_classes,omitempty"`
	DeletedClasses     []ClassRef       `json:"deleted_classes,omitempty"`
	TransferredClasses []Transferred    `json:"transferred_classes,omitempty"`
	Place              diagnostic.Place `json:"-"`
}

// ClassRef is a class name in a list of classes.
type ClassRef struct {
	Name  string
	Place diagnostic.Place
}

// MarshalText writes the name alone.
func (c ClassRef) MarshalText() ([]byte, error) { return []byte(c.Name), nil }

// UnmarshalText reads the name.
func (c *ClassRef) UnmarshalText(name []byte) error {
	c.Name = string(name)
	return nil
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

// Var is a variable or a secret. JSON is its value. If that is a string, IsText is true and
// Text is the string. The value of a Secret is never printed.
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

// Dev is the dev block. A field that is not given is zero; Port is then -1.
type Dev struct {
	IP, LocalProtocol, Host string
	Port                    int
	// UpstreamProtocol is the protocol in request.url. Its default is LocalProtocol.
	UpstreamProtocol string
}

// Options say which configuration to read.
type Options struct {
	// Config is --config. If it is "", Load searches upwards from Dir as Wrangler does.
	Config string
	// Past is read in place of the file that Config names, unless it is nil.
	Past *Past
	// Dir is the working directory; "" is the process's.
	Dir string
	// Env is --env. If it is nil, CLOUDFLARE_ENV names the environment.
	Env *string
	// EnvFiles are --env-file.
	EnvFiles []string
	// Vars are --var name:value.
	Vars []string
	// Name, CompatibilityDate and CompatibilityFlags are --name, --compatibility-date
	// and --compatibility-flag. Each replaces the field of the configuration, unless it
	// is "" or nil.
	Name               string
	CompatibilityDate  *string
	CompatibilityFlags []string
	// Script is the script that the command line names instead of main.
	Script string
	// LocalProtocol is --local-protocol.
	LocalProtocol string
	// Getenv reads the process's environment. If it is nil, no variable is set.
	Getenv func(string) (string, bool)
	// Environ lists the process's environment as os.Environ does. Its variables become secrets
	// if CLOUDFLARE_INCLUDE_PROCESS_ENV is true.
	Environ []string
}

// Past is an earlier version of a configuration file, for example that of a commit.
// Load reads no secrets for it.
type Past struct {
	Name string // in diagnostics, such as HEAD~1:wrangler.jsonc
	Text []byte
}

// Result is what [Load] returns. Config is nil if there are errors.
type Result struct {
	Config   *Config
	Errors   []diagnostic.Diagnostic
	Warnings []diagnostic.Diagnostic
	// SecretFiles are the files that secrets came from, relative to Dir.
	SecretFiles []string
	// Notices tell whoever starts the Worker what is no fault of the file: that a build tool
	// redirects to another file, or that a secret is missing.
	Notices []diagnostic.Diagnostic
}
