package watch

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator/program"
)

// TestInputs: which files of a folder matter.
func TestInputs(t *testing.T) {
	embeds := []embed{newEmbed("/p/src", "static"), newEmbed("/p/src", "all:hidden/*.txt"), newEmbed("/p/src", "tmpl/*.html")}
	for _, test := range []struct {
		file                   string
		source, vars, embedded bool
	}{
		{file: "main.go", source: true},
		{file: "main_test.go"},
		{file: ".#main.go"},
		{file: "main.go~"},
		{file: "add_amd64.s", source: true},
		{file: "other.html"},
		{file: "static/new.txt", embedded: true},
		{file: "static/deep/new.txt", embedded: true},
		{file: "static/.new.txt.swp"},
		{file: "static/_deep/new.txt"},
		{file: "hidden/.new.txt", embedded: true},
		{file: "hidden/new.html"},
		{file: "tmpl/new.html", embedded: true},
		{file: "tmpl/deep/new.html"},
		{file: ".dev.vars", vars: true},
		{file: ".dev.vars.staging", vars: true},
		{file: ".env.local", vars: true},
		{file: ".envrc"},
	} {
		base := filepath.Base(test.file)
		embedded := slices.ContainsFunc(embeds, func(e embed) bool { return e.holds("/p/src/" + test.file) })
		if isSource(base) != test.source || isVars(base) != test.vars || embedded != test.embedded {
			t.Errorf("%s: %t, %t, %t", test.file, isSource(base), isVars(base), embedded)
		}
	}
}

// still is a sources without a goroutine that gathers.
func still(t *testing.T) *sources {
	t.Helper()
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { watcher.Close() })
	return &sources{polled: make(chan program.Reason, 1), grown: make(chan struct{}, 1), watcher: watcher}
}

// workspace is a program of two packages with embedded files and links; of is what the go
// command lists of it.
func workspace(t *testing.T) (dir string, of listing) {
	t.Helper()
	dir = t.TempDir()
	err := txtar.Write(txtar.Parse([]byte(`
-- go.mod --
module example.com/p
-- wrangler.jsonc --
{}
-- src/main.go --
package main
-- src/pages/deep/a.txt --
a
-- src/icons/one/i.txt --
i
-- said/said.go --
package said
-- elsewhere/linked.txt --
package said
-- one/one.go --
package one
-- two/one.go --
package one
`)), dir)
	if err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"said/linked.go": "../elsewhere/linked.txt", "current": "one"} {
		if err := os.Symlink(filepath.FromSlash(target), filepath.Join(dir, filepath.FromSlash(link))); err != nil {
			t.Skip(err)
		}
	}
	text := fmt.Sprintf(`[
		{"ImportPath": "example.com/p/said", "Dir": %[2]q, "Module": %[1]s},
		{"ImportPath": "example.com/p/current", "Dir": %[3]q, "Module": %[1]s},
		{"ImportPath": "example.com/p/src", "Dir": %[4]q, "Module": %[1]s, "EmbedPatterns": ["pages", "icons/*/i.txt"]},
		{"ImportPath": "example.com/p/late/deep"}
	]`, fmt.Sprintf(`{"Path": "example.com/p", "Main": true, "Dir": %q, "GoMod": %q}`, dir, filepath.Join(dir, "go.mod")),
		filepath.Join(dir, "said"), filepath.Join(dir, "current"), filepath.Join(dir, "src"))
	if err := json.Unmarshal([]byte(text), &of.packages); err != nil {
		t.Fatal(err)
	}
	return dir, of
}

type sourceEdit struct {
	name string
	edit func(dir string) error
	want program.Reason
}

