package store

// The seam to SQLite's C API (https://sqlite.org/c3ref/intro.html), which
// modernc.org/sqlite/lib offers as Go functions over memory of its own.

import (
	"unsafe"

	lib "modernc.org/sqlite/lib"
)

// ptr makes an address of C memory, or of a Go object that is kept alive by
// its caller, a pointer again. C memory never moves and is not collected.
func ptr(p uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) }

// callback is the C function pointer of a package-level function.
func callback[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&struct{ f F }{f})) }

// bytesAt is a view of n bytes of C memory.
func bytesAt(p uintptr, n int) []byte {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(ptr(p)), n)
}

func wordAt(p uintptr) *uintptr { return (*uintptr)(ptr(p)) }

// malloc returns C memory, which SQLite takes from the same place as its own.
// Like SQLite's callers in Go everywhere, it takes running out of memory for
// the end of the process.
func (db *DB) malloc(n int) uintptr {
	p := lib.Xsqlite3_malloc64(db.tls, lib.Tsqlite3_uint64(n))
	if p == 0 {
		panic("store: out of memory")
	}
	return p
}

func (db *DB) free(p uintptr) { lib.Xsqlite3_free(db.tls, p) }

// cstring copies s with a NUL behind it.
func (db *DB) cstring(s string) uintptr {
	p := db.malloc(len(s) + 1)
	b := bytesAt(p, len(s)+1)
	copy(b, s)
	b[len(s)] = 0
	return p
}
