package emucmd

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/migrations"
)

// deployed is the configuration to compare with.
type deployed struct {
	config *config.Config // nil if it is not known
	name   string
	text   []byte // of the file
	// wrong are the errors of the file. missing names the environment that it does not define.
	wrong   []diagnostic.Diagnostic
	missing string
}

// read returns the text of the deployed file, whose lines diagnostics show.
func (d *deployed) read(file string) ([]byte, error) {
	if file != d.name || d.text == nil {
		return nil, errors.New("not the deployed file")
	}
	return d.text, nil
}

// findDeployed finds the configuration to compare with.
func findDeployed(c *Command, cfg *config.Config, o *historyFlags) (*deployed, error) {
	switch {
	case o.assume != "":
		cut, err := migrations.Deployed(cfg, o.assume)
		return &deployed{config: cut, name: "migration " + o.assume}, err
	case o.against != "":
		return against(c, cfg, o)
	}
	return &deployed{}, nil
}

// against reads the file that --against names.
func against(c *Command, cfg *config.Config, o *historyFlags) (*deployed, error) {
	d := &deployed{name: o.against}
	file := c.path(o.against)
	var err error
	if d.text, err = os.ReadFile(file); err != nil {
		if !strings.Contains(o.against, ":") || filepath.VolumeName(o.against) != "" {
			return nil, diagnostic.NewError("cannot read the deployed configuration: "+err.Error(), "--against FILE, or GITREF:PATH such as origin/main:wrangler.jsonc")
		}
		if d.text, err = gitShow(c, cfg, o.against); err != nil {
			return nil, err
		}
	}
	options := o.options(c)
	// A Worker without a name is named after its folder, which is today's.
	options.Config = filepath.Join(c.beside(cfg), path.Base(filepath.ToSlash(o.against)))
	options.Past = &config.Past{Name: d.name, Text: d.text}
	r := config.Load(options)
	if r.Config == nil {
		d.wrong = r.Errors
		// An environment that the file does not define has never been deployed.
		options.Env = new(string)
		if top := config.Load(options).Config; top != nil && cfg.Env != "" && !slices.Contains(top.DefinedEnvironments, cfg.Env) {
			d.wrong, d.missing = nil, fmt.Sprintf("%s has no environment %q", d.name, cfg.Env)
		}
	}
	d.config = r.Config
	return d, nil
}

// gitShow reads a file of a commit in the repository of a configuration.
func gitShow(c *Command, cfg *config.Config, name string) ([]byte, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, diagnostic.NewError(fmt.Sprintf("there is no git command to read %s with", name), "install git, or give the deployed file: --against FILE")
	}
	var said bytes.Buffer
	show := exec.Command(git, "show", "--end-of-options", name)
	show.Dir = c.beside(cfg)
	show.Env = append(slices.Clone(c.Environ), "LC_ALL=C")
	show.Stderr = &said
	text, err := show.Output()
	if err == nil {
		return text, nil
	}
	why, hint := err.Error(), "fetch the commit first: the checkout of a CI job often has only its own"
	if lines := strings.Split(strings.TrimSpace(said.String()), "\n"); lines[0] != "" {
		why = strings.TrimSuffix(strings.TrimPrefix(lines[0], "fatal: "), ".")
		switch {
		case len(lines) > 1:
			hint = strings.TrimPrefix(lines[1], "hint: ")
		case strings.Contains(why, "does not exist in"):
			hint = "the path is from the top of the repository"
		case strings.Contains(why, "not a git repository"):
			hint = "give the deployed file: --against FILE"
		}
	}
	return nil, diagnostic.NewError(fmt.Sprintf("git cannot show %s: %s", name, why), hint)
}
