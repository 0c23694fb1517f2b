package sqlite

// The errors of a connection. Those of statements are workerd's text; those of Open say what is wrong
// with the file, and how to go on.

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// message is SQLite's own text for the latest failure.
func (c *Conn) message() string { return libc.GoString(lib.Xsqlite3_errmsg(c.tls, c.c)) }

// errorOf makes an Error of the latest failure.
func (c *Conn) errorOf(rc int32) *Error {
	text := withoutMissing(c.message())
	if n := lib.Xsqlite3_error_offset(c.tls, c.c); n != -1 {
		text += offsetMark + strconv.Itoa(int(n))
	}
	return newError(text, rc, lib.Xsqlite3_extended_errcode(c.tls, c.c))
}

// withoutMissing turns an error about a missing function into "no such function". SQLite still
// knows a removed function when the call has the wrong number of arguments, say.
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

// failed returns the error for the caller of a failed statement.
func (c *Conn) failed(rc int32) error {
	// refused counts only if SQLite stopped for it: a syntax error further on takes precedence.
	if c.refused != nil && rc&0xff == lib.SQLITE_AUTH {
		return c.refused
	}
	err := c.errorOf(rc)
	if c.config.Failed == nil {
		return err
	}
	return c.config.Failed(err, c.trusted)
}

// moveOffset changes the offset of an error in a rewritten text to that in the user's text.
func (c *Conn) moveOffset(err error, original func(at int) int) error {
	e, ok := err.(*Error)
	at := offset(err)
	if !ok || at < 0 {
		return err
	}
	to := original(at)
	(*lib.Tsqlite3)(ptr(c.c)).FerrByteOffset = int32(to) // SQLite repeats it in some later errors
	text := strings.Replace(e.Message, offsetMark+strconv.Itoa(at), offsetMark+strconv.Itoa(to), 1)
	return &Error{Message: text, Code: e.Code}
}

// ErrNoFiles is the error of Open when the process or the machine can open no more files.
var ErrNoFiles = errors.New("too many open files")

// noFiles reports whether SQLite failed because no more files can be opened. It must be called before
// Disconnect: SQLite keeps the system's error code with the connection.
func (c *Conn) noFiles(rc int32) bool {
	rc &= 0xff
	code := syscall.Errno(lib.Xsqlite3_system_errno(c.tls, c.c))
	return (rc == lib.SQLITE_CANTOPEN || rc == lib.SQLITE_IOERR) && (code == syscall.EMFILE || code == syscall.ENFILE)
}

// openError says what is wrong with the file.
func (c *Conn) openError(rc int32) error {
	path := c.config.Path
	if c.inMemory() {
		return fmt.Errorf("open database in memory: %w", c.errorOf(rc))
	}
	if c.noFiles(rc) {
		return fmt.Errorf("open database %s: %w", path, ErrNoFiles)
	}
	why := func(text string) error { return fmt.Errorf("open database %s: %s", path, text) }
	switch rc & 0xff {
	case lib.SQLITE_CANTOPEN, lib.SQLITE_READONLY, lib.SQLITE_IOERR, lib.SQLITE_PERM:
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return why("it is a folder, not a file")
		} else if errors.Is(err, fs.ErrNotExist) {
			if _, err := os.Stat(filepath.Dir(path)); errors.Is(err, fs.ErrNotExist) {
				return why("its folder does not exist")
			}
		}
		if newerFormat(path) {
			return why(newerFormatText)
		}
		if rc&0xff == lib.SQLITE_READONLY || rc&0xff == lib.SQLITE_CANTOPEN {
			return why("the file or its folder cannot be written; check their permissions")
		}
	case lib.SQLITE_NOTADB:
		if newerFormat(path) {
			return why(newerFormatText)
		}
		return why("not a SQLite database; move it away to start afresh")
	case lib.SQLITE_CORRUPT:
		return fmt.Errorf("open database %s: damaged (%s); restore it from a copy, or move it away to start afresh", path, c.message())
	case lib.SQLITE_BUSY:
		return why("another program holds it; close that program first")
	}
	return fmt.Errorf("open database %s: %w", path, c.errorOf(rc))
}

const newerFormatText = "written by a newer SQLite, whose file format this one cannot use"

// newerFormat reports whether the file has a format version above 2
// (https://sqlite.org/fileformat.html, section 1.3.3). Call it only after SQLite has given up: closing
// the file drops the locks that SQLite holds on it.
func newerFormat(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var h [20]byte
	if _, err := f.ReadAt(h[:], 0); err != nil || string(h[:16]) != "SQLite format 3\x00" {
		return false
	}
	size := binary.BigEndian.Uint16(h[16:])
	return (size == 1 || size >= 512) && (h[18] > 2 || h[19] > 2)
}