// sourceEdits are changes of a workspace, and what they mean.
var sourceEdits = []sourceEdit{
	{"nothing", func(string) error { return nil }, ""},
	{"no source", write("src/notes.txt", "n"), ""},
	{"source", write("said/said.go", "package said // edited\n"), program.CodeChanged},
	{"as long, at the same time", func(dir string) error {
		old := filepath.Join(dir, "said", "said.go")
		info, err := os.Stat(old)
		return cmp.Or(err, write("new", "package sa1d\n")(dir), os.Chtimes(filepath.Join(dir, "new"), info.ModTime(), info.ModTime()),
			os.Rename(filepath.Join(dir, "new"), old))
	}, program.CodeChanged},
	{"older", func(dir string) error {
		at := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
		return cmp.Or(write("said/said.go", "package sa1d\n")(dir), os.Chtimes(filepath.Join(dir, "said", "said.go"), at, at))
	}, program.CodeChanged},
	{"new source", write("said/new.go", "package said\n"), program.CodeChanged},
	{"source that goes", func(dir string) error { return os.Remove(filepath.Join(dir, "said", "said.go")) }, program.CodeChanged},
	{"go.mod", write("go.mod", "module example.com/q\n"), program.CodeChanged},
	{"target of a link", write("elsewhere/linked.txt", "package said // edited\n"), program.CodeChanged},
	{"link", relink("said/linked.go", "said.go"), program.CodeChanged},
	{"link of a folder", relink("current", "two"), program.CodeChanged},
	{"embedded", write("src/pages/deep/a.txt", "b, as it were"), program.CodeChanged},
	{"embedded anew", write("src/pages/deeper/still/b.txt", "b"), program.CodeChanged},
	{"embedded on the way", write("src/icons/two/i.txt", "i"), program.CodeChanged},
	{"embedded and hidden", write("src/pages/.b.txt", "b"), ""},
	{"package that was missing", write("late/deep/deep.go", "package deep\n"), program.CodeChanged},
	{"configuration", write("wrangler.jsonc", `{"name": "n"}`), program.ConfigChanged},
	{"variables", write(".dev.vars", "A=b"), program.ConfigChanged},
}

func write(name, text string) func(dir string) error {
	return func(dir string) error {
		path := filepath.Join(dir, filepath.FromSlash(name))
		return cmp.Or(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666))
	}
}

func relink(name, target string) func(dir string) error {
	return func(dir string) error {
		path := filepath.Join(dir, filepath.FromSlash(name))
		return cmp.Or(os.Remove(path), os.Symlink(target, path))
	}
}

// TestEditWithoutEvent: what no event shows is found by lookInterval.
func TestEditWithoutEvent(t *testing.T) {
	for _, test := range sourceEdits {
		t.Run(test.name, func(t *testing.T) {
			s := still(t)
			dir, of := workspace(t)
			s.config(&config.Config{Path: filepath.Join(dir, "wrangler.jsonc"), UserPath: filepath.Join(dir, "wrangler.jsonc")}, dir, nil)
			s.dir = filepath.Join(dir, "src")
			s.setInputs(s.dir, false, of)
			if kind := s.look(); kind != "" {
				t.Errorf("before: %q", kind)
			}
			s.watcher.Close()
			if err := test.edit(dir); err != nil {
				t.Fatal(err)
			}
			if kind := s.look(); kind != test.want {
				t.Errorf("found %q, want %q", kind, test.want)
			}
			if kind := s.look(); kind != "" {
				t.Errorf("found once more: %q", kind)
			}
		})
	}
}

// TestEditBehindBuild: an edit after the build has read the file and before the go command
// has listed it is found, or asks for a build to compare with.
func TestEditBehindBuild(t *testing.T) {
	for _, test := range sourceEdits {
		t.Run(test.name, func(t *testing.T) {
			for _, known := range []bool{false, true} {
				s := still(t)
				dir, of := workspace(t)
				s.config(&config.Config{Path: filepath.Join(dir, "wrangler.jsonc"), UserPath: filepath.Join(dir, "wrangler.jsonc")}, dir, nil)
				p := &program.Package{Dir: filepath.Join(dir, "src")}
				s.dir, s.folders = p.Dir, map[string]bool{p.Dir: true}
				if known {
					s.setInputs(p.Dir, false, of)
					<-s.grown
				}
				s.begin(p)
				if err := test.edit(dir); err != nil {
					t.Fatal(err)
				}
				s.setInputs(p.Dir, false, of)
				got, grown := program.Reason(""), false
				select {
				case got = <-s.polled:
				default:
				}
				select {
				case <-s.grown:
					grown = true
				default:
				}
				// A new file is one that was not known when the build began.
				if known && got != test.want && (got != "" || !grown) {
					t.Errorf("found %q, want %q", got, test.want)
				}
				if !known && !grown {
					t.Error("is not built again to compare with")
				}
				s.begin(p)
				s.setInputs(p.Dir, false, of)
				if len(s.grown) > 0 || len(s.polled) > 0 {
					t.Error("the next build is not the last")
				}
			}
		})
	}
}

