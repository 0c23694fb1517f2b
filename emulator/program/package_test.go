package program

import (
	"context"
	"errors"
	"go/build"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// folder writes an archive of files to a folder of its own.
func folder(t *testing.T, archive string) string {
	t.Helper()
	dir := t.TempDir()
	if err := txtar.Write(txtar.Parse([]byte(archive)), dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFind(t *testing.T) {
	dir := folder(t, `
-- src/index.ts --
-- src/main.go --
package main
import _ "github.com/seed-36a2c969/emu/emulator/worker"
-- src/main_test.go --
package main_test
-- ts/index.ts --
-- library/a.go --
package library
-- tagged/a.go --
//go:build ignore
package main
-- wrong/a.go --
package main
func
`)
	tests := []struct{ name, main, script, dir, instead, err string }{
		{"folder", "src", "", "src", "", ""},
		{"Go file", "src/main.go", "", "src", "", ""},
		{"TypeScript beside it", "src/index.ts", "", "src", "src/index.ts", ""},
		{"TypeScript that is not there", "src/none.ts", "", "src", "src/none.ts", ""},
		{"script", "ts/index.ts", "src", "src", "", ""},
		{"syntax error", "wrong", "", "wrong", "", ""}, // the compiler says it
		{"no main", "", "", "", "", "there is no main: emu does not know which program to run"},
		{"TypeScript alone", "ts/index.ts", "", "", "", "cannot run ts/index.ts: there is no Go package in its folder"},
		{"no folder", "none", "", "", "", "cannot run none: there is no such folder"},
		{"excluded", "tagged", "", "", "", "cannot run tagged: build constraints exclude all Go files in its folder on " + runtime.GOOS + "/" + runtime.GOARCH + ": a.go"},
		{"library", "library/a.go", "", "", "", "cannot run library/a.go: the Go package in its folder is package library, not package main"},
		{"script alone", "src", "ts/index.ts", "", "", "cannot run ts/index.ts: there is no Go package in its folder"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := &config.Config{Path: filepath.Join(dir, "wrangler.jsonc")}
			if test.main != "" {
				c.Main = filepath.Join(dir, filepath.FromSlash(test.main))
			}
			p, d := Find(c, test.script, dir)
			if d != nil {
				if d.Text != test.err || d.Hint == "" {
					t.Errorf("error %q, hint %q", d.Text, d.Hint)
				}
				return
			}
			if test.err != "" || p.Dir != filepath.Join(dir, test.dir) || p.Instead != test.instead {
				t.Errorf("found %+v", p)
			}
			if p.Path(dir) != "./"+test.dir || p.Path(filepath.Join(dir, "ts")) != "../"+test.dir {
				t.Errorf("package %s, %s", p.Path(dir), p.Path(filepath.Join(dir, "ts")))
			}
		})
	}
}

// TestFindNothing: without a configuration the advice is not to edit one.
func TestFindNothing(t *testing.T) {
	p, d := Find(&config.Config{}, "", t.TempDir())
	if p != nil || d == nil || !strings.HasPrefix(d.Text, "there is no wrangler.jsonc, ") || strings.Contains(d.Hint, `"main"`) || d.Place != (diagnostic.Place{}) {
		t.Errorf("%+v %+v", p, d)
	}
}

// TestBuildEnds: a build that waits for another one ends with its context.
func TestBuildEnds(t *testing.T) {
	cache := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, cache)
	}
	p := &Package{Dir: t.TempDir(), direct: true}
	path, err := p.executable()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(path, cache) {
		t.Fatalf("builds to %s", path)
	}
	lock, err := lockFile(context.Background(), path+".lock")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.Build(ctx, io.Discard, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("it was built")
	}
}

// TestFindIsNative: a package is looked at with this machine's files, whatever $GOOS is.
func TestFindIsNative(t *testing.T) {
	before := build.Default
	defer func() { build.Default = before }()
	build.Default.GOOS, build.Default.GOARCH, build.Default.CgoEnabled = "js", "wasm", false
	dir := folder(t, "-- main_"+runtime.GOOS+".go --\npackage main\nimport _ \""+workerPackage+"\"\n")
	if p, d := Find(&config.Config{Main: dir}, "", dir); d != nil || !p.direct {
		t.Errorf("found %+v, %v", p, d)
	}
}
