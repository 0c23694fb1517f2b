package emucmd

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/terminal"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/program"
)

// projectFiles are templates of a new project's files.
//
//go:embed all:project
var projectFiles embed.FS

const (
	projectDir    = "project"
	projectSuffix = ".tmpl"
)

// project is the data of the templates.
type project struct {
	Name    string // the Worker's
	Module  string // the Go module's
	Date    string // the compatibility date
	Emu     string // program.Emu
	Version string // of program.Emu
	Replace string // the folder of a checkout of program.Emu, as go.mod has it; "" is none
}

func initCommand(c *Command) *cobra.Command {
	var checkout string
	cmd := &cobra.Command{
		Use:   "init DIR",
		Short: "Make a new project",
		Long: `Makes a Go project in DIR: a chat room that hibernates, its test, and the
configuration of the Worker in front of it. Nothing that exists is overwritten.

An emu that was built from a checkout does not know of a version of its module
that others could fetch: then --emu-path says where the checkout is.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return diagnostic.NewError("emu init takes the folder of the new project", "emu init hello")
			}
			if args[0] == "" {
				return diagnostic.NewError("the folder of the new project has no name", "emu init hello, or emu init . for the folder you are in")
			}
			return nil
		},
		Example: "  emu init hello && cd hello && go test ./... && emu dev",
		RunE:    func(_ *cobra.Command, args []string) error { return runInit(c, args[0], checkout) },
	}
	cmd.Flags().StringVar(&checkout, "emu-path", "", "`folder` of a checkout of emu, for go.mod to point to")
	return cmd
}

func runInit(c *Command, dir, checkout string) error {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return diagnostic.NewError("there is no go command to make a Go module with", "install Go from https://go.dev/dl/")
	}
	p := project{Date: emulator.DefaultCompatibilityDate, Emu: program.Emu}
	target := c.path(dir)
	if info, err := os.Stat(target); err == nil && !info.IsDir() {
		return diagnostic.NewError(dir+" is a file", "emu init takes the folder of the new project")
	}
	p.Name = program.WorkerName(target)
	p.Module = "example.com/" + p.Name
	if checkout == "" {
		info, _ := debug.ReadBuildInfo()
		if p.Version = program.Released(info); p.Version == "" {
			return diagnostic.NewError("this emu was built from a checkout: no version of its module is known that go.mod could ask for",
				"say where the checkout is: emu init "+quoted(dir)+" --emu-path FOLDER")
		}
	} else {
		p.Version = "v0.0.0"
		if p.Replace, err = replacement(c, target, checkout); err != nil {
			return err
		}
	}
	files, err := p.files()
	if err != nil {
		return err
	}
	if err := writeNew(target, files); err != nil {
		return err
	}
	tidy := exec.Command(goTool, "mod", "tidy")
	tidy.Dir, tidy.Env, tidy.Stderr = target, append(c.Environ, "PWD="+target), c.Stderr
	again := "cd " + quoted(dir) + " && go mod tidy"
	if err := tidy.Run(); err != nil {
		return diagnostic.NewError("the files are written, but go mod tidy failed: "+err.Error(), again)
	}
	for _, f := range files {
		fmt.Fprintln(c.Stdout, terminal.Line(filepath.Join(dir, f.name)))
	}
	fmt.Fprintf(c.Stdout, "\ncd %s && %sgo test ./... && emu dev\n", quoted(dir), joining(c, goTool, target))
	return nil
}

// joining is the command that adds a module to the go.work above it, if there is one: the go command
// refuses modules that the workspace does not use.
func joining(c *Command, goTool, dir string) string {
	env := exec.Command(goTool, "env", "GOWORK")
	env.Dir, env.Env = dir, append(c.Environ, "PWD="+dir)
	if at, err := env.Output(); err != nil || slices.Contains([]string{"", "off"}, strings.TrimSpace(string(at))) {
		return ""
	}
	return "go work use . && "
}

// quoted is a path as one word of a command line.
func quoted(path string) string {
	if !strings.ContainsAny(path, " \t\"'`$&;|<>()*?[]!#") {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// replacement is how go.mod in dir names a checkout of emu.
func replacement(c *Command, dir, checkout string) (string, error) {
	at := c.path(checkout)
	mod, err := os.ReadFile(filepath.Join(at, "go.mod"))
	if err != nil || !regexp.MustCompile(`(?m)^module `+regexp.QuoteMeta(program.Emu)+`\s*$`).Match(mod) {
		return "", diagnostic.NewError(checkout+" is not a checkout of emu: it has no go.mod of module "+program.Emu,
			"give the folder that emu was built in; go.mod is in it")
	}
	if !filepath.IsAbs(checkout) {
		rel, err := filepath.Rel(dir, at)
		if err != nil {
			return "", fmt.Errorf("cannot point from %s to %s: %w", dir, checkout, err)
		}
		at = filepath.ToSlash(rel)
	}
	if strings.ContainsAny(at, " \t\"'`") {
		at = strconv.Quote(at)
	}
	return at, nil
}

// newFile is a file of a new project.
type newFile struct {
	name string // with slashes
	text []byte
}

// files are the files of the project, ordered by name.
func (p *project) files() (list []newFile, err error) {
	err = fs.WalkDir(projectFiles, projectDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		t, err := template.ParseFS(projectFiles, path)
		if err != nil {
			return err
		}
		var text bytes.Buffer
		if err := t.Execute(&text, p); err != nil {
			return err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(path, projectDir+"/"), projectSuffix)
		list = append(list, newFile{name, text.Bytes()})
		return nil
	})
	return list, err
}

// writeNew writes files below a folder, unless one of them exists already.
func writeNew(dir string, files []newFile) error {
	var there []string
	for _, name := range append([]string{"go.sum"}, names(files)...) {
		if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(name))); !errors.Is(err, fs.ErrNotExist) {
			there = append(there, name)
		}
	}
	if link := notFolder(dir, files); link != "" {
		return diagnostic.NewError("nothing is written, for "+link+" is no folder, but a link or a file", "choose another folder")
	}
	if there != nil {
		slices.Sort(there)
		return diagnostic.NewError("nothing is written, for these files exist already: "+strings.Join(there, ", "), "choose another folder")
	}
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return err
		}
		_, err = out.Write(f.text)
		if err = cmp.Or(err, out.Close()); err != nil {
			return err
		}
	}
	return nil
}

// notFolder finds a link or a file below dir where the new files need a folder. A link would lead
// out of the project.
func notFolder(dir string, files []newFile) string {
	for _, f := range files {
		for folder := path.Dir(f.name); folder != "."; folder = path.Dir(folder) {
			if info, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(folder))); err == nil && !info.IsDir() {
				return folder
			}
		}
	}
	return ""
}

func names(files []newFile) (list []string) {
	for _, f := range files {
		list = append(list, f.name)
	}
	return list
}
