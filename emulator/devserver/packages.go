package devserver

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
)

// listed is what go list says of a package.
type listed struct {
	Dir           string
	EmbedPatterns []string
	Module        *struct {
		Main    bool
		GoMod   string
		Replace *struct{ Version string }
	}
}

// own reports whether a package is the user's: one of other people's modules
// does not change.
func (p *listed) own() bool {
	return p.Module != nil && (p.Module.Main || p.Module.Replace != nil && p.Module.Replace.Version == "")
}

// list finds the packages that the program is made of, in the background.
func (s *sources) list() {
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
	dir, begun, broken := s.dir, s.begun, s.broken
	s.done.Go(func() {
		defer cancel()
		run := func(args ...string) []byte {
			c := exec.Command(goTool, args...)
			var out bytes.Buffer
			c.Dir, c.Stdout = dir, &out
			if runGuarded(ctx, c) != nil {
				return nil
			}
			return out.Bytes()
		}
		packages := run("list", "-e", "-deps", "-json=Dir,EmbedPatterns,Module", ".")
		work := strings.TrimSpace(string(run("env", "GOWORK")))
		if packages != nil {
			s.take(dir, begun, broken, work, packages)
		}
	})
}

// take watches what go list has listed. After a build that failed that may be no
// more than a part.
func (s *sources) take(dir string, begun time.Time, broken bool, work string, list []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dir != dir {
		return
	}
	if !broken || s.files == nil {
		s.folders, s.files, s.embeds = map[string]bool{dir: true}, map[string]bool{}, nil
	}
	watched := s.watcher.WatchList()
	if work != "" && work != "off" {
		s.files[work] = true
	}
	for dec := json.NewDecoder(bytes.NewReader(list)); ; {
		var p listed
		if dec.Decode(&p) != nil {
			break
		}
		if !p.own() || p.Dir == "" {
			continue
		}
		root := p.Dir
		if mod := p.Module.GoMod; mod != "" {
			root = filepath.Dir(mod)
			s.files[mod] = true
			s.files[strings.TrimSuffix(mod, ".mod")+".sum"] = true
			s.files[filepath.Join(root, "go.work")] = true
		}
		s.folders[p.Dir] = true
		s.way(p.Dir, root, tellCode)
		for _, pattern := range p.EmbedPatterns {
			e := newEmbed(p.Dir, pattern)
			s.embeds = append(s.embeds, e)
			s.contain(e)
		}
	}
	for f := range s.files {
		s.watch(filepath.Dir(f))
	}
	missed := false
	for d := range s.folders {
		s.watch(d)
		s.links(d, isSource, s.files)
		missed = missed || !slices.Contains(watched, d) && changedSince(d, begun)
	}
	if missed {
		select {
		case s.found <- struct{}{}:
		default:
		}
	}
}

// embed is a pattern of a go:embed directive.
// https://pkg.go.dev/embed#hdr-Directives
type embed struct {
	dir, pattern string
	all          bool // hidden files too
}

func newEmbed(dir, pattern string) embed {
	e := embed{dir: dir}
	e.pattern, e.all = strings.CutPrefix(pattern, "all:")
	return e
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
		if ok, _ := path.Match(e.pattern, name); ok {
			return e.all || !hidden
		}
		hidden = hidden || isHidden(path.Base(name))
	}
	return false
}

func isHidden(base string) bool { return base[0] == '.' || base[0] == '_' }

func (s *sources) embedded(file string) bool {
	return slices.ContainsFunc(s.embeds, func(e embed) bool { return e.holds(file) })
}

// contain watches the folders of what is embedded. s.mu is held.
func (s *sources) contain(e embed) {
	pattern := filepath.Join(e.dir, filepath.FromSlash(e.pattern))
	s.watch(filepath.Dir(pattern))
	found, _ := filepath.Glob(pattern)
	for _, f := range found {
		s.watch(filepath.Dir(f))
		s.walk(f, func(dir string) bool {
			if !e.holds(dir) {
				return false
			}
			s.watch(dir)
			return true
		})
	}
}
