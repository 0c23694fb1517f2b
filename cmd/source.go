package emucmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/config"
)

// source says which configuration is meant, and what changes its meaning.
type source struct {
	cmd      *cobra.Command
	config   string
	env      string
	envFiles []string
	vars     []string
	protocol string
	script   string
}

// add defines the flags that every command with a configuration has.
func (s *source) add(cmd *cobra.Command) {
	s.cmd = cmd
	f := cmd.Flags()
	f.VarP((*once)(&s.config), "config", "c", "configuration `file` (default: wrangler.json, .jsonc or .toml, here or above)")
	f.StringVarP(&s.env, "env", "e", "", "environment of the configuration")
	f.StringArrayVar(&s.envFiles, "env-file", nil, "`file` of variables in place of .dev.vars; may be repeated")
}

// once is a flag that is given at most once: Wrangler takes several
// configurations, of Workers that run together, and emu runs one.
type once string

func (o *once) String() string { return string(*o) }

func (o *once) Type() string { return "string" }

func (o *once) Set(value string) error {
	if *o != "" {
		return fmt.Errorf("there is %s already, and emu runs one Worker", *o)
	}
	*o = once(value)
	return nil
}

// options are those of [config.Load].
func (s *source) options(c *Command) config.Options {
	o := config.Options{
		Config: s.config, Dir: c.Dir, EnvFiles: s.envFiles, Vars: s.vars, Script: s.script, LocalProtocol: s.protocol,
		Getenv: c.getenv, Environ: c.Environ,
	}
	if s.cmd.Flags().Changed("env") {
		o.Env = &s.env
	}
	return o
}

// checkEnvFiles refuses files of --env-file that cannot be read: nothing else
// would be said of them. dir is where they are looked for.
func (s *source) checkEnvFiles(dir string) error {
	for _, name := range s.envFiles {
		path := filepath.FromSlash(name)
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		info, err := os.Stat(path)
		hint := "--env-file takes a file of variables, from the folder of the configuration: " + dir
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return &usage{"--env-file " + name + ": no such file", hint}
		case err == nil && info.IsDir():
			return &usage{"--env-file " + name + " is a folder", hint}
		}
	}
	return nil
}

// script takes at most one argument, a script.
func (s *source) args(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return &usage{fmt.Sprintf("%s takes one script, not %d arguments", cmd.CommandPath(), len(args)), "see " + cmd.CommandPath() + " --help"}
	}
	if len(args) == 1 {
		s.script = args[0]
	}
	return nil
}

// oneOf checks a flag that takes one of some words, in Wrangler's terms.
func oneOf(flag, given string, choices ...string) error {
	quoted := ""
	for i, c := range choices {
		if c == given {
			return nil
		}
		if i > 0 {
			quoted += ", "
		}
		quoted += fmt.Sprintf("%q", c)
	}
	return &usage{fmt.Sprintf(msgInvalidValue, flag, given, quoted), ""}
}
