package emulator

import (
	"os"
	"path/filepath"

	"github.com/seed-36a2c969/emu/emulator/internal/store"
	"github.com/seed-36a2c969/emu/migrations"
)

// files is where a namespace keeps its databases: in wrangler's layout
// <persist>/v3/do/<unique key>/<id>.sqlite, or in memory.
type files struct {
	dir    string // "" is in memory
	memory *store.Memory
}

func newFiles(o *Options, unique string) *files {
	if o.Persist == "" {
		return &files{memory: new(store.Memory)}
	}
	return &files{dir: filepath.Join(migrations.Dir(o.Persist), unique)}
}

// create makes an object's file if it is not there, which workerd does for every
// object that comes into memory. SQLite makes the empty file a database at its first
// use. A file that is there is not opened, which would cost SQLite its locks.
func (f *files) create(id [32]byte) {
	if f.dir == "" {
		return
	}
	// Why it could not be made is told at the first use.
	if file, err := os.OpenFile(f.path(id), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644); err == nil {
		file.Close()
	}
}

func (f *files) path(id [32]byte) string { return filepath.Join(f.dir, idString(id)+".sqlite") }

// open opens an object's database and makes it if it is not there.
func (f *files) open(id [32]byte) (*store.DB, error) {
	if f.dir == "" {
		return store.Open(store.Options{Memory: f.memory, Path: idString(id)})
	}
	if err := os.MkdirAll(f.dir, 0o777); err != nil {
		return nil, err
	}
	return store.Open(store.Options{Path: f.path(id)})
}

// alarms opens the namespace's alarms and makes their database if it is not
// there, which workerd does at a start too; nil in memory.
func (f *files) alarms() (*store.Alarms, error) {
	if f.dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(f.dir, 0o777); err != nil {
		return nil, err
	}
	return store.OpenAlarms(store.Options{Path: filepath.Join(f.dir, "metadata.sqlite")})
}
