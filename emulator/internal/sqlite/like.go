package sqlite

// LIKE and GLOB. This SQLite is built to match no blob, workerd's takes a blob for
// the text of its bytes. So the function behind both is given text only. A pattern that
// SQLite turns into a range of keys finds no blobs in an index nevertheless.

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

// like runs in place of SQLite's function.
func like(tls *libc.TLS, context uintptr, n int32, args uintptr) {
	for i := range 2 {
		v := *wordAt(args + uintptr(i)*unsafe.Sizeof(args))
		if lib.Xsqlite3_value_type(tls, v) == lib.SQLITE_BLOB {
			lib.Xsqlite3_value_text(tls, v) // turns the value itself into text
		}
	}
	ownLike(tls, context, n, args)
}

// patchLike puts like in the place of SQLite's function, for all connections.
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

// patchFunction puts like in the place of SQLite's function in one definition.
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

// patchLikeOf puts like into the definitions that PRAGMA case_sensitive_like has made for a
// connection.
func patchLikeOf(c *Conn) {
	for e := (*lib.Tsqlite3)(ptr(c.c)).FaFunc.Ffirst; e != 0; {
		element := (*lib.THashElem)(ptr(e))
		for f := element.Fdata; f != 0; f = (*lib.TFuncDef)(ptr(f)).FpNext {
			patchFunction(f)
		}
		e = element.Fnext
	}
}
