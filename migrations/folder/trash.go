package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Trash is the folder of removed files. trashTime is the format of the time in their names.
const (
	Trash     = ".trash"
	trashTime = "20060102T150405.000Z"
)

// Move moves a file or a folder to a path in the trash, with ~2, ~3, … if the path is taken.
func Move(from, to string) error {
	if info, err := os.Lstat(filepath.Dir(to)); err == nil && !info.IsDir() {
		return fileError(filepath.Dir(to), "it is no folder of emu's, but in the place of the trash")
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	free := to
	for n := 2; ; n++ {
		if _, err := os.Lstat(free); errors.Is(err, fs.ErrNotExist) {
			break
		}
		free = fmt.Sprintf("%s~%d", to, n)
	}
	if err := os.Rename(from, free); err != nil {
		return err
	}
	return errors.Join(Sync(filepath.Dir(from)), Sync(filepath.Dir(to)))
}

// TrashPath is the path in the trash for an entry of dir.
func TrashPath(dir, name string, now time.Time) string {
	return filepath.Join(dir, Trash, name+"-"+now.UTC().Format(trashTime))
}

// Trashed maps the name of each removed entry of dir to its paths in the trash.
func Trashed(dir string) (map[string][]string, error) {
	if dir == "" {
		return nil, nil // in memory
	}
	dir = filepath.Join(dir, Trash)
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	all := map[string][]string{}
	for _, e := range entries {
		name, again := e.Name(), strings.LastIndexByte(e.Name(), '~')
		if again > strings.LastIndexByte(name, '-') {
			name = name[:again]
		}
		i := strings.LastIndexByte(name, '-')
		if i < 0 {
			continue
		}
		if _, err := time.Parse(trashTime, name[i+1:]); err == nil {
			all[name[:i]] = append(all[name[:i]], filepath.Join(dir, e.Name()))
		}
	}
	return all, nil
}
