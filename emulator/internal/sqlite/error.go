package sqlite

// Errors in workerd's words (dbErrorMessage in sqlite.c++):
// "<sqlite3_errmsg>[ at offset N]: SQLITE_NAME[ (extended: SQLITE_NAME_MORE)]".
// The codes are those of https://sqlite.org/rescode.html.

import (
	"cmp"
	"strconv"
	"strings"

	lib "modernc.org/sqlite/lib"
)

// Error is a statement's failure as user code sees it.
type Error struct {
	Message string
	Code    int // SQLite's primary result code, such as 19 for a constraint
}

func (e *Error) Error() string { return e.Message }

// Result codes that callers tell apart.
const (
	CodeError      = lib.SQLITE_ERROR
	CodeConstraint = lib.SQLITE_CONSTRAINT
)

// ErrInterrupted is the error of a statement that Interrupt has ended.
var ErrInterrupted = newError("interrupted", lib.SQLITE_INTERRUPT, lib.SQLITE_INTERRUPT)

// offsetMark precedes the offset in a message.
const offsetMark = " at offset "

// newError makes an Error of SQLite's text, the result code and the extended one.
func newError(text string, rc, extended int32) *Error {
	primary := rc & 0xff
	if extended&0xff != primary {
		extended = rc
	}
	text += ": " + cmp.Or(codeName(primary), strconv.Itoa(int(primary)))
	if name := codeName(extended); extended != primary && name != "" {
		text += " (extended: " + name + ")"
	}
	return &Error{Message: strings.TrimLeft(text, " "), Code: int(primary)} // workerd trims it too
}

// primaryNames are the names of the result codes, by their number, without "SQLITE_".
var primaryNames = strings.Fields(`OK ERROR INTERNAL PERM ABORT BUSY LOCKED NOMEM READONLY INTERRUPT IOERR CORRUPT NOTFOUND
	FULL CANTOPEN PROTOCOL EMPTY SCHEMA TOOBIG CONSTRAINT MISMATCH MISUSE NOLFS AUTH FORMAT RANGE NOTADB`)

// extendedNames are the endings of the extended codes' names that workerd knows, by primary code. The first one
// is that of number 1; "-" stands for a name that workerd does not know.
var extendedNames = [...]string{
	lib.SQLITE_ERROR:      "MISSING_COLLSEQ RETRY SNAPSHOT",
	lib.SQLITE_ABORT:      "- ROLLBACK",
	lib.SQLITE_BUSY:       "RECOVERY SNAPSHOT TIMEOUT",
	lib.SQLITE_LOCKED:     "SHAREDCACHE VTAB",
	lib.SQLITE_READONLY:   "RECOVERY CANTLOCK ROLLBACK DBMOVED CANTINIT DIRECTORY",
	lib.SQLITE_IOERR:      "READ SHORT_READ WRITE FSYNC DIR_FSYNC TRUNCATE FSTAT - - - - - - - LOCK - - SHMOPEN SHMSIZE - SHMMAP",
	lib.SQLITE_CORRUPT:    "VTAB SEQUENCE INDEX",
	lib.SQLITE_CANTOPEN:   "- ISDIR",
	lib.SQLITE_CONSTRAINT: "CHECK COMMITHOOK FOREIGNKEY FUNCTION NOTNULL PRIMARYKEY TRIGGER UNIQUE VTAB ROWID PINNED DATATYPE",
}

// codeName is the name of a result code, or "" if workerd knows none.
func codeName(code int32) string {
	primary, number := int(code&0xff), int(code>>8)
	if primary == lib.SQLITE_OK || primary >= len(primaryNames) {
		return ""
	}
	name := "SQLITE_" + primaryNames[primary]
	if number == 0 {
		return name
	}
	var endings []string
	if primary < len(extendedNames) {
		endings = strings.Fields(extendedNames[primary])
	}
	if number > len(endings) || endings[number-1] == "-" {
		return ""
	}
	return name + "_" + endings[number-1]
}
