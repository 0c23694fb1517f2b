package store

// What user statements may do: the rules of SqliteDatabase::isAuthorized
// (https://github.com/cloudflare/workerd/blob/main/src/workerd/util/sqlite.c++),
// as an authorizer (https://sqlite.org/c3ref/set_authorizer.html), which
// SQLite asks about every table, function and PRAGMA while it compiles.

import (
	"strings"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// modules are the virtual tables there are.
var modules = []string{"fts5", "fts5vocab", "rtree", "rtree_i32"}

// arg is an argument of the authorizer, which may be absent.
type arg struct {
	text  string
	given bool
}

func argAt(p uintptr) arg {
	if p == 0 {
		return arg{}
	}
	return arg{libc.GoString(p), true}
}

// allowed reports whether a name is not one of our own tables'.
func (a arg) allowed() bool { return !reserved(a.text) }

func reserved(name string) bool {
	const prefix = "_cf_"
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

func authorize(_ *libc.TLS, self uintptr, action int32, z1, z2, zDB, _ uintptr) int32 {
	db := (*DB)(ptr(self))
	if db.trusted || db.authorized(action, argAt(z1), argAt(z2), argAt(zDB)) {
		return lib.SQLITE_OK
	}
	return lib.SQLITE_DENY
}

func (db *DB) authorized(action int32, a1, a2, schema arg) bool {
	if action == lib.SQLITE_ALTER_TABLE {
		// Schema and table are the arguments, and the column for DROP COLUMN.
		// workerd's SQLite tells the new name of the table too, this one does not.
		return a1.text == "main" && a2.allowed() && schema.allowed() && !reserved(renameTo(db.preparing))
	}
	if schema.given && schema.text != "main" {
		// ALTER TABLE looks into the schema of temporary tables.
		temp := schema.text == "temp" && (action == lib.SQLITE_READ || action == lib.SQLITE_UPDATE)
		return temp && a1.allowed()
	}
	switch action {
	case lib.SQLITE_SELECT, lib.SQLITE_RECURSIVE, lib.SQLITE_ANALYZE:
		return true
	case lib.SQLITE_CREATE_TABLE, lib.SQLITE_DROP_TABLE, lib.SQLITE_INSERT, lib.SQLITE_DELETE,
		lib.SQLITE_CREATE_VIEW, lib.SQLITE_DROP_VIEW, lib.SQLITE_REINDEX, lib.SQLITE_READ, lib.SQLITE_UPDATE:
		return a1.allowed()
	case lib.SQLITE_CREATE_INDEX, lib.SQLITE_DROP_INDEX, lib.SQLITE_CREATE_TRIGGER, lib.SQLITE_DROP_TRIGGER:
		return a1.allowed() && a2.allowed()
	case lib.SQLITE_TRANSACTION, lib.SQLITE_SAVEPOINT:
		db.refused = refusal(msgTransaction)
		return false
	case lib.SQLITE_CREATE_VTABLE, lib.SQLITE_DROP_VTABLE:
		return a1.allowed() && isModule(a2.text)
	case lib.SQLITE_PRAGMA:
		allowed := pragmaAllowed(a1.text, a2)
		db.settings = db.settings || allowed && isSetting(a1.text, a2)
		return allowed
	case lib.SQLITE_FUNCTION:
		return functions[strings.ToLower(a2.text)] // in a DEFAULT it is told as it was written
	}
	return false // ATTACH, DETACH, everything TEMP, and what is yet to come
}

func isModule(name string) bool {
	for _, m := range modules {
		if strings.EqualFold(m, name) {
			return true
		}
	}
	return false
}

// functions are the SQL functions user statements may call.
var functions = set(`
	abs changes char coalesce concat concat_ws format glob hex ifnull iif instr last_insert_rowid length like
	likelihood likely load_extension lower ltrim max_scalar min_scalar nullif octet_length printf quote random
	randomblob replace round rtrim sign soundex substr substring total_changes trim typeof unhex unicode unlikely
	upper zeroblob
	date time datetime julianday unixepoch strftime timediff current_date current_time current_timestamp
	avg count group_concat max min string_agg sum total
	row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
	acos acosh asin asinh atan atan2 atanh ceil cos cosh degrees exp floor ln log log2 mod pi pow radians sin sinh
	sqrt tan tanh trunc
	json jsonb json_array jsonb_array json_array_length json_extract jsonb_extract -> ->> json_insert jsonb_insert
	json_object jsonb_object json_patch jsonb_patch json_remove jsonb_remove json_replace jsonb_replace json_set
	jsonb_set json_type json_valid json_quote json_group_array jsonb_group_array json_group_object
	jsonb_group_object json_each json_tree
	match highlight bm25 snippet rtreecheck
	sqlite_rename_column sqlite_rename_table sqlite_rename_test sqlite_drop_column sqlite_rename_quotefix`)

// missing are functions this SQLite has and workerd's has not, by how many arguments
// they take.
var missing = map[string]int32{"soundex": 1, "sqlite_offset": 1,
	"geopoly_area": 1, "geopoly_blob": 1, "geopoly_json": 1, "geopoly_svg": -1, "geopoly_within": 2,
	"geopoly_contains_point": 3, "geopoly_overlap": 2, "geopoly_debug": 1, "geopoly_bbox": 1, "geopoly_xform": 7,
	"geopoly_regular": 4, "geopoly_ccw": 1, "geopoly_group_bbox": 1}

// dropFunctions removes them.
func (db *DB) dropFunctions() {
	for name, n := range missing {
		z := db.cstring(name)
		lib.Xsqlite3_create_function(db.tls, db.c, z, n, lib.SQLITE_UTF8, 0, 0, 0, 0)
		db.free(z)
	}
}

func set(names string) map[string]bool {
	m := map[string]bool{}
	for _, n := range strings.Fields(names) {
		m[n] = true
	}
	return m
}
