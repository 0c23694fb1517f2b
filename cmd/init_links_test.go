package emucmd

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// TestInitLinks: emu init writes nothing through a link, and then writes no file at all.
func TestInitLinks(t *testing.T) {
	files := []newFile{{"a.txt", []byte("a")}, {"src/deep/b.txt", []byte("b")}}
	const text = "dear to somebody\n"
	for name, c := range map[string]struct{ link, to, err string }{
		"file":            {"a.txt", "precious", "nothing is written, for these files exist already: a.txt"},
		"link to nothing": {"a.txt", "not-there", "nothing is written, for these files exist already: a.txt"},
		"folder":          {"src", ".", "nothing is written, for src is no folder, but a link or a file"},
		"no folder":       {"src", "precious", "nothing is written, for src is no folder, but a link or a file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, elsewhere := t.TempDir(), t.TempDir()
			precious := filepath.Join(elsewhere, "precious")
			if err := os.WriteFile(precious, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(filepath.Join(elsewhere, c.to), filepath.Join(dir, c.link)); err != nil {
				t.Skip(err)
			}
			err := writeNew(dir, files)
			var hinted *diagnostic.Error
			if !errors.As(err, &hinted) || err.Error() != c.err {
				t.Errorf("error %v, want %s", err, c.err)
			}
			if got, err := os.ReadFile(precious); err != nil || string(got) != text {
				t.Errorf("the other file holds %q (%v)", got, err)
			}
			for _, dir := range []string{dir, elsewhere} {
				if entries, _ := os.ReadDir(dir); len(entries) != 1 {
					t.Errorf("there are %v", entries)
				}
			}
		})
	}
}
