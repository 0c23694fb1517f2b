// Package store is an object's SQLite database as workerd keeps it, for package storage.
//
// A database has the user's tables, a key-value table and a metadata table. A policy keeps user
// statements out of the other two. Writes gather in one implicit transaction until Commit. Values
// are bytes or SQLite's own types: store knows nothing of JavaScript.
//
// Source: SqliteDatabase in https://github.com/cloudflare/workerd/blob/main/src/workerd/util/sqlite.h
package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/seed-36a2c969/emu/emulator/internal/sqlite"
)

// Options say what Open opens.
type Options struct {
	// Path is the database file. Open makes the file if there is none, but not its folder.
	// With Memory, Path is a name within it. Without both, the database is in memory and gone
	// after Close.
	Path string
	// Memory holds the database instead of the disk.
	Memory *Memory

	vfs string // the name of a registered VFS, for tests
}

// DB is an open database. One goroutine at a time may use it, Interrupt
// excepted; databases are independent of each other.
type DB struct {
	conn *sqlite.Conn
	opts Options
	file os.FileInfo // of the file that was opened; nil in memory

	// generation changes when DeleteAll replaces the database, which ends the open cursors.
	generation int

	cache   sqlite.Cache // user statements
	lists   sqlite.Cache // statements of iterators
	scripts scripts
	policy
	transaction
	tables
	alarm     alarm
	forgotten bool // from DeleteAll to the next commit, while workerd does not know that no alarm is set
	kvList    *Iterator
}

// Open opens a database in WAL mode with workerd's limits, as sqlite.Open does.
func Open(o Options) (*DB, error) {
	var content []byte
	path := o.Path
	if o.Memory != nil {
		var err error
		if content, err = o.Memory.take(o.Path); err != nil {
			return nil, err
		}
		path = ""
	}
	db := &DB{opts: o}
	var err error
	db.conn, err = sqlite.Open(sqlite.Config{Path: path, VFS: o.vfs, Authorize: db.authorize, Failed: db.failed}, content)
	if err != nil {
		if o.Memory != nil {
			o.Memory.put(o.Path, content)
		}
		return nil, err
	}
	db.noteFile()
	return db, nil
}

func (db *DB) inMemory() bool { return db.opts.Memory != nil || db.opts.Path == "" }

// noteFile remembers which file is open, for lostFile.
func (db *DB) noteFile() {
	if !db.inMemory() {
		db.file, _ = os.Stat(db.opts.Path)
	}
}

// Close rolls back what is not committed, moves the write-ahead log into the file and removes the
// files -wal and -shm, as workerd does when it evicts an object. Cursors end. A database in a
// [Memory] can be opened again. If the file was deleted or replaced meanwhile, the writes are lost,
// and Close returns an error.
func (db *DB) Close() error {
	if !db.conn.Connected() {
		return nil
	}
	err := db.Rollback()
	if err == nil {
		err = db.lostFile()
	}
	if db.opts.Memory != nil {
		db.opts.Memory.put(db.opts.Path, db.conn.Serialize())
	}
	db.disconnect()
	db.conn.Close()
	return err
}

// disconnect finalizes every statement and closes the connection.
func (db *DB) disconnect() {
	db.cache.Clear()
	db.lists.Clear()
	db.scripts.finalizeAll()
	db.generation++
	db.conn.Disconnect()
	db.tables, db.alarm, db.changed = tables{}, alarm{}, false
}

// usable returns the error of every user statement, or nil if one can run.
func (db *DB) usable() error {
	if !db.conn.Connected() {
		return ErrClosed
	}
	if db.conn.Interrupted() {
		return sqlite.ErrInterrupted
	}
	return nil
}

// goneError is the error of a cursor whose database was replaced.
func (db *DB) goneError() error {
	if !db.conn.Connected() {
		return ErrClosed
	}
	return refusal(msgDeleted)
}

// Interrupt makes the user statement that is running, and every later one, end
// with an error. Any goroutine may call it.
func (db *DB) Interrupt() { db.conn.Interrupt() }

// Idle reports whether the database can be closed and opened again without losing a cursor, a
// transaction or a setting such as PRAGMA foreign_keys.
func (db *DB) Idle() bool {
	return !db.begun && !db.changed && db.conn.BusyStatements() == db.scripts.busy()
}

// Size is the size of the content in bytes: pages in use times the page size
// (databaseSize).
func (db *DB) Size() (int64, error) {
	pages, _, err := db.conn.Number("PRAGMA page_count")
	if err != nil {
		return 0, err
	}
	unused, _, err := db.conn.Number("PRAGMA freelist_count")
	if err != nil {
		return 0, err
	}
	// A file has its first page from the start, a database in memory only after the first write.
	return max(pages-unused, 1) * pageSize, nil
}

const pageSize = 4096

// DeleteAll removes the database, with what is not committed, and starts an empty one. Open cursors
// fail from then on. After an error the database is closed.
func (db *DB) DeleteAll() error {
	if !db.conn.Connected() {
		return ErrClosed
	}
	if db.autonomous {
		return &InternalError{refusal("delete all: SQLite has rolled the transaction back before")}
	}
	if db.critical != nil {
		return db.critical
	}
	if err := db.Rollback(); err != nil {
		return err
	}
	db.disconnect()
	db.forgotten = true
	var err error
	if !db.inMemory() {
		err = removeFiles(db.opts.Path)
	}
	if err == nil {
		err = db.conn.Connect(nil)
	}
	if err != nil {
		if db.opts.Memory != nil {
			db.opts.Memory.put(db.opts.Path, nil)
		}
		db.conn.Close()
		return fmt.Errorf("delete all: %w", err)
	}
	db.noteFile()
	return nil
}

// lostFile returns an error if the file was deleted or replaced since it was opened.
func (db *DB) lostFile() error {
	if db.file == nil {
		return nil
	}
	if now, err := os.Stat(db.opts.Path); errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(db.file, now) {
		return fmt.Errorf("%s was deleted or replaced while it was open: what was written to it since is gone with it", db.opts.Path)
	}
	return nil
}

// removeFiles removes a closed database with its log and journal.
func removeFiles(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
