package sqlite

// What SQLite asks while it compiles a statement (https://sqlite.org/c3ref/set_authorizer.html).

import (
	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Action is what a statement is about to do.
type Action int32

// The actions (https://sqlite.org/c3ref/c_alter_table.html).
const (
	AlterTable    Action = lib.SQLITE_ALTER_TABLE
	Analyze       Action = lib.SQLITE_ANALYZE
	CreateIndex   Action = lib.SQLITE_CREATE_INDEX
	CreateTable   Action = lib.SQLITE_CREATE_TABLE
	CreateTrigger Action = lib.SQLITE_CREATE_TRIGGER
	CreateView    Action = lib.SQLITE_CREATE_VIEW
	CreateVTable  Action = lib.SQLITE_CREATE_VTABLE
	Delete        Action = lib.SQLITE_DELETE
	DropIndex     Action = lib.SQLITE_DROP_INDEX
	DropTable     Action = lib.SQLITE_DROP_TABLE
	DropTrigger   Action = lib.SQLITE_DROP_TRIGGER
	DropView      Action = lib.SQLITE_DROP_VIEW
	DropVTable    Action = lib.SQLITE_DROP_VTABLE
	Function      Action = lib.SQLITE_FUNCTION
	Insert        Action = lib.SQLITE_INSERT
	Pragma        Action = lib.SQLITE_PRAGMA
	Read          Action = lib.SQLITE_READ
	Recursive     Action = lib.SQLITE_RECURSIVE
	Reindex       Action = lib.SQLITE_REINDEX
	Savepoint     Action = lib.SQLITE_SAVEPOINT
	Select        Action = lib.SQLITE_SELECT
	Transaction   Action = lib.SQLITE_TRANSACTION
	Update        Action = lib.SQLITE_UPDATE
)

// Access is one thing that a statement is about to do.
type Access struct {
	Action        Action
	First, Second Arg // what they name depends on the action
	Schema        Arg

	sql string
}

// Arg is an argument of an action, which may be absent.
type Arg struct {
	Text  string
	Given bool
}

// NewName returns the name that ALTER TABLE gives to a table. workerd's SQLite hands it to the
// authorizer. This one does not, so it is read from the statement's text.
func (a Access) NewName() string { return renameTo(a.sql) }

func argAt(p uintptr) Arg {
	if p == 0 {
		return Arg{}
	}
	return Arg{libc.GoString(p), true}
}
