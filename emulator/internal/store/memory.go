package store

// Databases without a disk (https://sqlite.org/c3ref/serialize.html).

import (
	"fmt"
	"sync"

	lib "modernc.org/sqlite/lib"
)

// Memory is a folder of databases that is not on a disk: what is in one stays
// between Close and the next Open of its name. The zero value is empty and
// ready; several goroutines may use it.
type Memory struct {
	mu    sync.Mutex
	files map[string][]byte // nil while open or empty
	open  map[string]bool
}

func (m *Memory) take(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.open[name] {
		return fmt.Errorf("open database %s in memory: it is open already", name)
	}
	if m.open == nil {
		m.open, m.files = map[string]bool{}, map[string][]byte{}
	}
	m.open[name] = true
	return nil
}

func (m *Memory) giveBack(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.open, name)
}

func (m *Memory) content(name string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.files[name]
	return b
}

func (m *Memory) store(name string, b []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.open, name)
	if b == nil {
		delete(m.files, name)
		return
	}
	m.files[name] = b
}

// serialize copies the database out.
func (db *DB) serialize() []byte {
	name := db.cstring("main")
	defer db.free(name)
	p := lib.Xsqlite3_serialize(db.tls, db.c, name, db.out, 0)
	if p == 0 {
		return nil
	}
	defer db.free(p)
	return append([]byte(nil), bytesAt(p, int(*(*int64)(ptr(db.out))))...)
}

// load copies a database in, in place of the empty one.
func (db *DB) load(content []byte) int32 {
	if len(content) == 0 {
		return lib.SQLITE_OK
	}
	name := db.cstring("main")
	defer db.free(name)
	p := db.malloc(len(content))
	copy(bytesAt(p, len(content)), content)
	db.trusted = true
	n := lib.Tsqlite3_int64(len(content))
	return lib.Xsqlite3_deserialize(db.tls, db.c, name, p, n, n,
		lib.SQLITE_DESERIALIZE_FREEONCLOSE|lib.SQLITE_DESERIALIZE_RESIZEABLE)
}
