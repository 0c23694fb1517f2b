package store

// What user statements may do, by the rules of SqliteDatabase::isAuthorized
// (https://github.com/cloudflare/workerd/blob/main/src/workerd/util/sqlite.c++). SQLite calls the
// authorizer for every table, function and PRAGMA of a statement that it compiles
// (https://sqlite.org/c3ref/set_authorizer.html).

import (
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/internal/sqlite"
)

// policy decides about the user statements of a connection.
type policy struct {
	changed bool // a PRAGMA has changed a setting of the connection
}

// allowed reports whether a name is not reserved for the runtime's tables.
func allowed(name sqlite.Arg) bool { return !reserved(name.Text) }

func reserved(name string) bool {
	const prefix = "_cf_"
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

// authorize decides about one access of a user statement.
func (p *policy) authorize(a sqlite.Access) (bool, error) {
	first, second, schema := a.First, a.Second, a.Schema
	if a.Action == sqlite.AlterTable {
		// SQLite passes the schema first, then the table, and for DROP COLUMN the column.
		return first.Text == "main" && allowed(second) && allowed(schema) && !reserved(a.NewName()), nil
	}
	if schema.Given && schema.Text != "main" {
		// ALTER TABLE reads and updates the schema of temporary tables.
		temp := schema.Text == "temp" && (a.Action == sqlite.Read || a.Action == sqlite.Update)
		return temp && allowed(first), nil
	}
	switch a.Action {
	case sqlite.Select, sqlite.Recursive, sqlite.Analyze:
		return true, nil
	case sqlite.CreateTable, sqlite.DropTable, sqlite.Insert, sqlite.Delete,
		sqlite.CreateView, sqlite.DropView, sqlite.Reindex, sqlite.Read, sqlite.Update:
		return allowed(first), nil
	case sqlite.CreateIndex, sqlite.DropIndex, sqlite.CreateTrigger, sqlite.DropTrigger:
		return allowed(first) && allowed(second), nil
	case sqlite.Transaction, sqlite.Savepoint:
		return false, refusal(msgTransaction)
	case sqlite.CreateVTable, sqlite.DropVTable:
		module := func(m string) bool { return strings.EqualFold(m, second.Text) }
		return allowed(first) && slices.ContainsFunc(sqlite.Modules, module), nil
	case sqlite.Pragma:
		ok := pragmaAllowed(first.Text, second)
		p.changed = p.changed || ok && isSetting(first.Text, second)
		return ok, nil
	case sqlite.Function:
		return functions[strings.ToLower(second.Text)], nil // in a DEFAULT the name has the user's case
	}
	return false, nil // ATTACH, DETACH, temporary tables, and actions of a later SQLite
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

func set(names string) map[string]bool {
	m := map[string]bool{}
	for _, n := range strings.Fields(names) {
		m[n] = true
	}
	return m
}
