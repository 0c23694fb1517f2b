// Package store keeps SQLite databases the way workerd's SqliteDatabase does
// (https://github.com/cloudflare/workerd/blob/main/src/workerd/util/sqlite.h):
// user statements run under a policy, writes gather in one implicit
// transaction until Commit, and beside the user's tables live a key-value
// table and a metadata table that user statements cannot reach. It deals in
// bytes and SQLite's own value types and knows nothing of JavaScript.
package store

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Options say what Open opens.
type Options struct {
	// Path is the database file. It is made if it is not there, its folder
	// is not. With Memory it is only a name; if both are empty the database
	// is a private one in memory that is gone after Close.
	Path string
	// Memory holds the database instead of the disk.
	Memory *Memory
	// ReadOnly opens a file that is there without ever writing to it.
	ReadOnly bool

	vfs string // a registered VFS, for tests
}

// ErrClosed is what the methods of a closed database return.
var ErrClosed = errors.New("store: database is closed")

// busyTimeout is how long, in ms, a statement waits for another process (a
// sqlite3 shell, say) that holds the file's write lock.
const busyTimeout = 1000

// DB is an open database. One goroutine at a time may use it, Interrupt
// excepted; databases are independent of each other.
type DB struct {
	tls  *libc.TLS
	c    uintptr // *sqlite3; 0 if closed
	out  uintptr // C memory for results of the C API
	opts Options
	file os.FileInfo // as it was opened; nil in memory

	// generation changes when DeleteAll replaces the database underneath
	// the cursors that are open.
	generation  int
	interrupted atomic.Bool

	// What the authorizer needs to know about the statement at hand.
	trusted   bool   // one of our own: everything is allowed
	preparing string // its text
	refused   error  // why it was denied, if SQLite's own words will not do
	settings  bool   // a statement has changed the connection's

	cache    stmtCache // user statements
	lists    stmtCache // those of iterators
	fronts   fronts
	expired  int32            // how often an OP_Expire ran
	version  uint32           // of the data, when the schema was read: another process changes it
	internal map[string]*stmt // our own
	loose    map[*stmt]bool   // statements in use that no cache has yet

	transaction
	tables    // which of our own tables exist
	alarm     alarm
	forgotten bool // that there is none, from DeleteAll to the next commit, as workerd does
	kvList    *Iterator
}

// Open opens or makes a database in WAL mode with workerd's limits. It
// creates no table. What is not a database, is damaged, cannot be written or
// was written by a newer SQLite is refused by name and left as it is.
func Open(o Options) (*DB, error) {
	patchLibrary()
	patchLike()
	var content []byte
	if o.Memory != nil {
		var err error
		if content, err = o.Memory.take(o.Path); err != nil {
			return nil, err
		}
	}
	db := &DB{tls: libc.NewTLS(), opts: o}
	db.out = db.malloc(2 * int(unsafe.Sizeof(uintptr(0))))
	if err := db.connect(content); err != nil {
		if o.Memory != nil {
			o.Memory.put(o.Path, content)
		}
		db.release()
		return nil, err
	}
	return db, nil
}

// patchLibrary is what modernc.org/sqlite does to its library at its start,
// for the page size on linux/arm64.
var patchLibrary = sync.OnceFunc(lib.PatchIssue199)

// inMemory reports whether there is no file.
func (db *DB) inMemory() bool { return db.opts.Memory != nil || db.opts.Path == "" }

// connect opens the connection and sets it up; content is what memory holds.
func (db *DB) connect(content []byte) error {
	path, flags := db.opts.Path, int32(lib.SQLITE_OPEN_READWRITE|lib.SQLITE_OPEN_CREATE)
	if db.opts.ReadOnly {
		flags = lib.SQLITE_OPEN_READONLY
	}
	if db.inMemory() {
		path = ":memory:"
	}
	name := db.cstring(path)
	defer db.free(name)
	var vfs uintptr
	if db.opts.vfs != "" {
		vfs = db.cstring(db.opts.vfs)
		defer db.free(vfs)
	}
	rc := lib.Xsqlite3_open_v2(db.tls, name, db.out, flags|lib.SQLITE_OPEN_NOMUTEX, vfs)
	db.c = *wordAt(db.out)
	if rc == lib.SQLITE_OK {
		rc = db.setUp(content)
	}
	if rc != lib.SQLITE_OK {
		err := db.openError(rc)
		db.disconnect()
		return err
	}
	if !db.inMemory() {
		db.file, _ = os.Stat(db.opts.Path)
	}
	return nil
}

