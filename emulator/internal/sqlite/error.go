package sqlite

// Errors in workerd's words (SqliteDatabase's dbErrorMessage):
// "<sqlite3_errmsg>[ at offset N]: SQLITE_NAME[ (extended: SQLITE_NAME_MORE)]".
// The codes are those of https://sqlite.org/rescode.html.

import (
	"strconv"
	"strings"

	lib "modernc.org/sqlite/lib"
)

// Error is a statement's failure as user code gets to see it.
type Error struct {
	Message  string
	Code     int // SQLite's primary result code, e.g. 19 for a constraint
	Extended int // its extended one, e.g. 2067; the primary code if there is none
}

func (e *Error) Error() string { return e.Message }

// Result codes that callers tell apart.
const (
	CodeError      = lib.SQLITE_ERROR
	CodeConstraint = lib.SQLITE_CONSTRAINT
)

// ErrInterrupted is the failure of a statement that Interrupt ends.
var ErrInterrupted = newError("interrupted", lib.SQLITE_INTERRUPT, lib.SQLITE_INTERRUPT)

// offsetMark precedes the offset in a message.
const offsetMark = " at offset "

// newError makes an Error of SQLite's words and codes.
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
	return &Error{Message: strings.TrimLeft(text, " "), Code: int(primary), Extended: int(extended)} // workerd trims the text too
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
