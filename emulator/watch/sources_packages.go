package watch

// What the go command says of a program: its packages, modules and embedded files.
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

// listed is what go list says of a package.
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

// own reports whether a package is the user's: one of other people's modules
// does not change.
func (p *listed) own() bool {
	return p.Module != nil && (p.Module.Main || p.Module.Replace != nil && p.Module.Replace.Version == "")
}

// listing is what the go command says of a program.
type listing struct {
	packages []listed
	work     string   // go.work, "" if there is none
	replaced []string // folders of modules, from the module's go.mod
}

// maxAsking is how long to wait before the go command is asked once more that failed.
const maxAsking = 16 * time.Second

// list finds the packages that the program is made of, in the background.
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
		// While the go command cannot list them, the inputs are not known: what it
		// waits for, a go.mod perhaps, may come without an event.
		failed := false
		for wait := time.Second; ; wait = min(2*wait, maxAsking) {
			l := ask(ctx, goTool, dir, broken)
			if ctx.Err() != nil {
				return
			}
			if l.packages != nil {
				s.take(dir, broken, l)
				if failed && broken {
					s.tell(program.CodeChanged)
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

// ask asks the go command of the program in a folder.
func ask(ctx context.Context, goTool, dir string, broken bool) (l listing) {
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

// take watches what go list has listed. After a build that failed that may be no
// more than a part.
func (s *sources) take(dir string, broken bool, l listing) {
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
	vendors := []string{}
	for _, root := range roots {
		s.module(root)
		vendors = append(vendors, filepath.Join(root, "vendor"))
	}
	if l.work != "" {
		s.files[l.work], s.files[l.work+".sum"] = true, true
		vendors = append(vendors, filepath.Join(filepath.Dir(l.work), "vendor"))
	}
	for _, r := range l.replaced { // one that is missing may be made
		if !filepath.IsAbs(r) {
			r = filepath.Join(mainRoot, filepath.FromSlash(r))
		}
		s.module(r)
		s.way(r, mainRoot, program.CodeChanged)
	}
	for _, p := range l.packages {
		root := ""
		switch {
		case p.Dir == "": // missing: perhaps of a module of the user's
			for path, at := range roots {
				if rest, ok := strings.CutPrefix(p.ImportPath, path+"/"); ok {
					d := filepath.Join(at, filepath.FromSlash(rest))
					s.folders[d] = true
					s.way(d, at, program.CodeChanged)
				}
			}
			continue
		case p.own():
			root = roots[p.Module.Path]
		default: // what is vendored may be edited
			if i := slices.IndexFunc(vendors, func(v string) bool { return within(p.Dir, v) }); i >= 0 {
				root = vendors[i]
			}
		}
		if root == "" {
			continue
		}
		s.folders[p.Dir] = true
		s.way(p.Dir, root, program.CodeChanged)
		for _, pattern := range p.EmbedPatterns {
			s.embeds = append(s.embeds, newEmbed(p.Dir, pattern))
		}
	}
	s.review()
}

// module watches the files that say what a module is made of. s.mu is held.
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

// escape makes a pattern of a path, which matches nothing else. On Windows no path has
// characters that mean something in a pattern but [, for which there is no escape.
func escape(path string) string {
	if filepath.Separator != '/' {
		return path
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// holds reports whether a file is embedded: the pattern matches it or a folder that
// it is in.
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

// towards reports whether a path is on the way to what the pattern may match.
func (e *embed) towards(file string) bool {
	rel, err := filepath.Rel(e.dir, file)
	if err != nil {
		return false
	}
	names, pattern := strings.Split(filepath.ToSlash(rel), "/"), strings.Split(e.pattern, "/")
	if len(names) >= len(pattern) {
		return false
	}
	ok, _ := path.Match(strings.Join(pattern[:len(names)], "/"), strings.Join(names, "/"))
	return ok
}

func isHidden(base string) bool { return base[0] == '.' || base[0] == '_' }

func (s *sources) embedded(file string) bool {
	return slices.ContainsFunc(s.embeds, func(e embed) bool { return e.holds(file) })
}

func (s *sources) towards(file string) bool {
	return slices.ContainsFunc(s.embeds, func(e embed) bool { return e.towards(file) })
}
