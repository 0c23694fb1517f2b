package watch

// The folders that are watched for the files in them. A folder that goes takes its
// watch along, so that those above it are watched too, to see it come back.

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/program"
)

// way is for a folder and those above it up to root, or if it does not lie in root, the
// one above it: they are watched from the next survey on. s.mu is held.
func (s *sources) way(dir, root string, kind program.Reason) {
	s.add(dir, kind)
	if dir == root {
		return
	}
	for d := filepath.Dir(dir); ; d = filepath.Dir(d) {
		s.add(d, kind)
		if d == root || !within(d, root) {
			return
		}
	}
}

// within reports whether a path lies below a folder.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != "." && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func (s *sources) add(dir string, kind program.Reason) {
	if s.ways[dir] != program.ConfigChanged {
		s.ways[dir] = kind
	}
}

// stamp is a file as it was at a moment.
type stamp struct {
	info os.FileInfo
	kind program.Reason // what a change of it means
}

// same reports whether nothing shows that a file has changed. Its time alone does not
// tell: cp -p and mv bring an old one along.
func (a stamp) same(b stamp) bool {
	return os.SameFile(a.info, b.info) && a.info.Size() == b.info.Size() && a.info.ModTime().Equal(b.info.ModTime())
}

// survey watches all folders of inputs that are not watched, and returns the inputs that
// are there. A folder is watched before it is read: what comes after is an event. s.mu is
// held.
func (s *sources) survey() *survey {
	v := s.newSurvey()
	// From the top: what comes below a folder afterwards is an event.
	for _, d := range slices.Sorted(maps.Keys(s.ways)) {
		v.watch(d)
	}
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
	seen    map[string]bool  // folders that this survey has looked at, and whether they are there
	there   map[string]stamp // the inputs
	anew    bool             // a folder was replaced: events of the other may be lost
}

func (s *sources) newSurvey() *survey {
	v := &survey{s: s, watched: map[string]bool{}, seen: map[string]bool{}, there: map[string]stamp{}}
	for _, d := range s.watcher.WatchList() {
		v.watched[d] = true
	}
	return v
}

// watch watches a folder, and reports whether it is there. One that stands where another
// stood is watched anew: the watch is of a folder, not of its name.
func (v *survey) watch(dir string) bool {
	if there, ok := v.seen[dir]; ok {
		return there
	}
	now, err := os.Stat(dir)
	v.seen[dir] = err == nil && now.IsDir()
	if !v.seen[dir] {
		return false
	}
	if before := v.s.identity[dir]; v.watched[dir] && !os.SameFile(before, now) {
		v.s.watcher.Remove(dir)
		v.watched[dir], v.anew = false, true
	}
	if !v.watched[dir] && v.s.watcher.Add(dir) == nil {
		v.s.identity[dir] = now
	}
	return true
}

// folder takes the files of a folder whose names are of one sort.
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

// file takes a file, and what it is a symbolic link to.
func (v *survey) file(path string, kind program.Reason) {
	for range maxLinks {
		v.watch(filepath.Dir(path))
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			v.there[path] = stamp{info, kind}
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

// embed takes what a pattern embeds, and watches the folders on the way to it.
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

// tree takes the files of an embedded folder.
func (v *survey) tree(e embed, dir string) {
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
		case !e.holds(path):
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir():
			v.watch(path) // before it is read: that comes after this call
		case d.Type().IsRegular():
			v.file(path, program.CodeChanged)
		}
		return nil
	})
}

// look is what has changed since the last time, "" if nothing has.
func (s *sources) look() (kind program.Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil { // nothing is known yet
		return ""
	}
	before, now := s.last, s.survey().there
	s.last = now
	for path, is := range now {
		if was, ok := before[path]; !ok || !is.same(was) {
			kind = worse(kind, is.kind)
		}
	}
	for path, was := range before {
		if _, ok := now[path]; !ok {
			kind = worse(kind, was.kind)
		}
	}
	return kind
}

// review compares the inputs, as the go command has just listed them, with those of the
// newest build's beginning. s.mu is held.
func (s *sources) review() {
	now := s.survey().there
	kind, grown := program.Reason(""), false
	for path, is := range now {
		was, ok := s.begun[path]
		if !ok {
			grown = true
		} else if !is.same(was) {
			kind = worse(kind, is.kind)
		}
	}
	for path, was := range s.begun {
		if _, err := os.Stat(path); err != nil { // one that is there and not in now is no input any more
			kind = worse(kind, was.kind)
		}
	}
	s.last = now
	s.tell(kind)
	if grown {
		select {
		case s.grown <- struct{}{}:
		default:
		}
	}
}

// tell tells a change that no event has shown.
func (s *sources) tell(kind program.Reason) {
	for kind != "" {
		select {
		case s.found <- kind:
			return
		case untold := <-s.found:
			kind = worse(kind, untold)
		}
	}
}

// worse is the one of two changes that asks for more.
func worse(a, b program.Reason) program.Reason {
	if a == program.ConfigChanged || b == "" {
		return a
	}
	return b
}

// maxAdopted bounds how many folders are watched below one that is made while the build is
// broken.
const maxAdopted = 1000

// adopt watches a folder that was made while the build is broken, and those below it:
// it may be what was missing. s.mu is held.
func (s *sources) adopt(dir string) {
	n, v := 0, s.newSurvey()
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil
		}
		if n++; n > maxAdopted || isHidden(d.Name()) || d.Name() == "node_modules" {
			return fs.SkipDir
		}
		s.folders[path] = true
		v.watch(path) // before it is read
		return nil
	})
}
