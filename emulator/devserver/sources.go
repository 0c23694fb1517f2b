package devserver

// The files that a program is made of.

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/seed-36a2c969/emu/config"
)

// settling is how long files must be left alone: editors write them in steps.
const settling = 30 * time.Millisecond

// sources watches files. Folders are what is watched, so that a file that is
// moved over another is seen.
type sources struct {
	changes chan string // tellCode or tellConfig, when it has settled
	watcher *fsnotify.Watcher
	done    sync.WaitGroup

	mu      sync.Mutex
	dir     string          // of the program
	folders map[string]bool // folders of Go files
	files   map[string]bool // files that are embedded, go.mod, …
	configs map[string]bool // the configuration and what belongs to it
	vars    string          // the folder of .dev.vars and .env
	listing context.CancelFunc
}

func newSources() (*sources, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	s := &sources{changes: make(chan string), watcher: watcher}
	s.done.Go(s.gather)
	return s, nil
}

func (s *sources) close() {
	s.mu.Lock()
	if s.listing != nil {
		s.listing()
	}
	s.mu.Unlock()
	s.watcher.Close()
	s.done.Wait()
}

// gather makes changes out of events.
func (s *sources) gather() {
	var out chan string
	var kind string
	settled := time.NewTimer(0)
	settled.Stop()
	defer settled.Stop()
	for {
		select {
		case e, ok := <-s.watcher.Events:
			if !ok {
				return
			}
			if is := s.kind(e); is != "" {
				if kind != tellConfig {
					kind = is
				}
				out = nil
				settled.Reset(settling)
			}
		case _, ok := <-s.watcher.Errors:
			if !ok {
				return
			}
			// Events were lost: anything may have changed.
			kind, out = tellConfig, nil
			settled.Reset(settling)
		case <-settled.C:
			out = s.changes
		case out <- kind:
			kind, out = "", nil
		}
	}
}

// kind is what an event's file means, "" if nothing.
func (s *sources) kind(e fsnotify.Event) string {
	if e.Op == fsnotify.Chmod {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	dir, base := filepath.Split(e.Name)
	dir = filepath.Clean(dir)
	switch {
	case s.configs[e.Name], dir == s.vars && isVars(base):
		return tellConfig
	case s.files[e.Name]:
		return tellCode
	case s.folders[dir] && strings.HasSuffix(base, ".go") && !strings.HasSuffix(base, "_test.go") && base[0] != '.' && base[0] != '_':
		return tellCode
	}
	return ""
}

// isVars reports whether a file's name is one of those of variables.
func isVars(base string) bool {
	for _, name := range []string{".dev.vars", ".env"} {
		if base == name || strings.HasPrefix(base, name+".") {
			return true
		}
	}
	return false
}

// config sets the configuration whose files are watched.
func (s *sources) config(c *config.Config, dir string, more []string) {
	files := map[string]bool{}
	vars := dir
	if c.UserPath != "" {
		vars = filepath.Dir(c.UserPath)
	}
	for _, f := range append([]string{c.Path, c.UserPath}, more...) {
		if f == "" {
			continue
		}
		if !filepath.IsAbs(f) {
			f = filepath.Join(vars, f)
		}
		files[f] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.configs, s.vars = files, vars
	s.watch(vars)
	for f := range files {
		s.watch(filepath.Dir(f))
	}
}

// program sets the program whose sources are watched: before its packages are
// known, its own folder.
func (s *sources) program(p *Program) {
	s.mu.Lock()
	same := s.dir == p.Dir
	if !same {
		s.dir, s.folders = p.Dir, map[string]bool{p.Dir: true}
		s.watch(p.Dir)
	}
	s.mu.Unlock()
	if !same {
		s.list()
	}
}

// watch adds a folder. One that is not there has no changes.
func (s *sources) watch(dir string) {
	if !slices.Contains(s.watcher.WatchList(), dir) {
		s.watcher.Add(dir)
	}
}

// listed is what go list says of a package.
type listed struct {
	Dir        string
	EmbedFiles []string
	Module     *struct {
		Main    bool
		GoMod   string
		Replace *struct{ Version string }
	}
}

// list finds the packages that the program is made of, those of other people's
// modules left out, in the background.
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
	dir := s.dir
	s.done.Go(func() {
		defer cancel()
		c := exec.Command(goTool, "list", "-e", "-deps", "-json=Dir,EmbedFiles,Module", ".")
		c.Dir = dir
		var out bytes.Buffer
		c.Stdout = &out
		if runGuarded(ctx, c) == nil {
			s.take(dir, &out)
		}
	})
}

// take watches what go list has listed.
func (s *sources) take(dir string, list *bytes.Buffer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dir != dir {
		return
	}
	s.folders, s.files = map[string]bool{dir: true}, map[string]bool{}
	for dec := json.NewDecoder(list); ; {
		var p listed
		if dec.Decode(&p) != nil {
			break
		}
		if p.Module == nil || !p.Module.Main && (p.Module.Replace == nil || p.Module.Replace.Version != "") {
			continue
		}
		s.folders[p.Dir] = true
		for _, f := range p.EmbedFiles {
			s.files[filepath.Join(p.Dir, f)] = true
		}
		if mod := p.Module.GoMod; mod != "" {
			s.files[mod] = true
			s.files[strings.TrimSuffix(mod, ".mod")+".sum"] = true
			s.files[filepath.Join(filepath.Dir(mod), "go.work")] = true
		}
	}
	for d := range s.folders {
		s.watch(d)
	}
	for f := range s.files {
		s.watch(filepath.Dir(f))
	}
}
