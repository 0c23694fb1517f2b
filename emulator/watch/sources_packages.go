package watch

// https://pkg.go.dev/cmd/go#hdr-List_packages_or_modules

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed-36a2c969/emu/emulator/program"
)

// listed is a package in the output of go list.
type listed struct {
	ImportPath    string
	Dir           string // "" of one that is missing
	EmbedPatterns []string
	Module        *struct {
		Path, Dir string
		Main      bool
		GoMod     string
		Replace   *struct{ Version string }
	}
}

// own reports whether a package is the user's. Those of downloaded modules do not change.
func (p *listed) own() bool {
	return p.Module != nil && (p.Module.Main || p.Module.Replace != nil && p.Module.Replace.Version == "")
}

// listing is a program as the go command describes it.
type listing struct {
	packages []listed
	work     string   // go.work, "" if there is none
	replaced []string // folders of modules, from the module's go.mod
}

// maxRetry is the longest wait before a go command that has failed runs again.
const maxRetry = 16 * time.Second

// list finds the packages that the program is made of in the background, and sets them as inputs.
func (s *sources) list() {
	if s == nil {
		return
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listing != nil {
		s.listing()
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.listing = cancel
	dir, broken := s.dir, s.broken
	if dir == "" {
		return
	}
	s.done.Go(func() {
		defer cancel()
		// While the go command fails, the inputs are not known. What it needs, perhaps a go.mod,
		// may appear without an event, so it runs again.
		failed := false
		for wait := time.Second; ; wait = min(2*wait, maxRetry) {
			l := goList(ctx, goTool, dir, broken)
			if ctx.Err() != nil {
				return
			}
			if l.packages != nil {
				s.setInputs(dir, broken, l)
				if failed && broken {
					s.reportPolled(program.CodeChanged)
				}
				return
			}
			failed = true
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
		}
	})
}

// goList runs the go commands that describe the program in a folder.
func goList(ctx context.Context, goTool, dir string, broken bool) (l listing) {
	run := func(args ...string) []byte {
		c := exec.Command(goTool, args...)
		var out bytes.Buffer
		c.Dir, c.Env, c.Stdout = dir, program.Native(), &out
		if (&program.Child{Cmd: c, Apart: true}).Run(ctx) != nil {
			return nil
		}
		return out.Bytes()
	}
	for dec := json.NewDecoder(bytes.NewReader(run("list", "-e", "-deps", "-json=ImportPath,Dir,EmbedPatterns,Module", "."))); ; {
		var p listed
		if dec.Decode(&p) != nil {
			break
		}
		l.packages = append(l.packages, p)
	}
	if work := strings.TrimSpace(string(run("env", "GOWORK"))); work != "off" {
		l.work = work
	}
	if broken {
		var mod struct {
			Replace []struct {
				New struct{ Path, Version string }
			}
		}
		json.Unmarshal(run("mod", "edit", "-json"), &mod)
		for _, r := range mod.Replace {
			if r.New.Version == "" {
				l.replaced = append(l.replaced, r.New.Path)
			}
		}
	}
	return l
}

// setInputs watches the inputs of a listing. After a failed build that may be only a part of them,
// so they are added to those that are known.
func (s *sources) setInputs(dir string, broken bool, l listing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dir != dir {
		return
	}
	if !broken || s.files == nil {
		s.folders, s.files, s.embeds = map[string]bool{dir: true}, map[string]bool{}, nil
	}
	roots := map[string]string{} // folders of the user's modules, by their paths
	mainRoot := ""
	for _, p := range l.packages {
		if p.own() && p.Module.GoMod != "" {
			roots[p.Module.Path] = filepath.Dir(p.Module.GoMod)
			if p.Module.Main {
				mainRoot = roots[p.Module.Path]
			}
		}
	}
	var vendors []string
	for _, root := range roots {
		s.module(root)
		vendors = append(vendors, filepath.Join(root, "vendor"))
	}
	if l.work != "" {
		s.files[l.work], s.files[l.work+".sum"] = true, true
		vendors = append(vendors, filepath.Join(filepath.Dir(l.work), "vendor"))
	}
	for _, r := range l.replaced { // a missing one may be made
		if !filepath.IsAbs(r) {
			r = filepath.Join(mainRoot, filepath.FromSlash(r))
		}
		s.module(r)
	}
	for _, p := range l.packages {
		switch {
		case p.Dir == "": // missing; it may belong to a module of the user's
			for path, at := range roots {
				if rest, ok := strings.CutPrefix(p.ImportPath, path+"/"); ok {
					s.folders[filepath.Join(at, filepath.FromSlash(rest))] = true
				}
			}
		case p.own() && roots[p.Module.Path] != "", slices.ContainsFunc(vendors, func(v string) bool { return within(p.Dir, v) }): // vendored packages may be edited
			s.folders[p.Dir] = true
			for _, pattern := range p.EmbedPatterns {
				s.embeds = append(s.embeds, newEmbed(p.Dir, pattern))
			}
		}
	}
	s.review()
}

// module adds the files that define a module to the inputs. The caller holds s.mu.
func (s *sources) module(root string) {
	for _, name := range []string{"go.mod", "go.sum", "go.work", "vendor/modules.txt"} {
		s.files[filepath.Join(root, filepath.FromSlash(name))] = true
	}
}

// embed is a pattern of a go:embed directive.
// https://pkg.go.dev/embed#hdr-Directives
type embed struct {
	dir, pattern string
	escaped      string // dir as a pattern
	all          bool   // hidden files too
}

func newEmbed(dir, pattern string) embed {
	e := embed{dir: dir, escaped: escape(dir)}
	e.pattern, e.all = strings.CutPrefix(pattern, "all:")
	e.pattern = path.Clean(e.pattern)
	return e
}

// escape makes a pattern that matches a path and nothing else. On Windows the only character of a
// path that means something in a pattern is [, and it cannot be escaped.
func escape(path string) string {
	if filepath.Separator != '/' {
		return path
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// holds reports whether a file is embedded: the pattern matches it or a folder above it.
func (e *embed) holds(file string) bool {
	rel, err := filepath.Rel(e.dir, file)
	if err != nil {
		return false
	}
	hidden := false
	for name := filepath.ToSlash(rel); name != "." && name != "/"; name = path.Dir(name) {
		switch path.Base(name) {
		case ".bzr", ".hg", ".git", ".svn": // never, as the go command has it
			return false
		}
		if ok, _ := path.Match(e.pattern, name); ok {
			return e.all || !hidden
		}
		hidden = hidden || isHidden(path.Base(name))
	}
	return false
}

func isHidden(base string) bool { return base[0] == '.' || base[0] == '_' }
