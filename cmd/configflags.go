package emucmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// configFlags are the flags that choose a configuration and change what it means.
type configFlags struct {
	cmd      *cobra.Command
	config   string
	env      string
	envFiles []string
	vars     []string
	protocol string
	script   string
}

// add defines the flags that every command with a configuration has.
func (o *configFlags) add(cmd *cobra.Command) {
	o.cmd = cmd
	f := cmd.Flags()
	f.VarP((*once)(&o.config), "config", "c", "configuration `file` (default: wrangler.json, .jsonc or .toml, here or above)")
	f.StringVarP(&o.env, "env", "e", "", "environment of the configuration")
	f.StringArrayVar(&o.envFiles, "env-file", nil, "`file` of variables in place of .dev.vars; may be repeated")
}

// once is a flag that is given at most once. Wrangler takes several configurations, of Workers that
// run together; emu runs one Worker.
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

// options makes the options of [config.Load] from the flags.
func (o *configFlags) options(c *Command) config.Options {
	options := config.Options{
		Config: o.config, Dir: c.Dir, EnvFiles: o.envFiles, Vars: o.vars, Script: o.script, LocalProtocol: o.protocol,
		Getenv: c.getenv, Environ: c.Environ,
	}
	if o.cmd.Flags().Changed("env") {
		options.Env = &o.env
	}
	return options
}

// checkEnvFiles refuses files of --env-file that cannot be read. Without it they would be ignored.
// Relative names are looked up in dir.
func (o *configFlags) checkEnvFiles(dir string) error {
	for _, name := range o.envFiles {
		path := config.In(dir, filepath.FromSlash(name))
		info, err := os.Stat(path)
		hint := "--env-file takes a file of variables, from the folder of the configuration: " + dir
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return diagnostic.NewError("--env-file "+name+": no such file", hint)
		case err == nil && info.IsDir():
			return diagnostic.NewError("--env-file "+name+" is a folder", hint)
		}
	}
	return nil
}

// args takes at most one argument, a script.
func (o *configFlags) args(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return diagnostic.NewError(fmt.Sprintf("%s takes one script, not %d arguments", cmd.CommandPath(), len(args)), "see "+cmd.CommandPath()+" --help")
	}
	if len(args) == 1 {
		o.script = args[0]
	}
	return nil
}
