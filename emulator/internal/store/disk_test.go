package store

// A disk that keeps a record and can fail, as a VFS
// (https://sqlite.org/c3ref/vfs.html): SQLite's own one with some methods
// replaced.

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

type opKind int

const (
	opWrite opKind = iota
	opTruncate
	opDelete
	opSync
	opMark // of the test: what was done before is committed
)

type diskOp struct {
	kind opKind
	file string // base name
	at   int64
	data []byte
}

type disk struct {
	log          []diskOp
	files        map[uintptr]diskFile
	reads, locks int // of the log's index: each lock is a system call
	// fail returns the result code instead of doing the operation, if not 0.
	fail func(op diskOp) int32
}

type diskFile struct {
	name string
	real *lib.Tsqlite3_io_methods
}

// diskName is the VFS's name; the tests that use it do not run in parallel.
const diskName = "emu-test-disk"

var (
	theDisk    *disk
	registered sync.Once
	realVFS    *lib.Tsqlite3_vfs
	// SQLite has a table of methods for each way of locking; ours by theirs.
	diskMethods = map[uintptr]uintptr{}
)

func newDisk(t testing.TB) *disk {
	registered.Do(func() {
		tls := libc.NewTLS()
		lib.Xsqlite3_initialize(tls)
		realVFS = (*lib.Tsqlite3_vfs)(ptr(lib.Xsqlite3_vfs_find(tls, 0)))
		p := malloc(tls, unsafe.Sizeof(*realVFS))
		v := (*lib.Tsqlite3_vfs)(ptr(p))
		*v = *realVFS
		v.FzName, _ = libc.CString(diskName)
		v.FxOpen = callback(diskOpen)
		v.FxDelete = callback(diskDelete)
		lib.Xsqlite3_vfs_register(tls, p, 0)
	})
	theDisk = &disk{files: map[uintptr]diskFile{}}
	t.Cleanup(func() { theDisk = nil })
	return theDisk
}

// do records an operation, or makes it fail.
func (d *disk) do(op diskOp) int32 {
	if d.fail != nil {
		if rc := d.fail(op); rc != 0 {
			return rc
		}
	}
	d.log = append(d.log, op)
	return lib.SQLITE_OK
}

func (d *disk) mark() { d.log = append(d.log, diskOp{kind: opMark}) }

func malloc(tls *libc.TLS, n uintptr) uintptr {
	return lib.Xsqlite3_malloc64(tls, lib.Tsqlite3_uint64(n))
}

// ptr makes an address of C memory a pointer.
func ptr(p uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) }

// callback is the C function pointer of a package-level function.
func callback[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&struct{ f F }{f})) }

// as makes a C function pointer a Go function.
func as[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&struct{ p uintptr }{p})) }

func diskOpen(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32 {
	rc := as[func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32](realVFS.FxOpen)(tls, vfs, name, file, flags, out)
	if rc != lib.SQLITE_OK || name == 0 {
		return rc
	}
	theirs := *(*uintptr)(ptr(file))
	real := (*lib.Tsqlite3_io_methods)(ptr(theirs))
	if diskMethods[theirs] == 0 {
		p := malloc(tls, unsafe.Sizeof(*real))
		m := (*lib.Tsqlite3_io_methods)(ptr(p))
		*m = *real
		m.FxWrite, m.FxTruncate, m.FxSync = callback(diskWrite), callback(diskTruncate), callback(diskSync)
		m.FxRead = callback(diskRead)
		if m.FiVersion > 1 {
			m.FxShmLock = callback(diskShmLock)
		}
		diskMethods[theirs] = p
	}
	*(*uintptr)(ptr(file)) = diskMethods[theirs]
	theDisk.files[file] = diskFile{filepath.Base(libc.GoString(name)), real}
	return rc
}

func diskDelete(tls *libc.TLS, vfs, name uintptr, sync int32) int32 {
	if rc := theDisk.do(diskOp{kind: opDelete, file: filepath.Base(libc.GoString(name))}); rc != lib.SQLITE_OK {
		return rc
	}
	return as[func(*libc.TLS, uintptr, uintptr, int32) int32](realVFS.FxDelete)(tls, vfs, name, sync)
}

func diskRead(tls *libc.TLS, file, data uintptr, n int32, at lib.Tsqlite3_int64) int32 {
	theDisk.reads++
	return as[func(*libc.TLS, uintptr, uintptr, int32, lib.Tsqlite3_int64) int32](theDisk.files[file].real.FxRead)(tls, file, data, n, at)
}

func diskShmLock(tls *libc.TLS, file uintptr, offset, n, flags int32) int32 {
	theDisk.locks++
	return as[func(*libc.TLS, uintptr, int32, int32, int32) int32](theDisk.files[file].real.FxShmLock)(tls, file, offset, n, flags)
}

func diskWrite(tls *libc.TLS, file, data uintptr, n int32, at lib.Tsqlite3_int64) int32 {
	op := diskOp{opWrite, theDisk.files[file].name, int64(at), bytes.Clone(unsafe.Slice((*byte)(ptr(data)), n))}
	if rc := theDisk.do(op); rc != lib.SQLITE_OK {
		return rc
	}
	return as[func(*libc.TLS, uintptr, uintptr, int32, lib.Tsqlite3_int64) int32](theDisk.files[file].real.FxWrite)(tls, file, data, n, at)
}

func diskTruncate(tls *libc.TLS, file uintptr, size lib.Tsqlite3_int64) int32 {
	if rc := theDisk.do(diskOp{kind: opTruncate, file: theDisk.files[file].name, at: int64(size)}); rc != lib.SQLITE_OK {
		return rc
	}
	return as[func(*libc.TLS, uintptr, lib.Tsqlite3_int64) int32](theDisk.files[file].real.FxTruncate)(tls, file, size)
}

func diskSync(tls *libc.TLS, file uintptr, flags int32) int32 {
	if rc := theDisk.do(diskOp{kind: opSync, file: theDisk.files[file].name}); rc != lib.SQLITE_OK {
		return rc
	}
	return as[func(*libc.TLS, uintptr, int32) int32](theDisk.files[file].real.FxSync)(tls, file, flags)
}

// replay makes the files that the operations leave.
func replay(t testing.TB, dir string, ops []diskOp) {
	t.Helper()
	files := map[string][]byte{}
	for _, op := range ops {
		switch op.kind {
		case opWrite:
			b := files[op.file]
			if end := int(op.at) + len(op.data); len(b) < end {
				b = append(b, make([]byte, end-len(b))...)
			}
			copy(b[op.at:], op.data)
			files[op.file] = b
		case opTruncate:
			b := files[op.file]
			if int(op.at) > len(b) {
				b = append(b, make([]byte, int(op.at)-len(b))...)
			}
			files[op.file] = b[:op.at]
		case opDelete:
			delete(files, op.file)
		}
	}
	for name, b := range files {
		check(t, os.WriteFile(filepath.Join(dir, name), b, 0o644))
	}
}
