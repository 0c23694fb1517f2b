// Package sqlite is the SQLite that workerd is built with, made of modernc.org/sqlite for package
// store.
//
// It alone knows the memory of SQLite's C interface.
//
// Source: https://github.com/cloudflare/workerd/tree/main/patches/sqlite
package sqlite

import (
	"errors"
	"sync"
	"sync/atomic"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Config says what Open opens, and what it calls.
type Config struct {
	// Path is the database file. Open makes the file if there is none, but not its folder.
	// Without a path the database is in memory.
	Path string
	// VFS is the name of a registered VFS, for tests.
	VFS string
	// Authorize decides whether a user statement may do something. An error replaces SQLite's
	// own words for the refusal.
	Authorize func(Access) (allowed bool, err error)
	// Failed gets each failure of a statement and returns the error that the caller sees.
	// trusted is false for a user statement.
	Failed func(err *Error, trusted bool) error
}

// ErrClosed ends the use of a connection that is closed.
var ErrClosed = errors.New("database is closed")

// busyTimeout is how long, in ms, a statement waits for another process (a
// sqlite3 shell, say) that holds the file's write lock.
const busyTimeout = 1000

// Conn is a connection to a database. One goroutine at a time may use it, Interrupt
// excepted; connections are independent of each other.
type Conn struct {
	heap
	c      uintptr // *sqlite3; 0 if disconnected
	out    uintptr // C memory for results of the C interface
	config Config

	interrupted atomic.Bool

	// The callbacks of SQLite use these. They are about the statement that is compiled or run.
	trusted bool   // the runtime's own, which may do everything
	sql     string // its text
	refused error  // the error of Config.Authorize
	pragma  bool   // a user's PRAGMA

	own     map[string]*Stmt // trusted statements, by their text
	expired int32            // how often an OP_Expire ran
	version uint32           // dataVersion when SQLite last read the schema
}

// Open connects to a database in WAL mode. It creates no table. A file that is no database, is
// damaged, cannot be written or was written by a newer SQLite stays as it is, and the error says
// which of these it is. A database in memory starts with content.
func Open(config Config, content []byte) (*Conn, error) {
	patchLibrary()
	patchLike()
	c := newConn(config)
	if err := c.Connect(content); err != nil {
		c.release()
		return nil, err
	}
	return c, nil
}

func newConn(config Config) *Conn {
	c := &Conn{heap: heap{libc.NewTLS()}, config: config}
	c.out = c.malloc(2 * int(unsafe.Sizeof(uintptr(0))))
	return c
}

// patchLibrary sets the page size on linux/arm64. Package modernc.org/sqlite, which is not linked
// in, does it when it is initialised.
var patchLibrary = sync.OnceFunc(lib.PatchIssue199)

func (c *Conn) inMemory() bool { return c.config.Path == "" }

// Connect opens the database, the first time or after Disconnect.
func (c *Conn) Connect(content []byte) error {
	path := c.config.Path
	if c.inMemory() {
		path = ":memory:"
	}
	name := c.cstring(path)
	defer c.free(name)
	var vfs uintptr
	if c.config.VFS != "" {
		vfs = c.cstring(c.config.VFS)
		defer c.free(vfs)
	}
	rc := lib.Xsqlite3_open_v2(c.tls, name, c.out, lib.SQLITE_OPEN_READWRITE|lib.SQLITE_OPEN_CREATE|lib.SQLITE_OPEN_NOMUTEX, vfs)
	c.c = *wordAt(c.out) // SQLite sets it also when it fails: the error is read from it
	if rc == lib.SQLITE_OK {
		rc = c.setUp(content)
	}
	if rc != lib.SQLITE_OK {
		err := c.openError(rc)
		c.Disconnect()
		return err
	}
	return nil
}

const readSchema = "SELECT 1 FROM sqlite_schema LIMIT 1"

// setUp returns a result code. The connection still has the details of an error.
func (c *Conn) setUp(content []byte) int32 {
	lib.Xsqlite3_busy_timeout(c.tls, c.c, busyTimeout)
	c.build()
	// SQLite may keep the address of c: Go does not move what is on its heap, and c is reachable
	// while one of its methods runs SQLite.
	self := uintptr(unsafe.Pointer(c))
	lib.Xsqlite3_set_authorizer(c.tls, c.c, callback(authorize), self)
	lib.Xsqlite3_progress_handler(c.tls, c.c, progressInterval, callback(progress), self)
	if c.inMemory() {
		return c.deserialize(content)
	}
	// SQLite opens the file at the first read. Without this one, the first statement would fail.
	if rc := c.run(readSchema); rc != lib.SQLITE_OK {
		return rc
	}
	if lib.Xsqlite3_db_readonly(c.tls, c.c, 0) != 0 {
		return lib.SQLITE_READONLY
	}
	if rc := c.run("PRAGMA journal_mode = WAL"); rc != lib.SQLITE_OK {
		return rc
	}
	// SQLite opens the write-ahead log and its index at the next read. An error there, too, belongs
	// to Connect.
	if rc := c.run(readSchema); rc != lib.SQLITE_OK {
		return rc
	}
	c.version = c.dataVersion()
	// workerd uses FULL, which syncs at each commit. In WAL mode NORMAL loses nothing when the
	// process is killed. A power failure may lose the last commits, which is acceptable for the
	// state on a developer's machine.
	return c.run("PRAGMA synchronous = NORMAL")
}

// run executes a trusted statement and returns its result code.
func (c *Conn) run(sql string) int32 {
	c.trusted = true
	text := c.cstring(sql)
	defer c.free(text)
	return lib.Xsqlite3_exec(c.tls, c.c, text, 0, 0, 0)
}

// progressInterval is the number of steps of SQLite's virtual machine between two calls of
// progress.
const progressInterval = 10000

// progress ends a user statement after Interrupt.
func progress(_ *libc.TLS, self uintptr) int32 {
	if c := (*Conn)(ptr(self)); c.interrupted.Load() && !c.trusted {
		return 1
	}
	return 0
}

// authorize answers SQLite by Config.Authorize.
func authorize(_ *libc.TLS, self uintptr, action int32, first, second, schema, _ uintptr) int32 {
	c := (*Conn)(ptr(self))
	if c.trusted {
		return lib.SQLITE_OK
	}
	allowed, err := c.config.Authorize(Access{Action(action), argAt(first), argAt(second), argAt(schema), c.sql})
	if err != nil {
		c.refused = err
	}
	c.pragma = c.pragma || action == lib.SQLITE_PRAGMA
	if allowed {
		return lib.SQLITE_OK
	}
	return lib.SQLITE_DENY
}

// Interrupt makes the user statement that runs, and each later one, fail. Any goroutine may call
// it.
func (c *Conn) Interrupt() { c.interrupted.Store(true) }

// Interrupted reports whether Interrupt was called.
func (c *Conn) Interrupted() bool { return c.interrupted.Load() }

// Disconnect finalizes the trusted statements and closes the connection. The caller must have
// cleared its caches before: SQLite closes a connection only after its last statement.
func (c *Conn) Disconnect() {
	for _, s := range c.own {
		s.Finalize()
	}
	c.own = nil
	lib.Xsqlite3_close_v2(c.tls, c.c)
	c.c = 0
}

// Connected reports whether the connection can be used.
func (c *Conn) Connected() bool { return c.c != 0 }

// Close disconnects and frees the memory of the connection.
func (c *Conn) Close() {
	if c.Connected() {
		c.Disconnect()
	}
	c.release()
}

func (c *Conn) release() {
	c.free(c.out)
	c.tls.Close()
}

// Serialize copies the database out (https://sqlite.org/c3ref/serialize.html).
func (c *Conn) Serialize() []byte {
	name := c.cstring("main")
	defer c.free(name)
	c.trusted = true // SQLite runs a PRAGMA here, which authorize would refuse
	p := lib.Xsqlite3_serialize(c.tls, c.c, name, c.out, 0)
	if p == 0 {
		return nil
	}
	defer c.free(p)
	return append([]byte(nil), bytesAt(p, int(*(*int64)(ptr(c.out))))...)
}

// deserialize replaces the empty database by one with content.
func (c *Conn) deserialize(content []byte) int32 {
	if len(content) == 0 {
		return lib.SQLITE_OK
	}
	name := c.cstring("main")
	defer c.free(name)
	p := c.malloc(len(content))
	copy(bytesAt(p, len(content)), content)
	c.trusted = true
	n := lib.Tsqlite3_int64(len(content))
	return lib.Xsqlite3_deserialize(c.tls, c.c, name, p, n, n,
		lib.SQLITE_DESERIALIZE_FREEONCLOSE|lib.SQLITE_DESERIALIZE_RESIZEABLE)
}

// Changes is how many rows the latest statement has changed.
func (c *Conn) Changes() int64 { return int64(lib.Xsqlite3_changes64(c.tls, c.c)) }

// Autocommit reports whether no transaction is open. SQLite can have rolled one back by itself.
func (c *Conn) Autocommit() bool { return lib.Xsqlite3_get_autocommit(c.tls, c.c) != 0 }

// BusyStatements counts the statements that have begun and not ended.
func (c *Conn) BusyStatements() (n int) {
	for s := lib.Xsqlite3_next_stmt(c.tls, c.c, 0); s != 0; s = lib.Xsqlite3_next_stmt(c.tls, c.c, s) {
		if lib.Xsqlite3_stmt_busy(c.tls, s) != 0 {
			n++
		}
	}
	return n
}

// ReadSchema lets SQLite notice a schema that another process has changed. SQLite would notice it
// only inside the next statement, and compile that one anew without counters. ReadSchema runs a
// statement only if another process has written.
func (c *Conn) ReadSchema() error {
	if c.inMemory() {
		return nil
	}
	now := c.dataVersion()
	if now == c.version {
		return nil
	}
	if err := c.Exec(readSchema); err != nil {
		return err
	}
	c.version = now
	return nil
}

// dataVersion is PRAGMA data_version: it changes when another process writes to the file.
// SQLITE_FCNTL_DATA_VERSION would change with each commit of this connection too.
func (c *Conn) dataVersion() uint32 {
	tree := (*lib.TBtree)(ptr(c.main().FpBt))
	pager := (*lib.TPager)(ptr((*lib.TBtShared)(ptr(tree.FpBt)).FpPager))
	return pager.FiDataVersion + tree.FiBDataVersion
}

// main is the connection's database.
func (c *Conn) main() *lib.TDb { return (*lib.TDb)(ptr((*lib.Tsqlite3)(ptr(c.c)).FaDb)) }

// ResetSchema lets SQLite notice that a failed statement has left the schema as it was. SQLite
// notices it when it runs a statement that it compiled after the failure.
func (c *Conn) ResetSchema() { c.run(readSchema) }

// schema identifies the version of the schema, as OP_Transaction does. It also changes at each
// OP_Expire, after which SQLite compiles every statement anew.
func (c *Conn) schema() [3]int32 {
	schema := (*lib.TSchema)(ptr(c.main().FpSchema))
	return [3]int32{schema.Fschema_cookie, schema.FiGeneration, c.expired}
}
