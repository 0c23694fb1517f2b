package sqlite

// Prepared statements (https://sqlite.org/c3ref/stmt.html).

import (
	"container/list"
	"fmt"
	"math"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"

	"github.com/seed-36a2c969/emu/config/javascript"
)

// Stmt is a prepared statement.
type Stmt struct {
	conn     *Conn
	c        uintptr // *sqlite3_stmt
	sql      string
	trusted  bool
	readonly bool
	params   int

	// For Cache.
	once  bool          // it must not be kept
	lent  bool          // a cursor uses it
	place *list.Element // in Cache.recent; nil if the cache does not keep it

	// buf holds the bytes of the arguments from Bind to Reset, so that SQLite need not copy them.
	buf, size uintptr

	names     []string
	namesFrom int32 // SQLITE_STMTSTATUS_REPREPARE when names was read
	counts    counter
}

// SQL is the statement's text.
func (s *Stmt) SQL() string { return s.sql }

// ReadOnly reports whether the statement writes nothing.
func (s *Stmt) ReadOnly() bool { return s.readonly }

// Params is how many arguments it takes.
func (s *Stmt) Params() int { return s.params }

// Busy reports whether it has begun and not ended.
func (s *Stmt) Busy() bool { return lib.Xsqlite3_stmt_busy(s.conn.tls, s.c) != 0 }

// Bind gives the statement its arguments, as many as it takes, in order: nil, int64,
// float64, string or []byte.
func (s *Stmt) Bind(args []any) error {
	var n uintptr
	for _, a := range args {
		switch a := a.(type) {
		case string:
			n += uintptr(len(a))
		case []byte:
			n += uintptr(len(a))
		}
	}
	if n > math.MaxInt32 { // SQLite takes lengths of 32 bits
		return newError("string or blob too big", lib.SQLITE_TOOBIG, lib.SQLITE_TOOBIG)
	}
	if n > s.size || s.buf == 0 {
		s.grow(n)
	}
	at := s.buf
	for i, a := range args {
		var rc int32
		tls, c, col := s.conn.tls, s.c, int32(i+1)
		switch a := a.(type) {
		case nil:
			rc = lib.Xsqlite3_bind_null(tls, c, col)
		case float64:
			rc = lib.Xsqlite3_bind_double(tls, c, col, a)
		case int64:
			rc = lib.Xsqlite3_bind_int64(tls, c, col, a)
		case string:
			copy(bytesAt(at, len(a)), a)
			rc = lib.Xsqlite3_bind_text(tls, c, col, at, int32(len(a)), 0)
			at += uintptr(len(a))
		case []byte:
			copy(bytesAt(at, len(a)), a)
			rc = lib.Xsqlite3_bind_blob(tls, c, col, at, int32(len(a)), 0)
			at += uintptr(len(a))
		default:
			return fmt.Errorf("bind argument %d: a %T is no SQLite value; use nil, int64, float64, string or []byte", i+1, a)
		}
		if rc != lib.SQLITE_OK {
			return s.conn.failed(rc)
		}
	}
	return nil
}

// keptArguments is the largest buf in bytes that a statement keeps while nobody uses it.
const keptArguments = 64 << 10

func (s *Stmt) grow(n uintptr) {
	if s.buf != 0 {
		s.conn.free(s.buf)
	}
	s.size = max(n, 64)
	s.buf = s.conn.malloc(int(s.size))
}

// Start is the first Step of a user statement. It sets the counted rows to zero.
func (s *Stmt) Start() (row bool, err error) {
	if s.recompiles() {
		s.recompile()
	}
	s.counts.start(s)
	row, err = s.Step()
	if err == nil && s.readonly && s.counts.replaced(s) {
		// SQLite has compiled it anew, for its arguments or a new schema. A statement that only reads
		// can start again, with counters.
		lib.Xsqlite3_reset(s.conn.tls, s.c)
		s.counts.start(s)
		row, err = s.Step()
	}
	return row, err
}

// Totals are the rows read and written since Start, as Cloudflare bills them.
func (s *Stmt) Totals() (read, written int64) { return s.counts.totals(s) }

// Stale reports whether the schema has changed since the statement was compiled.
func (s *Stmt) Stale() bool { return s.counts.stale(s) }

