package folder

import (
	"os"
	"path/filepath"
	"testing"
)

// TestLockFileGoes: a lock of a file that was deleted before it was locked is none.
func TestLockFileGoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	f, err := openOwn(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !isAt(f, path) {
		t.Error("the file is not at its path")
	}
	if err := os.Rename(path, path+"-moved"); err != nil {
		t.Skip(err)
	}
	if isAt(f, path) {
		t.Error("a file that was moved is at its path")
	}
	again, err := openOwn(path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if isAt(f, path) || !isAt(again, path) {
		t.Error("another file of the name is taken for the first")
	}
}
