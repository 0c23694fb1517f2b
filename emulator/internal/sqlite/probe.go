package sqlite

// Functions that count the rows of an opcode which can run without reading or writing one row.
// counter.go adds an opcode that calls them as SQLite calls aggregate functions
// (https://sqlite.org/c3ref/create_function.html).

import (
	"math"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// probe is the call of such a function with its arguments. It lies in C memory, behind the program.
type probe struct {
	context lib.Tsqlite3_context
	arg     uintptr // *sqlite3_value, which SQLite sets to the register

	counter uintptr // *counter of the statement
	cursor  int32
}

// The definitions of the functions. SQLite keeps their addresses, so they are variables.
var (
	probeCount = lib.TFuncDef{FnArg: 1, FxSFunc: callback(addCount)}
	probeRowid = lib.TFuncDef{FnArg: 1, FxSFunc: callback(addRowid)}
	probeKey   = lib.TFuncDef{FnArg: 1, FxSFunc: callback(addKey)}
	probeEnd   = lib.TFuncDef{FxSFunc: callback(addEnd)}
	probeRow   = lib.TFuncDef{FxSFunc: callback(addRow)}

	probeUnchanged = lib.TFuncDef{FxSFunc: callback(beforeChange)}
	probeChanged   = lib.TFuncDef{FxSFunc: callback(afterChange)}
)

func probeAt(context uintptr) *probe { return (*probe)(ptr(context)) }

func (p *probe) vdbe() *lib.TVdbe { return (*lib.TVdbe)(ptr(p.context.FpVdbe)) }

func (p *probe) read(n int64) { (*counter)(ptr(p.counter)).read += n }

func (p *probe) written(n int64) { (*counter)(ptr(p.counter)).written += n }

// addCount adds the result of an OP_Count.
func addCount(tls *libc.TLS, context uintptr, _ int32, _ uintptr) {
	p := probeAt(context)
	p.read(lib.Xsqlite3_value_int64(tls, p.arg))
}

// addRowid counts an OP_SeekRowid, which searches only if its key is an integer.
func addRowid(tls *libc.TLS, context uintptr, _ int32, _ uintptr) {
	p := probeAt(context)
	switch kind, n := numeric(tls, p.arg); {
	case kind == lib.SQLITE_INTEGER, kind == lib.SQLITE_FLOAT && n >= -1<<63 && n < 1<<63 && n == math.Trunc(n):
		p.read(1)
	}
}

// addKey counts a search in a table for the next lower or higher key. SQLite searches only if the key
// is a number.
func addKey(tls *libc.TLS, context uintptr, _ int32, _ uintptr) {
	p := probeAt(context)
	if kind, _ := numeric(tls, p.arg); kind == lib.SQLITE_INTEGER || kind == lib.SQLITE_FLOAT {
		p.read(1)
	}
}

// addEnd counts an OP_SeekEnd that moves its cursor. It does so only if the cursor has no valid
// position: at the start, or after a page of the index was split.
func addEnd(_ *libc.TLS, context uintptr, _ int32, _ uintptr) {
	p := probeAt(context)
	tree := *(*uintptr)(unsafe.Pointer(&p.at().Fuc))
	const valid = 0 // CURSOR_VALID of btreeInt.h
	if (*lib.TBtCursor)(ptr(tree)).FeState != valid {
		p.read(1)
	}
}

// addRow counts an OP_VNext, except at the missing row of an outer join, where the cursor does not
// move.
func addRow(_ *libc.TLS, context uintptr, _ int32, _ uintptr) {
	if p := probeAt(context); p.at().FnullRow == 0 {
		p.read(1)
	}
}

// beforeChange and afterChange count the rows that the OP_Clear or OP_VUpdate between them writes,
// by SQLite's own count of changes.
func beforeChange(_ *libc.TLS, context uintptr, _ int32, _ uintptr) {
	p := probeAt(context)
	p.written(-p.vdbe().FnChange)
}

func afterChange(_ *libc.TLS, context uintptr, _ int32, _ uintptr) {
	p := probeAt(context)
	p.written(p.vdbe().FnChange)
}

// at is the cursor.
func (p *probe) at() *lib.TVdbeCursor {
	return (*lib.TVdbeCursor)(ptr(*wordAt(p.vdbe().FapCsr + uintptr(p.cursor)*unsafe.Sizeof(p.arg))))
}

// numeric returns the type that a value has in a column of affinity NUMERIC, and the value of a
// FLOAT. It works on a copy, since SQLite converts a value in place.
func numeric(tls *libc.TLS, value uintptr) (kind int32, n float64) {
	switch kind = lib.Xsqlite3_value_type(tls, value); kind {
	case lib.SQLITE_FLOAT:
		return kind, lib.Xsqlite3_value_double(tls, value)
	case lib.SQLITE_TEXT:
		v := lib.Xsqlite3_value_dup(tls, value)
		defer lib.Xsqlite3_value_free(tls, v)
		return lib.Xsqlite3_value_numeric_type(tls, v), lib.Xsqlite3_value_double(tls, v)
	}
	return kind, 0
}
