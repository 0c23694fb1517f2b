package watch

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
	"github.com/seed-36a2c969/emu/emulator/program"
)

// settling is how long files must be left alone: editors write them in steps.
const settling = 30 * time.Millisecond

// sources watches files. Folders are what is watched, so that a file that is
// moved over another is seen. A nil sources ignores files and watches none.
//
// No edit is lost, for a build counts only if its inputs were watched before it began:
// begin watches all inputs that are known and remembers them. The go command lists the
// inputs after the build; if some were not known at its beginning, they are watched, and
// grown asks for a build to compare with. Clocks and the exactness of a file system's
// times do not matter for that.
//
// Events can fail all the same: a network file system has none, and the system bounds how
// many folders are watched. So what is there is compared now and then with what was there.
type sources struct {
	changes chan program.Reason // program.CodeChanged or program.ConfigChanged, when it has settled
	grown   chan struct{}       // the newest build has inputs that were not watched when it began
	found   chan program.Reason // a change that no event has shown
	watcher *fsnotify.Watcher
	done    sync.WaitGroup

	mu       sync.Mutex
	dir      string                    // of the program
	folders  map[string]bool           // folders of Go files
	files    map[string]bool           // go.mod, what links lead to, …
	embeds   []embed                   // what is embedded
	configs  map[string]bool           // the configuration and what belongs to it
	vars     string                    // the folder of .dev.vars and .env
	ways     map[string]program.Reason // folders on the way to all these, and what it means if one comes or goes
	identity map[string]os.FileInfo    // of the folders that are watched
	begun    map[string]stamp          // the inputs when the newest build began
	last     map[string]stamp          // the inputs when they were last looked at
	broken   bool                      // the newest build failed
	listing  context.CancelFunc
}

func newSources() (*sources, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	s := &sources{
		changes: make(chan program.Reason), grown: make(chan struct{}, 1), found: make(chan program.Reason, 1),
		watcher: watcher, ways: map[string]program.Reason{}, identity: map[string]os.FileInfo{},
	}
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

const (
	// looking is how often the inputs are compared without an event.
	looking = time.Second
	// sparing is how much of the time goes into that at most: one part in so many.
	sparing = 50
)

// gather makes changes out of events.
func (s *sources) gather() {
	var out chan program.Reason
	var kind program.Reason
	settled := time.NewTimer(0)
	settled.Stop()
	defer settled.Stop()
	look := time.NewTimer(looking)
	defer look.Stop()
	note := func(is program.Reason) {
		if is == "" {
			return
		}
		kind, out = worse(kind, is), nil
		settled.Reset(settling)
	}
	for {
		select {
		case e, ok := <-s.watcher.Events:
			if !ok {
				return
			}
			note(s.kind(e))
		case _, ok := <-s.watcher.Errors:
			if !ok {
				return
			}
			note(program.ConfigChanged) // events were lost: anything may have changed
		case is := <-s.found:
			note(is)
		case <-look.C:
			begun := time.Now()
			note(s.look())
			look.Reset(max(looking, sparing*time.Since(begun)))
		case <-settled.C:
			out = s.changes
		case out <- kind:
			kind, out = "", nil
		}
	}
}

// kind is what an event's file means, "" if nothing.
func (s *sources) kind(e fsnotify.Event) program.Reason {
	if e.Op == fsnotify.Chmod {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	dir, base := filepath.Split(e.Name)
	dir = filepath.Clean(dir)
	moved := e.Op&(fsnotify.Create|fsnotify.Remove|fsnotify.Rename) != 0
	switch {
	case moved && s.ways[e.Name] != "":
		s.survey() // watches what has come back
		return s.ways[e.Name]
	case s.configs[e.Name], dir == s.vars && isVars(base):
		return program.ConfigChanged
	case s.files[e.Name], s.folders[dir] && isSource(base):
		return program.CodeChanged
	case s.embedded(e.Name), moved && s.towards(e.Name):
		if e.Has(fsnotify.Create) && isFolder(e.Name) {
			s.survey() // the folder and what it holds are watched from now on
		}
		return program.CodeChanged
	case s.broken && e.Has(fsnotify.Create) && isFolder(e.Name):
		s.adopt(e.Name)
		return program.CodeChanged
	}
	return ""
}

// isSource reports whether a file belongs to the package in its folder.
// https://pkg.go.dev/cmd/go#hdr-File_types
func isSource(base string) bool {
	switch filepath.Ext(base) {
	case ".go", ".s", ".S", ".sx", ".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".m",
		".f", ".F", ".for", ".f90", ".swig", ".swigcxx", ".syso":
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

// config sets the configuration whose files are watched. It reports whether files came
// to be watched that were not: the configuration may have changed since it was read.
func (s *sources) config(c *config.Config, dir string, more []string) (grown bool) {
	if s == nil {
		return false
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
	grown = s.vars != vars
	before := s.configs
	s.configs, s.vars = files, vars
	s.way(vars, vars, program.ConfigChanged)
	for f := range files {
		s.way(filepath.Dir(f), vars, program.ConfigChanged)
	}
	v := s.survey() // adds to s.configs what links lead to
	s.last, grown = v.there, grown || v.anew
	for f := range s.configs {
		grown = grown || !before[f]
	}
	return grown
}

// begin sets the program whose sources are watched, and is called before each of its
// builds. Before its packages are known it is its own folder.
func (s *sources) begin(p *program.Package) {
	if s == nil {
		return
	}
	s.mu.Lock()
	same := s.dir == p.Dir
	if !same {
		s.dir, s.folders, s.files, s.embeds = p.Dir, map[string]bool{p.Dir: true}, nil, nil
		s.way(p.Dir, s.vars, program.CodeChanged)
	}
	s.last = s.survey().there
	s.begun = s.last
	s.mu.Unlock()
	if !same {
		s.list()
	}
}

// built is called with how the build went. After one that failed, what is missing may be made.
func (s *sources) built(ok bool) {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.broken = !ok
	s.mu.Unlock()
}

// expect watches for a program that is not there.
func (s *sources) expect(main string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dir = ""
	s.folders, s.files, s.embeds = map[string]bool{main: true, filepath.Dir(main): true}, nil, nil
	for d := range s.folders {
		s.way(d, s.vars, program.CodeChanged)
	}
	s.last = s.survey().there
	s.begun = s.last
}
