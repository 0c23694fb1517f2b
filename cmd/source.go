package emucmd

import (
	"github.com/spf13/pflag"

	"github.com/seed-36a2c969/emu/config"
)

// sourceFlags say which configuration is meant and what changes its meaning.
type sourceFlags struct {
	config   string
	env      string
	envGiven bool
	envFiles []string
	vars     []string
	script   string
}

func (s *sourceFlags) add(f *pflag.FlagSet) {
	f.StringVarP(&s.config, "config", "c", "", "configuration file (default wrangler.json, .jsonc or .toml, here or above)")
	f.StringVarP(&s.env, "env", "e", "", "environment of the configuration")
	f.StringArrayVar(&s.envFiles, "env-file", nil, "file of variables instead of .dev.vars (may be repeated)")
	f.StringArrayVar(&s.vars, "var", nil, "variable as name:value (may be repeated)")
}

// options are those of [config.Load].
func (s *sourceFlags) options(c *Command) config.Options {
	o := config.Options{
		Config: s.config, Dir: c.Dir, EnvFiles: s.envFiles, Vars: s.vars, Script: s.script,
		Getenv: c.getenv, Environ: c.Environ,
	}
	if s.envGiven {
		o.Env = &s.env
	}
	return o
}