// Step runs up to the next row.
func (s *Stmt) Step() (row bool, err error) {
	c := s.conn
	c.trusted, c.sql, c.refused = s.trusted, s.sql, nil
	switch rc := lib.Xsqlite3_step(c.tls, s.c); rc {
	case lib.SQLITE_ROW:
		return true, nil
	case lib.SQLITE_DONE:
		return false, nil
	default:
		return false, c.failed(rc)
	}
}

// recompiles reports whether SQLite compiles a statement that writes anew when its arguments change,
// as it does for LIMIT ? and LIKE ?.
func (s *Stmt) recompiles() bool { return !s.readonly && vdbe(s).Fexpmask != 0 }

// recompile makes SQLite compile the statement before it runs, so that it can get counters. A second
// call has no effect.
func (s *Stmt) recompile() {
	const queryPlan, run = 2, 0 // SQLite compiles when the mode changes
	s.conn.trusted, s.conn.sql, s.conn.refused = s.trusted, s.sql, nil
	lib.Xsqlite3_stmt_explain(s.conn.tls, s.c, queryPlan)
	lib.Xsqlite3_stmt_explain(s.conn.tls, s.c, run)
}

// Reset makes the statement ready to run again.
func (s *Stmt) Reset() {
	lib.Xsqlite3_reset(s.conn.tls, s.c)
	if s.size > keptArguments {
		lib.Xsqlite3_clear_bindings(s.conn.tls, s.c)
		s.conn.free(s.buf)
		s.buf, s.size = 0, 0
	}
}

// Finalize frees the statement.
func (s *Stmt) Finalize() {
	lib.Xsqlite3_finalize(s.conn.tls, s.c)
	s.counts.detach(s)
	if s.buf != 0 {
		s.conn.free(s.buf)
	}
	s.c, s.buf = 0, 0
}

// Columns returns the names of the result's columns.
func (s *Stmt) Columns() []string {
	tls := s.conn.tls
	n := int(lib.Xsqlite3_column_count(tls, s.c))
	if n == 0 {
		return nil
	}
	reprepared := lib.Xsqlite3_stmt_status(tls, s.c, lib.SQLITE_STMTSTATUS_REPREPARE, 0)
	if len(s.names) != n || s.namesFrom != reprepared {
		s.names, s.namesFrom = make([]string, n), reprepared
		for i := range s.names {
			s.names[i] = javascript.ValidUTF8(libc.GoString(lib.Xsqlite3_column_name(tls, s.c, int32(i))))
		}
	}
	return s.names
}

// Value is column i of the current row, copied.
func (s *Stmt) Value(i int) any {
	tls, col := s.conn.tls, int32(i)
	switch lib.Xsqlite3_column_type(tls, s.c, col) {
	case lib.SQLITE_INTEGER:
		return lib.Xsqlite3_column_int64(tls, s.c, col)
	case lib.SQLITE_FLOAT:
		return lib.Xsqlite3_column_double(tls, s.c, col)
	case lib.SQLITE_TEXT:
		return javascript.ValidUTF8(s.Text(i))
	case lib.SQLITE_BLOB:
		return s.Blob(i)
	default:
		return nil
	}
}

// Int is column i of the current row as an integer.
func (s *Stmt) Int(i int) int64 {
	return lib.Xsqlite3_column_int64(s.conn.tls, s.c, int32(i))
}

// Text is column i of the current row as text.
func (s *Stmt) Text(i int) string {
	p := lib.Xsqlite3_column_text(s.conn.tls, s.c, int32(i))
	return string(bytesAt(p, int(lib.Xsqlite3_column_bytes(s.conn.tls, s.c, int32(i)))))
}

// Blob is column i of the current row as a blob.
func (s *Stmt) Blob(i int) []byte { return append([]byte{}, s.View(i)...) }

// View is Blob without a copy. It is valid until the next Step or Reset.
func (s *Stmt) View(i int) []byte {
	p := lib.Xsqlite3_column_blob(s.conn.tls, s.c, int32(i))
	return bytesAt(p, int(lib.Xsqlite3_column_bytes(s.conn.tls, s.c, int32(i))))
}
