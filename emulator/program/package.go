package program

// https://developers.cloudflare.com/workers/wrangler/configuration/ (main)

import (
	"errors"
	"fmt"
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// Package is a Go package main that serves a Worker.
type Package struct {
	// Dir is the folder of the Go package, absolute.
	Dir string
	// Instead is the configured main that this package replaces, such as src/index.ts; "" if
	// the package itself is configured.
	Instead string

	direct bool // the package itself imports workerPackage
}

// workerPackage is the package whose Main a program calls.
const workerPackage = Emu + "/emulator/worker"

// Find finds the Go package to run: that of a script, if one is given, or else of the
// configuration's main. dir is the working directory. If it returns a diagnostic, the package is
// the one that cannot be run, nil if none is named.
func Find(c *config.Config, script, dir string) (*Package, *diagnostic.Diagnostic) {
	main := c.Main
	if script != "" {
		main = config.In(dir, script)
	}
	if main == "" && c.Path == "" {
		return nil, &diagnostic.Diagnostic{Text: "there is no wrangler.jsonc, wrangler.json or wrangler.toml here or above: emu does not know which program to run",
			Hint: "emu init DIR makes a project; --config FILE names a configuration, and emu dev FOLDER a Go package main"}
	}
	if main == "" {
		d := &diagnostic.Diagnostic{Text: "there is no main: emu does not know which program to run",
			Hint: `add "main": "./src" to the configuration, a folder with a Go package main`}
		d.Place.File = Shown(dir, c.Path)
		return nil, d
	}
	p := &Package{Dir: main}
	info, err := os.Stat(main)
	mistyped := err != nil && filepath.Ext(main) == "" // the name of a folder, not of JavaScript that is gone
	if !mistyped && (err != nil || !info.IsDir()) {
		p.Dir = filepath.Dir(main)
		if filepath.Ext(main) != ".go" {
			p.Instead = Shown(dir, main)
		}
	}
	if err := p.check(); err != nil {
		d := &diagnostic.Diagnostic{
			Text: fmt.Sprintf("cannot run %s: %v", Shown(dir, main), err),
			Hint: "emu runs Go: put a package main that calls worker.Main into " + Shown(dir, p.Dir) + ", or let main name its folder",
		}
		if script == "" {
			d.Place = c.MainPlace
		}
		return p, d
	}
	return p, nil
}

// check looks at the package without building it.
func (p *Package) check() error {
	if _, err := os.Stat(p.Dir); errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no such folder")
	}
	here := build.Default // is set up by $GOOS and $GOARCH
	if here.GOOS != runtime.GOOS || here.GOARCH != runtime.GOARCH {
		here.GOOS, here.GOARCH, here.CgoEnabled = runtime.GOOS, runtime.GOARCH, os.Getenv("CGO_ENABLED") != "0"
	}
	pkg, err := here.ImportDir(p.Dir, 0)
	var none *build.NoGoError
	var several *build.MultiplePackageError
	switch {
	case errors.As(err, &none) && len(pkg.IgnoredGoFiles) > 0:
		return fmt.Errorf("build constraints exclude all Go files in its folder on %s/%s: %s", runtime.GOOS, runtime.GOARCH, strings.Join(pkg.IgnoredGoFiles, ", "))
	case errors.As(err, &none):
		return errors.New("there is no Go package in its folder")
	case errors.As(err, &several):
		return fmt.Errorf("there are several Go packages in its folder: %s in %s, and %s in %s",
			several.Packages[0], several.Files[0], several.Packages[1], several.Files[1])
	case err != nil:
		p.direct = true // the build reports it better
	case len(pkg.GoFiles)+len(pkg.CgoFiles) == 0:
		return errors.New("the Go files in its folder are tests")
	case pkg.Name != "main":
		return fmt.Errorf("the Go package in its folder is package %s, not package main", pkg.Name)
	default:
		p.direct = slices.Contains(pkg.Imports, workerPackage)
	}
	return nil
}

// Shown is a path as a user in dir would write it.
func Shown(dir, path string) string {
	if rel, err := filepath.Rel(dir, path); err == nil && len(rel) < len(path) {
		path = rel
	}
	return filepath.ToSlash(path)
}

// Path is the folder as an argument of the go command: ./src.
func (p *Package) Path(dir string) string {
	s := Shown(dir, p.Dir)
	if s == "." || strings.HasPrefix(s, "../") || filepath.IsAbs(s) {
		return s
	}
	return "./" + strings.TrimPrefix(s, "./")
}

// Notice says which package is run instead of the entry point.
func (p *Package) Notice(dir string) string {
	return fmt.Sprintf("main %s is not run; serving Go package %s", p.Instead, p.Path(dir))
}