// TestEditIsEvent: an edit leads to an event, at which a comparison finds it.
func TestEditIsEvent(t *testing.T) {
	for _, test := range sourceEdits {
		if test.want == "" {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			s := still(t)
			dir, of := workspace(t)
			s.config(&config.Config{Path: filepath.Join(dir, "wrangler.jsonc"), UserPath: filepath.Join(dir, "wrangler.jsonc")}, dir, nil)
			s.dir = filepath.Join(dir, "src")
			s.setInputs(s.dir, false, of)
			if err := test.edit(dir); err != nil {
				t.Fatal(err)
			}
			for late := time.After(time.Minute); ; {
				select {
				case <-s.watcher.Events:
					if s.look() == test.want {
						return
					}
				case <-late:
					t.Fatal("no event shows it")
				}
			}
		})
	}
}

// TestEditBehindReading: an edit of the configuration is found that comes after emu has read it, and
// before it has set what to watch and what to build.
func TestEditBehindReading(t *testing.T) {
	for _, test := range append(sourceEdits, sourceEdit{"configuration that goes", func(dir string) error { return os.Remove(filepath.Join(dir, "wrangler.jsonc")) }, program.ConfigChanged}) {
		if test.want != program.ConfigChanged {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			s := still(t)
			dir, of := workspace(t)
			c := &config.Config{Path: filepath.Join(dir, "wrangler.jsonc"), UserPath: filepath.Join(dir, "wrangler.jsonc")}
			s.config(c, dir, nil)
			s.dir = filepath.Join(dir, "src")
			s.setInputs(s.dir, false, of)
			if err := test.edit(dir); err != nil {
				t.Fatal(err)
			}
			if s.config(c, dir, nil) {
				t.Error("is read again, though nothing new is watched")
			}
			s.begin(&program.Package{Dir: s.dir})
			if kind := s.look(); kind != test.want {
				t.Errorf("found %q, want %q", kind, test.want)
			}
			if kind := s.look(); kind != "" {
				t.Errorf("found once more: %q", kind)
			}
		})
	}
}

// TestConfigurationComesBack: a configuration that is found to be gone, and comes back as it was while
// the go command lists the inputs, is a change.
func TestConfigurationComesBack(t *testing.T) {
	s := still(t)
	dir, of := workspace(t)
	file, away := filepath.Join(dir, "wrangler.jsonc"), filepath.Join(dir, "away")
	s.config(&config.Config{Path: file, UserPath: file}, dir, nil)
	p := &program.Package{Dir: filepath.Join(dir, "src")}
	s.dir = p.Dir
	s.setInputs(p.Dir, false, of)
	<-s.grown
	s.begin(p)
	if err := os.Rename(file, away); err != nil {
		t.Fatal(err)
	}
	if kind := s.look(); kind != program.ConfigChanged {
		t.Fatalf("gone: %q", kind)
	}
	if err := os.Rename(away, file); err != nil {
		t.Fatal(err)
	}
	s.setInputs(p.Dir, false, of)
	if kind := s.look(); kind != program.ConfigChanged {
		t.Errorf("back: %q", kind)
	}
}

// TestFoldersOfBrokenBuild: while the build is broken, each new folder is watched, also one that is made
// before the change that the folder above it means has been taken.
func TestFoldersOfBrokenBuild(t *testing.T) {
	s, err := newSources()
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	dir := t.TempDir()
	s.mu.Lock()
	s.folders, s.broken = map[string]bool{dir: true}, true
	s.extend(nil, "")
	s.mu.Unlock()
	late := time.After(time.Minute)
	for _, made := range []string{filepath.Join(dir, "one"), filepath.Join(dir, "one", "two")} {
		if err := os.Mkdir(made, 0o777); err != nil {
			t.Fatal(err)
		}
		for watched := false; !watched; {
			select {
			case <-late:
				t.Fatalf("%s is not watched", made)
			case <-time.After(time.Millisecond):
			}
			s.mu.Lock()
			watched = s.folders[made]
			s.mu.Unlock()
		}
	}
}
