package store

// Errors in workerd's words (SqliteDatabase's dbErrorMessage):
// "<sqlite3_errmsg>[ at offset N]: SQLITE_NAME[ (extended: SQLITE_NAME_MORE)]".
// The codes are those of https://sqlite.org/rescode.html.

import (
	"strconv"
	"strings"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Error is a statement's failure as user code gets to see it.
type Error struct {
	Message  string
	Code     int // SQLite's primary result code, e.g. 19 for a constraint
	Extended int // its extended one, e.g. 2067; the primary code if there is none
}

func (e *Error) Error() string { return e.Message }

// InternalError is a failure of which user code is told no more than that.
type InternalError struct{ Cause *Error }

func (e *InternalError) Error() string { return e.Cause.Message }

func internal(err error) error {
	if e, ok := err.(*Error); ok {
		return &InternalError{e}
	}
	return err
}

// message is SQLite's own text for the latest failure.
func (db *DB) message() string { return libc.GoString(lib.Xsqlite3_errmsg(db.tls, db.c)) }

// errorOf makes an Error of the latest failure.
func (db *DB) errorOf(rc int32) *Error {
	text := db.message()
	text = withoutMissing(text)
	if n := lib.Xsqlite3_error_offset(db.tls, db.c); n != -1 {
		text += " at offset " + strconv.Itoa(int(n))
	}
	return newError(text, rc, lib.Xsqlite3_extended_errcode(db.tls, db.c))
}

// withoutMissing is what SQLite says of a call if it has no such function: one that it is
// built with and that was removed it still knows when the call is wrong in other ways.
func withoutMissing(text string) string {
	name, ok := strings.CutPrefix(text, "wrong number of arguments to function ")
	if !ok {
		name, ok = strings.CutSuffix(text, " may not be used as a window function")
	}
	if name, call := strings.CutSuffix(name, "()"); ok && call && missing[strings.ToLower(name)] != 0 {
		return "no such function: " + name
	}
	return text
}

// refusal is an error of workerd's own, without a code in its text.
func refusal(text string) *Error {
	return &Error{Message: text, Code: lib.SQLITE_ERROR, Extended: lib.SQLITE_ERROR}
}

func newError(text string, rc, extended int32) *Error {
	primary := rc & 0xff
	if extended&0xff != primary {
		extended = rc
	}
	if name := codeNames[primary]; name != "" {
		text += ": " + name
	} else {
		text += ": " + strconv.Itoa(int(primary))
	}
	if name := codeNames[extended]; extended != primary && name != "" {
		text += " (extended: " + name + ")"
	}
	return &Error{Message: strings.TrimLeft(text, " "), Code: int(primary), Extended: int(extended)} // as workerd drops them
}

var codeNames = map[int32]string{
	lib.SQLITE_ERROR:      "SQLITE_ERROR",
	lib.SQLITE_INTERNAL:   "SQLITE_INTERNAL",
	lib.SQLITE_PERM:       "SQLITE_PERM",
	lib.SQLITE_ABORT:      "SQLITE_ABORT",
	lib.SQLITE_BUSY:       "SQLITE_BUSY",
	lib.SQLITE_LOCKED:     "SQLITE_LOCKED",
	lib.SQLITE_NOMEM:      "SQLITE_NOMEM",
	lib.SQLITE_READONLY:   "SQLITE_READONLY",
	lib.SQLITE_INTERRUPT:  "SQLITE_INTERRUPT",
	lib.SQLITE_IOERR:      "SQLITE_IOERR",
	lib.SQLITE_CORRUPT:    "SQLITE_CORRUPT",
	lib.SQLITE_NOTFOUND:   "SQLITE_NOTFOUND",
	lib.SQLITE_FULL:       "SQLITE_FULL",
	lib.SQLITE_CANTOPEN:   "SQLITE_CANTOPEN",
	lib.SQLITE_PROTOCOL:   "SQLITE_PROTOCOL",
	lib.SQLITE_EMPTY:      "SQLITE_EMPTY",
	lib.SQLITE_SCHEMA:     "SQLITE_SCHEMA",
	lib.SQLITE_TOOBIG:     "SQLITE_TOOBIG",
	lib.SQLITE_CONSTRAINT: "SQLITE_CONSTRAINT",
	lib.SQLITE_MISMATCH:   "SQLITE_MISMATCH",
	lib.SQLITE_MISUSE:     "SQLITE_MISUSE",
	lib.SQLITE_NOLFS:      "SQLITE_NOLFS",
	lib.SQLITE_AUTH:       "SQLITE_AUTH",
	lib.SQLITE_FORMAT:     "SQLITE_FORMAT",
	lib.SQLITE_RANGE:      "SQLITE_RANGE",
	lib.SQLITE_NOTADB:     "SQLITE_NOTADB",

	lib.SQLITE_ERROR_MISSING_COLLSEQ: "SQLITE_ERROR_MISSING_COLLSEQ",
	lib.SQLITE_ERROR_RETRY:           "SQLITE_ERROR_RETRY",
	lib.SQLITE_ERROR_SNAPSHOT:        "SQLITE_ERROR_SNAPSHOT",
	lib.SQLITE_ABORT_ROLLBACK:        "SQLITE_ABORT_ROLLBACK",
	lib.SQLITE_BUSY_RECOVERY:         "SQLITE_BUSY_RECOVERY",
	lib.SQLITE_BUSY_SNAPSHOT:         "SQLITE_BUSY_SNAPSHOT",
	lib.SQLITE_BUSY_TIMEOUT:          "SQLITE_BUSY_TIMEOUT",
	lib.SQLITE_LOCKED_SHAREDCACHE:    "SQLITE_LOCKED_SHAREDCACHE",
	lib.SQLITE_LOCKED_VTAB:           "SQLITE_LOCKED_VTAB",
	lib.SQLITE_READONLY_RECOVERY:     "SQLITE_READONLY_RECOVERY",
	lib.SQLITE_READONLY_CANTLOCK:     "SQLITE_READONLY_CANTLOCK",
	lib.SQLITE_READONLY_ROLLBACK:     "SQLITE_READONLY_ROLLBACK",
	lib.SQLITE_READONLY_DBMOVED:      "SQLITE_READONLY_DBMOVED",
	lib.SQLITE_READONLY_CANTINIT:     "SQLITE_READONLY_CANTINIT",
	lib.SQLITE_READONLY_DIRECTORY:    "SQLITE_READONLY_DIRECTORY",
	lib.SQLITE_IOERR_READ:            "SQLITE_IOERR_READ",
	lib.SQLITE_IOERR_SHORT_READ:      "SQLITE_IOERR_SHORT_READ",
	lib.SQLITE_IOERR_WRITE:           "SQLITE_IOERR_WRITE",
	lib.SQLITE_IOERR_FSYNC:           "SQLITE_IOERR_FSYNC",
	lib.SQLITE_IOERR_DIR_FSYNC:       "SQLITE_IOERR_DIR_FSYNC",
	lib.SQLITE_IOERR_TRUNCATE:        "SQLITE_IOERR_TRUNCATE",
	lib.SQLITE_IOERR_FSTAT:           "SQLITE_IOERR_FSTAT",
	lib.SQLITE_IOERR_LOCK:            "SQLITE_IOERR_LOCK",
	lib.SQLITE_IOERR_SHMOPEN:         "SQLITE_IOERR_SHMOPEN",
	lib.SQLITE_IOERR_SHMSIZE:         "SQLITE_IOERR_SHMSIZE",
	lib.SQLITE_IOERR_SHMMAP:          "SQLITE_IOERR_SHMMAP",
	lib.SQLITE_CORRUPT_VTAB:          "SQLITE_CORRUPT_VTAB",
	lib.SQLITE_CORRUPT_SEQUENCE:      "SQLITE_CORRUPT_SEQUENCE",
	lib.SQLITE_CORRUPT_INDEX:         "SQLITE_CORRUPT_INDEX",
	lib.SQLITE_CANTOPEN_ISDIR:        "SQLITE_CANTOPEN_ISDIR",
	lib.SQLITE_CONSTRAINT_CHECK:      "SQLITE_CONSTRAINT_CHECK",
	lib.SQLITE_CONSTRAINT_COMMITHOOK: "SQLITE_CONSTRAINT_COMMITHOOK",
	lib.SQLITE_CONSTRAINT_FOREIGNKEY: "SQLITE_CONSTRAINT_FOREIGNKEY",
	lib.SQLITE_CONSTRAINT_FUNCTION:   "SQLITE_CONSTRAINT_FUNCTION",
	lib.SQLITE_CONSTRAINT_NOTNULL:    "SQLITE_CONSTRAINT_NOTNULL",
	lib.SQLITE_CONSTRAINT_PRIMARYKEY: "SQLITE_CONSTRAINT_PRIMARYKEY",
	lib.SQLITE_CONSTRAINT_TRIGGER:    "SQLITE_CONSTRAINT_TRIGGER",
	lib.SQLITE_CONSTRAINT_UNIQUE:     "SQLITE_CONSTRAINT_UNIQUE",
	lib.SQLITE_CONSTRAINT_VTAB:       "SQLITE_CONSTRAINT_VTAB",
	lib.SQLITE_CONSTRAINT_ROWID:      "SQLITE_CONSTRAINT_ROWID",
	lib.SQLITE_CONSTRAINT_PINNED:     "SQLITE_CONSTRAINT_PINNED",
	lib.SQLITE_CONSTRAINT_DATATYPE:   "SQLITE_CONSTRAINT_DATATYPE",
}
