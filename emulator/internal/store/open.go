package store

// What Open says when it cannot, and the limits of spec section
// "Connection setup" (workerd's SqliteDatabase::setupSecurity).

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// limits are workerd's, by SQLITE_LIMIT_*; the length and how long a program may be as measured in 1.20261117.
var limits = [...]int32{
	lib.SQLITE_LIMIT_LENGTH:              8388642,
	lib.SQLITE_LIMIT_SQL_LENGTH:          sqlLengthLimit,
	lib.SQLITE_LIMIT_COLUMN:              100,
	lib.SQLITE_LIMIT_EXPR_DEPTH:          100,
	lib.SQLITE_LIMIT_COMPOUND_SELECT:     5,
	lib.SQLITE_LIMIT_VDBE_OP:             250000,
	lib.SQLITE_LIMIT_FUNCTION_ARG:        127,
	lib.SQLITE_LIMIT_ATTACHED:            0,
	lib.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 50,
	lib.SQLITE_LIMIT_VARIABLE_NUMBER:     100,
	lib.SQLITE_LIMIT_TRIGGER_DEPTH:       10,
	lib.SQLITE_LIMIT_WORKER_THREADS:      0,
}

const sqlLengthLimit = 100000

// progressInterval is how many virtual machine steps pass between two looks
// at Interrupt.
const progressInterval = 10000

func progress(_ *libc.TLS, arg uintptr) int32 {
	if (*DB)(ptr(arg)).interrupted.Load() && !(*DB)(ptr(arg)).trusted {
		return 1
	}
	return 0
}

// self is what SQLite hands to callbacks. A DB is on the heap, which does not
// move, and alive while one of its methods is in SQLite.
func (db *DB) self() uintptr { return uintptr(unsafe.Pointer(db)) }

// dropModules removes the virtual tables workerd is built without: dbstat and
// sqlite_dbpage would show pages of tables that the policy hides.
func (db *DB) dropModules() {
	var names []uintptr
	for _, m := range modules {
		names = append(names, db.cstring(m))
	}
	keep := db.malloc((len(names) + 1) * int(unsafe.Sizeof(uintptr(0))))
	list := unsafe.Slice(wordAt(keep), len(names)+1)
	copy(list, names)
	list[len(names)] = 0
	lib.Xsqlite3_drop_modules(db.tls, db.c, keep)
	for _, p := range names {
		db.free(p)
	}
	db.free(keep)
}

// dropStat4 keeps ANALYZE from making sqlite_stat4, which workerd is built without.
func (db *DB) dropStat4() {
	const stat4 = uint32(0x800) // SQLITE_Stat4 of sqliteInt.h
	args := libc.NewVaList(db.c, stat4)
	lib.Xsqlite3_test_control(db.tls, lib.SQLITE_TESTCTRL_OPTIMIZATIONS, args)
	libc.Xfree(db.tls, args)
}

// ErrNoFiles ends an Open for which the process, or the machine, has no file left.
var ErrNoFiles = errors.New("too many open files")

// noFiles reports whether that is why SQLite could not open a file. SQLite has the system's own code as long as the
// connection stands; once that is closed, the files it had opened are free again and nothing tells any more.
func (db *DB) noFiles(rc int32) bool {
	rc &= 0xff
	code := syscall.Errno(lib.Xsqlite3_system_errno(db.tls, db.c))
	return (rc == lib.SQLITE_CANTOPEN || rc == lib.SQLITE_IOERR) && (code == syscall.EMFILE || code == syscall.ENFILE)
}

// openError says what is wrong with the file, in words for whoever has to
// mend it.
func (db *DB) openError(rc int32) error {
	path := db.opts.Path
	if db.inMemory() {
		return fmt.Errorf("open database in memory: %w", db.errorOf(rc))
	}
	if db.noFiles(rc) {
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
			} else if db.opts.ReadOnly {
				return why("no such file")
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
		return fmt.Errorf("open database %s: damaged (%s); restore it from a copy, or move it away to start afresh", path, db.message())
	case lib.SQLITE_BUSY:
		return why("another program holds it; close that program first")
	}
	return fmt.Errorf("open database %s: %w", path, db.errorOf(rc))
}

// lostFile is the error of a file that somebody has deleted or replaced meanwhile.
func (db *DB) lostFile() error {
	if db.file == nil || db.opts.ReadOnly {
		return nil
	}
	if now, err := os.Stat(db.opts.Path); errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(db.file, now) {
		return fmt.Errorf("%s was deleted or replaced while it was open: what was written to it since is gone with it", db.opts.Path)
	}
	return nil
}

const newerFormatText = "written by a newer SQLite, whose file format this one cannot use"

// newerFormat reads the file format versions (https://sqlite.org/fileformat.html
// section 1.3.3). It opens the file beside SQLite, which costs SQLite its
// locks, and is called after it has given up.
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

// removeFiles removes a closed database and what belongs to it.
func removeFiles(path string) error {
	if path == "" {
		return nil
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
