package watch

// The survey of the inputs.

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/program"
)

// within reports whether a path is below a folder.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != "." && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// stamp is a file as it was at a moment.
type stamp struct {
	info os.FileInfo
	kind program.Reason // what a change of it means
}

// same reports whether a file seems unchanged. Its time is not enough: cp -p and mv keep an old
// one.
func (a stamp) same(b stamp) bool {
	return os.SameFile(a.info, b.info) && a.info.Size() == b.info.Size() && a.info.ModTime().Equal(b.info.ModTime())
}

// survey watches all folders of inputs, and returns the inputs that exist. It watches a folder
// before it reads it, so that what is added later is an event. The caller holds s.mu.
func (s *sources) survey() *survey {
	v := s.newSurvey()
	v.folder(s.vars, isVars, program.ConfigChanged)
	for _, f := range slices.Sorted(maps.Keys(s.configs)) {
		v.file(f, program.ConfigChanged)
	}
	for _, d := range slices.Sorted(maps.Keys(s.folders)) {
		v.folder(d, isSource, program.CodeChanged)
	}
	for _, f := range slices.Sorted(maps.Keys(s.files)) {
		v.file(f, program.CodeChanged)
	}
	for _, e := range s.embeds {
		v.embed(e)
	}
	return v
}

type survey struct {
	s       *sources
	watched map[string]bool  // by the watcher
	seen    map[string]bool  // folders of this survey, and whether they exist
	inputs  map[string]stamp // the inputs
}

func (s *sources) newSurvey() *survey {
	v := &survey{s: s, watched: map[string]bool{}, seen: map[string]bool{}, inputs: map[string]stamp{}}
	for _, d := range s.watcher.WatchList() {
		v.watched[d] = true
	}
	return v
}

// watch watches a folder, and reports whether it exists.
func (v *survey) watch(dir string) bool {
	if there, ok := v.seen[dir]; ok {
		return there
	}
	info, err := os.Stat(dir)
	v.seen[dir] = err == nil && info.IsDir()
	if v.seen[dir] && !v.watched[dir] {
		v.s.watcher.Add(dir)
	}
	return v.seen[dir]
}

// folder adds the files of a folder that match to the inputs.
func (v *survey) folder(dir string, is func(base string) bool, kind program.Reason) {
	if dir == "" || !v.watch(dir) {
		return
	}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if is(e.Name()) {
			v.file(filepath.Join(dir, e.Name()), kind)
		}
	}
}

// maxLinks bounds a chain of symbolic links.
const maxLinks = 40

// file adds a file to the inputs, with the targets if it is a symbolic link.
func (v *survey) file(path string, kind program.Reason) {
	for range maxLinks {
		v.watch(filepath.Dir(path))
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			v.inputs[path] = stamp{info, kind}
		}
		target, err := os.Readlink(path)
		if err != nil {
			return
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
		switch {
		case kind == program.ConfigChanged:
			v.s.configs[path] = true
		case v.s.files == nil:
			v.s.files = map[string]bool{path: true}
		default:
			v.s.files[path] = true
		}
	}
}

// embed adds the files that a pattern embeds to the inputs, and watches the folders that lead to them.
func (v *survey) embed(e embed) {
	names := strings.Split(e.pattern, "/")
	v.watch(e.dir)
	for i := range names {
		found, _ := filepath.Glob(filepath.Join(e.escaped, filepath.FromSlash(strings.Join(names[:i+1], "/"))))
		for _, path := range found {
			info, err := os.Stat(path)
			switch {
			case err != nil:
			case info.IsDir():
				v.watch(path)
				if i == len(names)-1 {
					v.tree(e, path)
				}
			case i == len(names)-1:
				v.file(path, program.CodeChanged)
			}
		}
	}
}

// tree adds the files of an embedded folder to the inputs.
func (v *survey) tree(e embed, dir string) {
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
		case !e.holds(path):
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir():
			v.watch(path) // before it is read, which follows this call
		case d.Type().IsRegular():
			v.file(path, program.CodeChanged)
		}
		return nil
	})
}

// extend surveys what has become an input, and returns the inputs that there are. In atLook, what was
// an input before or was looked for, among configs and in the folder vars, stays as it was: the next
// comparison finds a change that came after the configuration was read. The caller holds s.mu.
func (s *sources) extend(configs map[string]bool, vars string) (now map[string]stamp) {
	now = s.survey().inputs
	before := s.atLook
	s.atLook = maps.Clone(now)
	for path := range now {
		if configs[path] || filepath.Dir(path) == vars && isVars(filepath.Base(path)) {
			delete(s.atLook, path)
		}
	}
	for path, was := range before {
		_, still := now[path]
		if _, err := os.Lstat(path); still || err != nil || was.kind == program.ConfigChanged {
			s.atLook[path] = was
		}
	}
	return now
}

// look returns what has changed since the last comparison, "" if nothing has.
func (s *sources) look() (kind program.Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.atLook == nil { // no inputs are known yet
		return ""
	}
	before, now := s.atLook, s.survey().inputs
	s.atLook = now
	for path, is := range now {
		if was, ok := before[path]; !ok || !is.same(was) {
			kind = stronger(kind, is.kind)
		}
	}
	for path, was := range before {
		if _, ok := now[path]; !ok {
			kind = stronger(kind, was.kind)
		}
	}
	return kind
}

// review compares the inputs, which the go command has just listed, with those at the beginning
// of the newest build. The caller holds s.mu.
func (s *sources) review() {
	now := s.extend(s.configs, s.vars)
	kind, grown := program.Reason(""), false
	for path, is := range now {
		was, ok := s.atBuild[path]
		if !ok {
			grown = true
		} else if !is.same(was) {
			kind = stronger(kind, is.kind)
		}
	}
	for path, was := range s.atBuild {
		if _, err := os.Stat(path); err != nil { // a file that still exists is no input any more
			kind = stronger(kind, was.kind)
		}
	}
	s.reportPolled(kind)
	if grown {
		select {
		case s.grown <- struct{}{}:
		default:
		}
	}
}

// reportPolled passes a change without an event on to gather.
func (s *sources) reportPolled(kind program.Reason) {
	for kind != "" {
		select {
		case s.polled <- kind:
			return
		case earlier := <-s.polled:
			kind = stronger(kind, earlier)
		}
	}
}

// stronger is the one of two changes that asks for more.
func stronger(a, b program.Reason) program.Reason {
	if a == program.ConfigChanged || b == "" {
		return a
	}
	return b
}

// maxNew bounds how many folders are watched below a new one.
const maxNew = 1000

// watchNew watches a folder that is made while the build is broken, with those below it: it may
// hold what was missing. The caller holds s.mu.
func (s *sources) watchNew(dir string) {
	n, v := 0, s.newSurvey()
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil
		}
		if n++; n > maxNew || isHidden(d.Name()) || d.Name() == "node_modules" {
			return fs.SkipDir
		}
		s.folders[path] = true
		v.watch(path) // before it is read
		return nil
	})
}