const readSchema = "SELECT 1 FROM sqlite_schema LIMIT 1"

// setUp returns a result code; the details are still on the connection.
func (db *DB) setUp(content []byte) int32 {
	db.config(lib.SQLITE_DBCONFIG_DEFENSIVE)
	db.config(lib.SQLITE_DBCONFIG_ENABLE_FKEY)
	for id, n := range limits {
		lib.Xsqlite3_limit(db.tls, db.c, int32(id), n)
	}
	lib.Xsqlite3_busy_timeout(db.tls, db.c, busyTimeout)
	db.dropModules()
	db.dropFunctions()
	db.dropStat4()
	self := db.self()
	lib.Xsqlite3_set_authorizer(db.tls, db.c, callback(authorize), self)
	lib.Xsqlite3_progress_handler(db.tls, db.c, progressInterval, callback(progress), self)
	if db.inMemory() {
		return db.load(content)
	}
	// Reads the schema, and so finds out now what is wrong with it.
	if rc := db.run(readSchema); rc != lib.SQLITE_OK || db.opts.ReadOnly {
		return rc
	}
	if lib.Xsqlite3_db_readonly(db.tls, db.c, 0) != 0 {
		return lib.SQLITE_READONLY
	}
	if rc := db.run("PRAGMA journal_mode = WAL"); rc != lib.SQLITE_OK {
		return rc
	}
	// Only a read opens the log and its index. That they cannot be opened is an error of Open, not of the first statement.
	if rc := db.run(readSchema); rc != lib.SQLITE_OK {
		return rc
	}
	db.version = db.dataVersion()
	// workerd has FULL. In WAL mode NORMAL loses nothing either when the process is killed;
	// a power failure may take the last commits along, which is all that a sync per commit
	// would buy for a state on a developer's machine.
	return db.run("PRAGMA synchronous = NORMAL")
}

func (db *DB) config(option int32) {
	args := libc.NewVaList(int32(1), uintptr(0))
	lib.Xsqlite3_db_config(db.tls, db.c, option, args)
	libc.Xfree(db.tls, args)
}

// run executes a statement of our own and returns its result code.
func (db *DB) run(sql string) int32 {
	db.trusted = true
	text := db.cstring(sql)
	defer db.free(text)
	return lib.Xsqlite3_exec(db.tls, db.c, text, 0, 0, 0)
}

// Close rolls back what was not committed, moves the write-ahead log into the
// file and removes -wal and -shm, as workerd does when it evicts an object
// (a process that is killed leaves them behind). Cursors end. A database in
// a [Memory] can be opened again. A file that somebody has deleted or replaced
// meanwhile is an error.
func (db *DB) Close() error {
	if db.c == 0 {
		return nil
	}
	err := db.Rollback()
	if err == nil {
		err = db.lostFile()
	}
	if db.opts.Memory != nil {
		db.opts.Memory.put(db.opts.Path, db.serialize())
	}
	db.disconnect()
	db.release()
	return err
}

// disconnect finalizes every statement and closes the connection.
func (db *DB) disconnect() {
	db.finalizeAll()
	db.generation++
	lib.Xsqlite3_close_v2(db.tls, db.c)
	db.c = 0
	db.tables, db.alarm, db.settings = tables{}, alarm{}, false
}

func (db *DB) release() {
	db.free(db.out)
	db.tls.Close()
}

// Interrupt makes the user statement that is running, and every later one, end
// with an error. Any goroutine may call it.
func (db *DB) Interrupt() { db.interrupted.Store(true) }

// Size is the size of the content in bytes: pages in use times the page size
// (databaseSize).
func (db *DB) Size() (int64, error) {
	pages, err := db.number("PRAGMA page_count")
	if err != nil {
		return 0, err
	}
	unused, err := db.number("PRAGMA freelist_count")
	if err != nil {
		return 0, err
	}
	// A file has its first page from the start, memory has it later.
	return max(pages-unused, 1) * pageSize, nil
}

const pageSize = 4096

// DeleteAll removes the database, everything in it and what was not committed
// yet, and starts an empty one. Open cursors fail from then on. After an error
// the database is closed.
func (db *DB) DeleteAll() error {
	if db.c == 0 {
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
		err = db.connect(nil)
	}
	if err != nil {
		if db.opts.Memory != nil {
			db.opts.Memory.put(db.opts.Path, nil)
		}
		db.release()
		return fmt.Errorf("delete all: %w", err)
	}
	return nil
}
