package sqlite

// LIKE and GLOB. This SQLite is built so that they match no blob; workerd's reads a blob as
// text. So like, which replaces SQLite's function, turns blobs into text first. One difference
// stays: where SQLite turns a pattern into a range of keys, it finds no blobs in the index.

import (
	"sync"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// likeFunc is the type of SQLite's own function.
type likeFunc = func(tls *libc.TLS, context uintptr, n int32, args uintptr)

var (
	ownLike     likeFunc
	ownLikeAddr uintptr
)

// like replaces SQLite's function for LIKE and GLOB.
func like(tls *libc.TLS, context uintptr, n int32, args uintptr) {
	for i := range 2 {
		v := *wordAt(args + uintptr(i)*unsafe.Sizeof(args))
		if lib.Xsqlite3_value_type(tls, v) == lib.SQLITE_BLOB {
			lib.Xsqlite3_value_text(tls, v) // turns the value itself into text
		}
	}
	ownLike(tls, context, n, args)
}

// patchLike replaces SQLite's function by like, for all connections.
var patchLike = sync.OnceFunc(func() {
	c := newConn(Config{})
	defer c.Close()
	if c.Connect(nil) != nil {
		return
	}
	s, err := c.Own("SELECT ?1 LIKE ?2, ?1 LIKE ?2 ESCAPE ?3, ?1 GLOB ?2")
	if err != nil {
		return
	}
	// The definitions are found in the program of a statement that calls them.
	v := vdbe(s)
	for i := range uintptr(v.FnOp) {
		op := (*lib.TVdbeOp)(ptr(v.FaOp + i*unsafe.Sizeof(lib.TVdbeOp{})))
		if op.Fp4type == lib.P4_FUNCCTX {
			context := (*lib.Tsqlite3_context)(ptr(*(*uintptr)(unsafe.Pointer(&op.Fp4))))
			patchFunction(context.FpFunc)
		}
	}
})

// patchFunction replaces SQLite's function by like in one definition.
func patchFunction(definition uintptr) {
	f := (*lib.TFuncDef)(ptr(definition))
	if ownLike == nil {
		ownLikeAddr = f.FxSFunc
		ownLike = *(*likeFunc)(unsafe.Pointer(&struct{ p uintptr }{ownLikeAddr}))
	}
	if f.FxSFunc == ownLikeAddr {
		f.FxSFunc = callback(like)
	}
}

// patchLikeOf replaces SQLite's function in the definitions that PRAGMA case_sensitive_like has
// made for a connection.
func patchLikeOf(c *Conn) {
	for e := (*lib.Tsqlite3)(ptr(c.c)).FaFunc.Ffirst; e != 0; {
		element := (*lib.THashElem)(ptr(e))
		for f := element.Fdata; f != 0; f = (*lib.TFuncDef)(ptr(f)).FpNext {
			patchFunction(f)
		}
		e = element.Fnext
	}
}
