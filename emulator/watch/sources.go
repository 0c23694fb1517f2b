package watch

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

// settleTime is how long nothing may change before a change counts: editors write in steps.
const settleTime = 30 * time.Millisecond

// sources watches the files that a program is made of. A nil sources watches nothing.
//
// A comparison of the inputs with their last state decides what has changed. It is made at once when
// the system reports an event in a watched folder, and once in a while without one: network file
// systems send no events, the system bounds how many folders can be watched, and a watch is lost
// with its folder.
//
// No edit is lost, because a build counts only if its inputs were known before it began. begin
// remembers the inputs that are known. The go command lists the inputs after the build. If some of
// them were not known when it began, they are from then on, and grown asks for another build to
// compare with. Neither clocks nor the resolution of a file system's times matter for that.
type sources struct {
	changes chan program.Reason // program.CodeChanged or program.ConfigChanged, once nothing changes any more
	grown   chan struct{}       // the newest build has inputs that were not known when it began
	polled  chan program.Reason // a change that another goroutine has found
	watcher *fsnotify.Watcher
	done    sync.WaitGroup

	mu      sync.Mutex
	dir     string           // of the program
	folders map[string]bool  // folders of Go files
	files   map[string]bool  // go.mod, what links lead to, …
	embeds  []embed          // what is embedded
	configs map[string]bool  // the configuration and what belongs to it
	vars    string           // the folder of .dev.vars and .env
	atBuild map[string]stamp // the inputs when the newest build began
	atLook  map[string]stamp // the inputs when they were last compared
	broken  bool             // the newest build failed
	listing context.CancelFunc
}

func newSources() (*sources, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	s := &sources{changes: make(chan program.Reason), grown: make(chan struct{}, 1), polled: make(chan program.Reason, 1), watcher: watcher}
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
	// lookInterval is how often the inputs are compared without an event.
	lookInterval = 500 * time.Millisecond
	// lookShare bounds the time that comparing takes while nothing changes: one part in lookShare.
	lookShare = 50
)

// gather compares the inputs and passes changes on.
func (s *sources) gather() {
	var out chan program.Reason
	var kind program.Reason
	look := time.NewTimer(lookInterval)
	defer look.Stop()
	var rest time.Time // no comparison before that, so that events of other files cost little
	note := func(is program.Reason) {
		if is != "" {
			kind, out = stronger(kind, is), nil
			look.Reset(settleTime)
		}
	}
	for {
		select {
		case e, ok := <-s.watcher.Events:
			switch {
			case !ok:
				return
			case e.Op == fsnotify.Chmod:
			default:
				note(s.appeared(e))
				if kind == "" { // or else a comparison is due anyway
					look.Reset(time.Until(rest))
				}
			}
		case _, ok := <-s.watcher.Errors: // events are missing
			if !ok {
				return
			}
			look.Reset(0)
		case is := <-s.polled:
			note(is)
		case <-look.C:
			begun := time.Now()
			is := s.look()
			pause := lookShare * time.Since(begun)
			rest = time.Now().Add(pause)
			look.Reset(max(lookInterval, pause))
			if note(is); is == "" && kind != "" {
				out = s.changes // it has settled
			}
		case out <- kind:
			kind, out = "", nil
		}
	}
}

// appeared reports a folder that is made while the build is broken: it may hold what was missing.
func (s *sources) appeared(e fsnotify.Event) program.Reason {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.broken || !e.Has(fsnotify.Create) {
		return ""
	}
	if info, err := os.Stat(e.Name); err != nil || !info.IsDir() {
		return ""
	}
	s.watchNew(e.Name)
	return program.CodeChanged
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

// config sets the configuration whose files are watched. It reports whether some of them were not
// watched before: then the configuration may have changed since it was read.
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
		files[config.In(vars, f)] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	grown = s.vars != vars
	before, in := s.configs, s.vars
	s.configs, s.vars = files, vars
	s.extend(before, in) // adds to s.configs what links lead to
	for f := range s.configs {
		grown = grown || !before[f]
	}
	return grown
}

// begin sets the program whose sources are watched. It is called before each build. Until the go
// command has listed the packages, only the program's own folder is watched.
func (s *sources) begin(p *program.Package) {
	if s == nil {
		return
	}
	s.mu.Lock()
	same := s.dir == p.Dir
	if !same {
		s.dir, s.folders, s.files, s.embeds = p.Dir, map[string]bool{p.Dir: true}, nil, nil
	}
	s.atBuild = s.extend(s.configs, s.vars)
	s.mu.Unlock()
	if !same {
		s.list()
	}
}

// built is called after each build. After a failed one new folders are watched as well, since what
// was missing may appear in them.
func (s *sources) built(ok bool) {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.broken = !ok
	s.mu.Unlock()
}

// expect watches for a program that does not exist yet.
func (s *sources) expect(main string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dir = ""
	s.folders, s.files, s.embeds = map[string]bool{main: true, filepath.Dir(main): true}, nil, nil
	s.atBuild = s.extend(s.configs, s.vars)
}
