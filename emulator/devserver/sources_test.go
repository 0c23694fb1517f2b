package devserver

import (
	"path/filepath"
	"testing"

	"github.com/fsnotify/fsnotify"
)

// TestKind: which files matter, and for what.
func TestKind(t *testing.T) {
	src, conf := filepath.FromSlash("/p/src"), filepath.FromSlash("/p")
	s := &sources{
		folders: map[string]bool{src: true},
		files:   map[string]bool{filepath.Join(conf, "go.mod"): true, filepath.Join(src, "page.html"): true},
		configs: map[string]bool{filepath.Join(conf, "wrangler.jsonc"): true},
		vars:    conf,
		embeds:  []embed{newEmbed(src, "static"), newEmbed(src, "all:hidden/*.txt"), newEmbed(src, "tmpl/*.html")},
		ways:    map[string]string{conf: tellConfig, src: tellCode},
	}
	var err error
	if s.watcher, err = fsnotify.NewWatcher(); err != nil { // it is asked for folders that are not there
		t.Fatal(err)
	}
	defer s.watcher.Close()
	tests := []struct {
		file string
		op   fsnotify.Op
		want string
	}{
		{"/p/src/main.go", fsnotify.Write, tellCode},
		{"/p/src/new.go", fsnotify.Create, tellCode},
		{"/p/src/old.go", fsnotify.Remove, tellCode},
		{"/p/src/moved.go", fsnotify.Rename, tellCode},
		{"/p/src/main.go", fsnotify.Chmod, ""},
		{"/p/src/main_test.go", fsnotify.Write, ""},
		{"/p/src/.#main.go", fsnotify.Create, ""},
		{"/p/src/main.go~", fsnotify.Create, ""},
		{"/p/src/page.html", fsnotify.Write, tellCode},
		{"/p/src/other.html", fsnotify.Write, ""},
		{"/p/src/add_amd64.s", fsnotify.Write, tellCode},
		{"/p/src/static/new.txt", fsnotify.Create, tellCode},
		{"/p/src/static/deep/new.txt", fsnotify.Create, tellCode},
		{"/p/src/static/.new.txt.swp", fsnotify.Create, ""},
		{"/p/src/static/_deep/new.txt", fsnotify.Create, ""},
		{"/p/src/hidden/.new.txt", fsnotify.Create, tellCode},
		{"/p/src/hidden/new.html", fsnotify.Create, ""},
		{"/p/src/tmpl/new.html", fsnotify.Create, tellCode},
		{"/p/src/tmpl/deep/new.html", fsnotify.Create, ""},
		{"/p/src", fsnotify.Create, tellCode},
		{"/p/src", fsnotify.Write, ""},
		{"/p", fsnotify.Rename, tellConfig},
		{"/p/other", fsnotify.Create, ""},
		{"/p/other/main.go", fsnotify.Write, ""},
		{"/p/go.mod", fsnotify.Write, tellCode},
		{"/p/wrangler.jsonc", fsnotify.Write, tellConfig},
		{"/p/.dev.vars", fsnotify.Create, tellConfig},
		{"/p/.dev.vars.staging", fsnotify.Remove, tellConfig},
		{"/p/.env.local", fsnotify.Write, tellConfig},
		{"/p/.envrc", fsnotify.Write, ""},
		{"/p/src/.env", fsnotify.Write, ""},
	}
	for _, test := range tests {
		if got := s.kind(fsnotify.Event{Name: filepath.FromSlash(test.file), Op: test.op}); got != test.want {
			t.Errorf("%s %s: %q, want %q", test.op, test.file, got, test.want)
		}
	}
}
