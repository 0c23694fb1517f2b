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
	mu      sync.Mutex
	content map[string][]byte // of closed databases
	open    map[string]bool
}

// take returns the content of a database, which is open from then on.
func (m *Memory) take(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.open[name] {
		return nil, fmt.Errorf("open database %s in memory: it is open already; close it first", name)
	}
	if m.open == nil {
		m.open, m.content = map[string]bool{}, map[string][]byte{}
	}
	content := m.content[name]
	delete(m.content, name)
	m.open[name] = true
	return content, nil
}

// put takes the content of a database that is closed from then on.
func (m *Memory) put(name string, content []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.open, name)
	if len(content) > 0 {
		m.content[name] = content
	}
}

// serialize copies the database out.
func (db *DB) serialize() []byte {
	name := db.cstring("main")
	defer db.free(name)
	db.trusted = true // SQLite runs a PRAGMA for it
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
