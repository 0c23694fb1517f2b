package devserver

// The folders that are watched for the files in them. A folder that goes takes its
// watch along, so that those above it are watched too, to see it come back.

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// way watches a folder and those above it up to root, or if it does not lie in
// root, the one above it. s.mu is held.
func (s *sources) way(dir, root, kind string) {
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

func (s *sources) add(dir, kind string) {
	if s.ways[dir] != tellConfig {
		s.ways[dir] = kind
	}
	s.watch(dir)
}

// rewatch watches what has come back. From the top: what comes below a folder
// afterwards is an event. s.mu is held.
func (s *sources) rewatch() {
	dirs := make([]string, 0, len(s.ways))
	for d := range s.ways {
		dirs = append(dirs, d)
	}
	slices.Sort(dirs)
	for _, d := range dirs {
		s.watch(d)
	}
}

// watch adds a folder, and reports whether it was not watched before. One that is
// not there has no changes.
func (s *sources) watch(dir string) bool {
	return !slices.Contains(s.watcher.WatchList(), dir) && s.watcher.Add(dir) == nil
}

// adopt watches a folder that was made while the build is broken, and those below it:
// it may be what was missing. s.mu is held.
func (s *sources) adopt(dir string) {
	s.walk(dir, func(dir string) bool {
		if isHidden(filepath.Base(dir)) || filepath.Base(dir) == "node_modules" {
			return false
		}
		s.folders[dir] = true
		s.watch(dir)
		return true
	})
}

// maxWalked bounds how many folders are looked at below one.
const maxWalked = 1000

// walk calls enter for a folder and those below it, but not below one for which it
// returns false.
func (s *sources) walk(dir string, enter func(dir string) bool) {
	n := 0
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil
		}
		if n++; n > maxWalked || !enter(path) {
			return fs.SkipDir
		}
		return nil
	})
}

// changedSince reports whether a file of a folder was written after a time. File
// systems know the time a little less exactly.
func changedSince(dir string, begun time.Time) bool {
	entries, _ := os.ReadDir(dir)
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		info, err := e.Info()
		return err == nil && isSource(e.Name()) && info.ModTime().After(begun.Add(-10*time.Millisecond))
	})
}

// maxLinks bounds a chain of symbolic links.
const maxLinks = 40

// follow adds what a file is a symbolic link to. s.mu is held.
func (s *sources) follow(file string, to map[string]bool) {
	for range maxLinks {
		target, err := os.Readlink(file)
		if err != nil {
			return
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(file), target)
		}
		file = target
		if !to[file] {
			to[file] = true
			s.watch(filepath.Dir(file))
		}
	}
}

// links adds what the symbolic links of a folder lead to. s.mu is held.
func (s *sources) links(dir string, is func(base string) bool, to map[string]bool) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.Type()&fs.ModeSymlink != 0 && is(e.Name()) {
			s.follow(filepath.Join(dir, e.Name()), to)
		}
	}
}
