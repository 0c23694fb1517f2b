package storage

import (
	"encoding/hex"
	"os"
	"path/filepath"

	"github.com/seed-36a2c969/emu/emulator/internal/alarms"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

// Namespace is the storage of one class's objects: a database for each object, and one for the alarms
// of all. They are in memory, or files in wrangler's layout:
// <persist>/v3/do/<unique key>/<id>.sqlite.
type Namespace struct {
	host    *host.Host
	handles *Handles
	alarms  *alarms.Namespace
	sql     bool
	dir     string // "" is in memory
	memory  *store.Memory
}

// Options are what Open needs.
type Options struct {
	Host    *host.Host
	Handles *Handles
	// Alarms schedules the alarms that the objects set, and Ringer runs their handlers.
	Alarms *alarms.Scheduler
	Ringer alarms.Ringer
	// SQL is set if the class was migrated with new_sqlite_classes. Only such a class has
	// storage.sql and storage.kv.
	SQL bool
	// Dir is the folder of the databases. If it is "" they are in memory.
	Dir string
}

// Open opens a namespace with the alarms that were set before the start.
func Open(o Options) (*Namespace, error) {
	n := &Namespace{host: o.Host, handles: o.Handles, sql: o.SQL, dir: o.Dir}
	if o.Dir == "" {
		n.memory = new(store.Memory)
	}
	var file *store.Alarms // nil in memory
	var err error
	if o.Dir != "" {
		if err = os.MkdirAll(o.Dir, 0o777); err != nil {
			return nil, err
		}
		// As workerd does, a start makes the file of the alarms if it is not there.
		if file, err = store.OpenAlarms(store.Options{Path: filepath.Join(o.Dir, "metadata.sqlite")}); err != nil {
			return nil, err
		}
	}
	n.alarms, err = o.Alarms.Open(file, o.Ringer)
	return n, err
}

// Create makes an empty file for an object that has none, as workerd does for every object that comes
// into memory. SQLite makes it a database at the first use. O_EXCL keeps Create from opening a file
// that exists: closing it would drop the locks that SQLite has on it.
func (n *Namespace) Create(id [32]byte) {
	if n.dir == "" {
		return
	}
	// An error shows at the first use, where SQLite fails to open the file.
	if file, err := os.OpenFile(n.path(id), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644); err == nil {
		file.Close()
	}
}

func (n *Namespace) path(id [32]byte) string {
	return filepath.Join(n.dir, hex.EncodeToString(id[:])+".sqlite")
}

// open opens an object's database, which it makes if there is none.
func (n *Namespace) open(id [32]byte) (*store.DB, error) {
	if n.dir == "" {
		return store.Open(store.Options{Memory: n.memory, Path: hex.EncodeToString(id[:])})
	}
	if err := os.MkdirAll(n.dir, 0o777); err != nil { // somebody may have removed it since Open
		return nil, err
	}
	return store.Open(store.Options{Path: n.path(id)})
}
