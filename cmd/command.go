// Package emucmd is the emu command line: a file for each verb, over what the packages below do.
package emucmd

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/emulator/program"
)

// Command is one run of the command line with its surroundings.
type Command struct {
	Args           []string // without the program's name
	Stdout, Stderr io.Writer
	// Dir is the working directory, absolute.
	Dir string
	// Environ is the environment, as os.Environ lists it.
	Environ []string
	// Signals ends what runs: gracefully at the first, at once at the second.
	Signals <-chan os.Signal
	// Maker makes the Worker that this process serves. It is nil for emu itself, which starts the
	// program that it builds.
	Maker program.Maker

	built  *program.Executable // to be started in place of one that is built; nil is none
	link   *program.Link       // to the emu that this process serves for; nil is none
	logged *devserver.Log      // as the flags describe it; nil before they are read
}

// log is a log on the command's streams.
func (c *Command) log(level devserver.Level) *devserver.Log {
	return &devserver.Log{Out: c.Stdout, Err: c.Stderr, Level: level, Style: c.style(c.Stderr), Dir: c.Dir}
}

// style is how diagnostics are written to a stream: wrapped on a terminal, and in colours unless
// the user has disabled them.
func (c *Command) style(w io.Writer) diagnostic.Style {
	f, ok := w.(*os.File)
	if !ok {
		return diagnostic.Unwrapped
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return diagnostic.Unwrapped
	}
	if v, _ := c.getenv("NO_COLOR"); v != "" {
		return diagnostic.Wrapped
	}
	return diagnostic.Colored
}

// getenv looks up a variable of the environment, whose last entry counts.
func (c *Command) getenv(name string) (value string, ok bool) {
	for _, v := range c.Environ {
		if len(v) > len(name) && v[len(name)] == '=' && v[:len(name)] == name {
			value, ok = v[len(name)+1:], true
		}
	}
	return value, ok
}

// path makes a path that the user has given absolute.
func (c *Command) path(p string) string { return config.In(c.Dir, p) }

// relative is a path as it is written from the working directory.
func (c *Command) relative(path string) string {
	if rel, err := filepath.Rel(c.Dir, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return path
}

// beside is the folder of the configuration, or the working directory without one.
func (c *Command) beside(cfg *config.Config) string {
	if cfg.UserPath != "" {
		return filepath.Dir(cfg.UserPath)
	}
	return c.Dir
}

// registered are the names of the Worker's classes; nil is unknown.
func (c *Command) registered() (names []string, err error) {
	if c.Maker == nil {
		return nil, nil
	}
	p, err := c.Maker.Make(context.Background())
	if err != nil {
		return nil, err
	}
	names = []string{}
	for _, class := range p.Classes {
		names = append(names, class.Name())
	}
	return names, p.Close()
}

// printJSON prints an object. The command ends with 1 unless ok.
func (c *Command) printJSON(v any, ok bool) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	io.WriteString(c.Stdout, string(text)+"\n")
	if !ok {
		return &exit{code: exitError}
	}
	return nil
}
