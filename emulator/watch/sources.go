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

// sources watches the files that a program is made of. It watches folders, so that it sees a file
// that is moved over another. A nil sources watches nothing.
//
// No edit is lost, because a build counts only if its inputs were watched before it began. begin
// watches all inputs that are known, and remembers them. The go command lists the inputs after
// the build. If some of them were not known when it began, they are watched from then on, and
// grown asks for another build to compare with. Neither clocks nor the resolution of a file
// system's times matter for that.
//
// Events can fail: a network file system sends none, and the system bounds how many folders can
// be watched. So the inputs are also compared with their last state once in a while.
type sources struct {
	changes chan program.Reason // program.CodeChanged or program.ConfigChanged, once nothing changes any more
	grown   chan struct{}       // the newest build has inputs that were not watched when it began
	polled  chan program.Reason // a change without an event
	watcher *fsnotify.Watcher
	done    sync.WaitGroup

	mu        sync.Mutex
	dir       string                    // of the program
	folders   map[string]bool           // folders of Go files
	files     map[string]bool           // go.mod, what links lead to, …
	embeds    []embed                   // what is embedded
	configs   map[string]bool           // the configuration and what belongs to it
	vars      string                    // the folder of .dev.vars and .env
	ancestors map[string]program.Reason // the folders above all these, and what the change of one means
	identity  map[string]os.FileInfo    // of the folders that are watched
	atBuild   map[string]stamp          // the inputs when the newest build began
	atLook    map[string]stamp          // the inputs when they were last compared
	broken    bool                      // the newest build failed
	listing   context.CancelFunc
}

func newSources() (*sources, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	s := &sources{
		changes: make(chan program.Reason), grown: make(chan struct{}, 1), polled: make(chan program.Reason, 1),
		watcher: watcher, ancestors: map[string]program.Reason{}, identity: map[string]os.FileInfo{},
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
	// lookInterval is how often the inputs are compared.
	lookInterval = time.Second
	// lookShare bounds the time that comparing takes: one part in lookShare.
	lookShare = 50
)

// gather turns events into changes.
func (s *sources) gather() {
	var out chan program.Reason
	var kind program.Reason
	settled := time.NewTimer(0)
	settled.Stop()
	defer settled.Stop()
	look := time.NewTimer(lookInterval)
	defer look.Stop()
	note := func(is program.Reason) {
		if is == "" {
			return
		}
		kind, out = stronger(kind, is), nil
		settled.Reset(settleTime)
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
			note(program.ConfigChanged) // events are missing: anything may have changed
		case is := <-s.polled:
			note(is)
		case <-look.C:
			begun := time.Now()
			note(s.look())
			look.Reset(max(lookInterval, lookShare*time.Since(begun)))
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
	case moved && s.ancestors[e.Name] != "":
		s.survey() // watches a folder that has come back
		return s.ancestors[e.Name]
	case s.configs[e.Name], dir == s.vars && isVars(base):
		return program.ConfigChanged
	case s.files[e.Name], s.folders[dir] && isSource(base):
		return program.CodeChanged
	case s.embedded(e.Name), moved && s.onTheWay(e.Name):
		if e.Has(fsnotify.Create) && isFolder(e.Name) {
			s.survey() // the folder and what it holds are watched from now on
		}
		return program.CodeChanged
	case s.broken && e.Has(fsnotify.Create) && isFolder(e.Name):
		s.watchNew(e.Name)
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
	before := s.configs
	s.configs, s.vars = files, vars
	s.addPath(vars, vars, program.ConfigChanged)
	for f := range files {
		s.addPath(filepath.Dir(f), vars, program.ConfigChanged)
	}
	v := s.survey() // adds to s.configs what links lead to
	s.atLook, grown = v.inputs, grown || v.replaced
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
		s.addPath(p.Dir, s.vars, program.CodeChanged)
	}
	s.atLook = s.survey().inputs
	s.atBuild = s.atLook
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
	for d := range s.folders {
		s.addPath(d, s.vars, program.CodeChanged)
	}
	s.atLook = s.survey().inputs
	s.atBuild = s.atLook
}
