package sqlite

// What sets workerd's build of SQLite apart, and the limits that it sets at each connection
// (SqliteDatabase::setupSecurity in
// https://github.com/cloudflare/workerd/blob/main/src/workerd/util/sqlite.c++).

import (
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// limits are workerd's limits, by SQLITE_LIMIT_*. LENGTH and VDBE_OP were measured in workerd
// 1.20261117.
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

// Modules are the virtual tables that workerd is built with.
var Modules = []string{"fts5", "fts5vocab", "rtree", "rtree_i32"}

// missing are functions that modernc.org/sqlite has and workerd's SQLite has not, with the number
// of arguments under which each is registered.
var missing = map[string]int32{"soundex": 1, "sqlite_offset": 1,
	"geopoly_area": 1, "geopoly_blob": 1, "geopoly_json": 1, "geopoly_svg": -1, "geopoly_within": 2,
	"geopoly_contains_point": 3, "geopoly_overlap": 2, "geopoly_debug": 1, "geopoly_bbox": 1, "geopoly_xform": 7,
	"geopoly_regular": 4, "geopoly_ccw": 1, "geopoly_group_bbox": 1}

// build takes from a new connection what workerd's build lacks, and sets workerd's limits.
func (c *Conn) build() {
	c.enable(lib.SQLITE_DBCONFIG_DEFENSIVE)
	c.enable(lib.SQLITE_DBCONFIG_ENABLE_FKEY)
	for id, n := range limits {
		lib.Xsqlite3_limit(c.tls, c.c, int32(id), n)
	}
	c.dropModules()
	c.dropFunctions()
	c.dropStat4()
}

func (c *Conn) enable(option int32) {
	args := libc.NewVaList(int32(1), uintptr(0))
	lib.Xsqlite3_db_config(c.tls, c.c, option, args)
	libc.Xfree(c.tls, args)
}

// dropModules removes all virtual tables but Modules. dbstat and sqlite_dbpage would show pages of
// tables that the policy hides.
func (c *Conn) dropModules() {
	var names []uintptr
	for _, m := range Modules {
		names = append(names, c.cstring(m))
	}
	keep := c.malloc((len(names) + 1) * int(unsafe.Sizeof(uintptr(0))))
	list := unsafe.Slice(wordAt(keep), len(names)+1)
	copy(list, names)
	list[len(names)] = 0
	lib.Xsqlite3_drop_modules(c.tls, c.c, keep)
	for _, p := range names {
		c.free(p)
	}
	c.free(keep)
}

// dropFunctions removes the missing functions.
func (c *Conn) dropFunctions() {
	for name, n := range missing {
		z := c.cstring(name)
		lib.Xsqlite3_create_function(c.tls, c.c, z, n, lib.SQLITE_UTF8, 0, 0, 0, 0)
		c.free(z)
	}
}

// dropStat4 keeps ANALYZE from making sqlite_stat4, which workerd is built without.
func (c *Conn) dropStat4() {
	const stat4 = uint32(0x800) // SQLITE_Stat4 of sqliteInt.h
	args := libc.NewVaList(c.c, stat4)
	lib.Xsqlite3_test_control(c.tls, lib.SQLITE_TESTCTRL_OPTIMIZATIONS, args)
	libc.Xfree(c.tls, args)
}
