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
	}
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
