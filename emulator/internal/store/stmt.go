package store

// Prepared statements (https://sqlite.org/c3ref/stmt.html).

import (
	"container/list"
	"fmt"
	"math"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// stmt is a prepared statement: one of our own, one of a cache, or loose.
type stmt struct {
	db       *DB
	c        uintptr // *sqlite3_stmt
	sql      string
	trusted  bool
	readonly bool
	params   int
	once     bool          // it is not kept in a cache
	busy     bool          // a cursor is using it
	place    *list.Element // in its cache, if it is in one

	// Arguments live here from bind to reset.
	buf, size uintptr

	names     []string
	namesFrom int32 // after how many reprepares they were read
	counts    counter
}

// prepare compiles the first statement of the text at address text, whose Go
// form is sql, and returns the length of what it took. The statement is nil
// if there is only space and comment.
func (db *DB) prepare(text uintptr, sql string, trusted bool, flags uint32) (*stmt, int, error) {
	db.trusted, db.preparing, db.refused = trusted, sql, nil
	n := len(sql)
	if n <= sqlLengthLimit {
		n++ // with its NUL, SQLite need not copy it
	}
	tail := db.out + unsafe.Sizeof(uintptr(0))
	rc := lib.Xsqlite3_prepare_v3(db.tls, db.c, text, int32(n), flags, db.out, tail)
	if rc != lib.SQLITE_OK {
		return nil, 0, db.prepareError(rc)
	}
	if !trusted && contains(sql, "case_sensitive_like") {
		db.patchOwnLike() // SQLite has run it already
	}
	c, used := *wordAt(db.out), int(*wordAt(tail)-text)
	if c == 0 {
		return nil, used, nil
	}
	s := &stmt{db: db, c: c, sql: sql[:min(used, len(sql))], trusted: trusted}
	s.readonly = lib.Xsqlite3_stmt_readonly(db.tls, c) != 0
	s.params = int(lib.Xsqlite3_bind_parameter_count(db.tls, c))
	if !trusted {
		s.counts.attach(s)
	}
	return s, used, nil
}

func (db *DB) prepareError(rc int32) error {
	// A syntax error behind what was refused comes first.
	if db.refused != nil && rc&0xff == lib.SQLITE_AUTH {
		return db.refused
	}
	return db.failure(rc)
}

// own returns a statement of our own, compiled at its first use.
func (db *DB) own(sql string) (*stmt, error) {
	if s := db.internal[sql]; s != nil {
		return s, nil
	}
	if db.c == 0 {
		return nil, ErrClosed
	}
	text := db.cstring(sql)
	defer db.free(text)
	s, _, err := db.prepare(text, sql, true, lib.SQLITE_PREPARE_PERSISTENT)
	if err != nil {
		return nil, err
	}
	if db.internal == nil {
		db.internal = map[string]*stmt{}
	}
	db.internal[sql] = s
	return s, nil
}

// exec runs a statement of our own to its end.
func (db *DB) exec(sql string, args ...any) error {
	s, err := db.own(sql)
	if err != nil {
		return err
	}
	defer s.reset()
	if err := s.bind(args); err != nil {
		return err
	}
	for more := true; more && err == nil; {
		more, err = s.step()
	}
	return err
}

// number runs a statement of our own that yields one integer.
func (db *DB) number(sql string, args ...any) (int64, error) {
	n, _, err := db.optional(sql, args...)
	return n, err
}

// optional is number for a statement that may yield no row or NULL.
func (db *DB) optional(sql string, args ...any) (n int64, ok bool, err error) {
	s, err := db.own(sql)
	if err != nil {
		return 0, false, err
	}
	defer s.reset()
	if err := s.bind(args); err != nil {
		return 0, false, err
	}
	row, err := s.step()
	if err != nil || !row {
		return 0, false, err
	}
	n, ok = s.value(0).(int64)
	return n, ok, nil
}

// bind fills the statement's marks in order.
func (s *stmt) bind(args []any) error {
	if len(args) != s.params {
		return refusal(msgParameterCount)
	}
	var n uintptr
	for _, a := range args {
		switch a := a.(type) {
		case string:
			n += uintptr(len(a))
		case []byte:
			n += uintptr(len(a))
		}
	}
	if n > s.size || s.buf == 0 {
		s.grow(n)
	}
	at := s.buf
	for i, a := range args {
		var rc int32
		tls, c, col := s.db.tls, s.c, int32(i+1)
		switch a := a.(type) {
		case nil:
			rc = lib.Xsqlite3_bind_null(tls, c, col)
		case float64:
			rc = lib.Xsqlite3_bind_double(tls, c, col, a)
		case int64:
			rc = lib.Xsqlite3_bind_int64(tls, c, col, a)
		case string:
			if len(a) > math.MaxInt32 {
				return newError("string or blob too big", lib.SQLITE_TOOBIG, lib.SQLITE_TOOBIG)
			}
			copy(bytesAt(at, len(a)), a)
			rc = lib.Xsqlite3_bind_text(tls, c, col, at, int32(len(a)), 0)
			at += uintptr(len(a))
		case []byte:
			if len(a) > math.MaxInt32 {
				return newError("string or blob too big", lib.SQLITE_TOOBIG, lib.SQLITE_TOOBIG)
			}
			copy(bytesAt(at, len(a)), a)
			rc = lib.Xsqlite3_bind_blob(tls, c, col, at, int32(len(a)), 0)
			at += uintptr(len(a))
		default:
			return fmt.Errorf("bind argument %d: a %T is no SQLite value; use nil, int64, float64, string or []byte", i+1, a)
		}
		if rc != lib.SQLITE_OK {
			return s.db.failure(rc)
		}
	}
	return nil
}

// keptArguments is the size in bytes up to which a statement keeps its memory
// for arguments when it is not in use.
const keptArguments = 64 << 10

func (s *stmt) grow(n uintptr) {
	if s.buf != 0 {
		s.db.free(s.buf)
	}
	s.size = max(n, 64)
	s.buf = s.db.malloc(int(s.size))
}

// step runs up to the next row.
func (s *stmt) step() (row bool, err error) {
	db := s.db
	db.trusted, db.preparing, db.refused = s.trusted, s.sql, nil
	switch rc := lib.Xsqlite3_step(db.tls, s.c); rc {
	case lib.SQLITE_ROW:
		return true, nil
	case lib.SQLITE_DONE:
		return false, nil
	default:
		return false, db.prepareError(rc)
	}
}

// recompiles reports whether a statement that writes is compiled anew for the values
// of its arguments (for LIMIT ? or LIKE ?).
func (s *stmt) recompiles() bool { return !s.readonly && vdbe(s).Fexpmask != 0 }

// recompile lets SQLite do that before the statement is run, so that its rows are
// counted. It works once.
func (s *stmt) recompile() {
	const queryPlan, run = 2, 0 // only the change of the mode compiles
	s.db.trusted, s.db.preparing, s.db.refused = s.trusted, s.sql, nil
	lib.Xsqlite3_stmt_explain(s.db.tls, s.c, queryPlan)
	lib.Xsqlite3_stmt_explain(s.db.tls, s.c, run)
}

// reset makes the statement ready to run again.
func (s *stmt) reset() {
	lib.Xsqlite3_reset(s.db.tls, s.c)
	if s.size > keptArguments {
		lib.Xsqlite3_clear_bindings(s.db.tls, s.c)
		s.db.free(s.buf)
		s.buf, s.size = 0, 0
	}
}

func (s *stmt) finalize() {
	lib.Xsqlite3_finalize(s.db.tls, s.c)
	s.counts.detach(s)
	if s.buf != 0 {
		s.db.free(s.buf)
	}
	s.c, s.buf = 0, 0
}

// columns returns the names of the result's columns.
func (s *stmt) columns() []string {
	tls := s.db.tls
	n := int(lib.Xsqlite3_column_count(tls, s.c))
	if n == 0 {
		return nil
	}
	reprepared := lib.Xsqlite3_stmt_status(tls, s.c, lib.SQLITE_STMTSTATUS_REPREPARE, 0)
	if len(s.names) != n || s.namesFrom != reprepared {
		s.names, s.namesFrom = make([]string, n), reprepared
		for i := range s.names {
			s.names[i] = validUTF8(libc.GoString(lib.Xsqlite3_column_name(tls, s.c, int32(i))))
		}
	}
	return s.names
}

// value is column i of the current row, copied.
func (s *stmt) value(i int) any {
	tls, col := s.db.tls, int32(i)
	switch lib.Xsqlite3_column_type(tls, s.c, col) {
	case lib.SQLITE_INTEGER:
		return lib.Xsqlite3_column_int64(tls, s.c, col)
	case lib.SQLITE_FLOAT:
		return lib.Xsqlite3_column_double(tls, s.c, col)
	case lib.SQLITE_TEXT:
		return validUTF8(s.text(i))
	case lib.SQLITE_BLOB:
		return s.blob(i)
	default:
		return nil
	}
}

func (s *stmt) text(i int) string {
	p := lib.Xsqlite3_column_text(s.db.tls, s.c, int32(i))
	return string(bytesAt(p, int(lib.Xsqlite3_column_bytes(s.db.tls, s.c, int32(i)))))
}

func (s *stmt) blob(i int) []byte { return append([]byte{}, s.view(i)...) }

// view is a blob that is only there until the next step.
func (s *stmt) view(i int) []byte {
	p := lib.Xsqlite3_column_blob(s.db.tls, s.c, int32(i))
	return bytesAt(p, int(lib.Xsqlite3_column_bytes(s.db.tls, s.c, int32(i))))
}
