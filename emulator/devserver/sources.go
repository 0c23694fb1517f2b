package devserver

// The files that a program is made of, and what a change of one means.

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/seed-36a2c969/emu/config"
)

// settling is how long files must be left alone: editors write them in steps.
const settling = 30 * time.Millisecond

// sources watches files. Folders are what is watched, so that a file that is
// moved over another is seen. A nil sources is told of files and watches none.
type sources struct {
	changes chan string   // tellCode or tellConfig, when it has settled
	found   chan struct{} // something changed before it was watched
	watcher *fsnotify.Watcher
	done    sync.WaitGroup

	mu      sync.Mutex
	dir     string            // of the program
	folders map[string]bool   // folders of Go files
	files   map[string]bool   // go.mod, what links lead to, …
	embeds  []embed           // what is embedded
	configs map[string]bool   // the configuration and what belongs to it
	vars    string            // the folder of .dev.vars and .env
	ways    map[string]string // folders on the way to all these, and what it means if one comes or goes
	begun   time.Time         // when the newest build began
	broken  bool              // the newest build failed
	listing context.CancelFunc
}

func newSources() (*sources, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	s := &sources{changes: make(chan string), found: make(chan struct{}, 1), watcher: watcher, ways: map[string]string{}}
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
		case <-s.found:
			if kind == "" {
				kind = tellCode
			}
			out = nil
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
	case s.ways[e.Name] != "" && e.Op&(fsnotify.Create|fsnotify.Remove|fsnotify.Rename) != 0:
		s.rewatch()
		return s.ways[e.Name]
	case s.configs[e.Name], dir == s.vars && isVars(base):
		return tellConfig
	case s.files[e.Name], s.folders[dir] && isSource(base), s.embedded(e.Name):
		return tellCode
	case s.broken && e.Has(fsnotify.Create) && isFolder(e.Name):
		s.adopt(e.Name)
		return tellCode
	}
	return ""
}

// isSource reports whether a file belongs to the package in its folder.
func isSource(base string) bool {
	switch filepath.Ext(base) {
	case ".go", ".s", ".S", ".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".m", ".syso":
		return !isHidden(base) && !strings.HasSuffix(base, "_test.go")
	}
	return false
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

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// config sets the configuration whose files are watched.
func (s *sources) config(c *config.Config, dir string, more []string) {
	if s == nil {
		return
	}
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
	s.way(vars, vars, tellConfig)
	for f := range files {
		s.way(filepath.Dir(f), vars, tellConfig)
		s.follow(f, s.configs)
	}
	s.links(vars, isVars, s.configs)
}

// program sets the program whose sources are watched: before its packages are
// known, its own folder. It is going to be built.
func (s *sources) program(p *Program) {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.begun = time.Now()
	same := s.dir == p.Dir
	if !same {
		s.dir, s.folders = p.Dir, map[string]bool{p.Dir: true}
		s.way(p.Dir, s.vars, tellCode)
	}
	s.mu.Unlock()
	if !same {
		s.list()
	}
}

// built tells how the build went. After one that failed, what is missing may be made.
func (s *sources) built(ok bool) {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.broken = !ok
	s.mu.Unlock()
	if !ok {
		s.list()
	}
}

// expect watches for a program that is not there.
func (s *sources) expect(main string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dir = ""
	s.folders = map[string]bool{main: true, filepath.Dir(main): true}
	for d := range s.folders {
		s.way(d, s.vars, tellCode)
	}
}
