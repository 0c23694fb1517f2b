package store

// The implicit transaction: the first write opens it and Commit, at the end
// of the caller's turn, ends it, so that writes without a pause between them
// are one atomic batch (workerd's ActorSqlite::ImplicitTxn).

import (
	"fmt"
	"strings"

	lib "modernc.org/sqlite/lib"
)

type transaction struct {
	begun   bool
	onBegin func()
	// critical is the error that made SQLite roll the transaction back by
	// itself. Later writes must not pass for the rest of the same batch.
	critical error
}

// Dirty reports whether there are writes that were not committed.
func (db *DB) Dirty() bool { return db.begun }

// OnBegin sets the function to call when the first write of a batch has
// opened the transaction.
func (db *DB) OnBegin(f func()) { db.onBegin = f }

// begin opens the transaction if it is not open.
func (db *DB) begin() error {
	switch {
	case db.c == 0:
		return ErrClosed
	case db.critical != nil:
		return db.critical
	case db.begun:
		return nil
	}
	if err := db.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	db.begun = true
	if db.onBegin != nil {
		db.onBegin()
	}
	return nil
}

// Commit makes the writes since the last Commit permanent, all or none. On an
// error (a foreign key still violated, a disk that is full, a cursor of an
// INSERT ... RETURNING that was not read to its end) they are gone.
func (db *DB) Commit() error {
	if !db.begun {
		return nil
	}
	var err error
	if db.critical != nil {
		err = fmt.Errorf("SQLite has rolled the transaction back before: %v", db.critical)
	} else {
		err = db.exec("COMMIT")
	}
	if err != nil {
		if rerr := db.Rollback(); rerr != nil {
			return rerr
		}
		return err
	}
	db.begun = false
	return nil
}

// Rollback undoes the writes since the last Commit. Cursors over tables that
// stay as they are can be read on.
func (db *DB) Rollback() error {
	if !db.begun {
		return nil
	}
	db.begun, db.critical = false, nil
	db.tables = tables{}
	if lib.Xsqlite3_get_autocommit(db.tls, db.c) != 0 {
		return nil // SQLite did it
	}
	return db.exec("ROLLBACK")
}

// Savepoint starts a part of the transaction that can be undone by itself;
// they nest. Release and RollbackTo end it.
func (db *DB) Savepoint(name string) error {
	if err := db.begin(); err != nil {
		return err
	}
	return db.exec("SAVEPOINT " + quote(name))
}

// Release ends a savepoint and keeps its writes, as part of what is around it.
func (db *DB) Release(name string) error {
	if db.critical != nil {
		return refusal(msgCritical)
	}
	return db.exec("RELEASE " + quote(name))
}

// RollbackTo undoes the writes since the savepoint and ends it.
func (db *DB) RollbackTo(name string) error {
	if db.critical != nil {
		return nil // undone with everything else
	}
	db.tables = tables{}
	if err := db.exec("ROLLBACK TO " + quote(name)); err != nil {
		return err
	}
	return db.exec("RELEASE " + quote(name))
}

// failure makes an error of a failed call and notices when SQLite has rolled
// the transaction back by itself (https://sqlite.org/lang_transaction.html
// section 3.1: SQLITE_FULL, IOERR, NOMEM, INTERRUPT and others).
func (db *DB) failure(rc int32) error {
	err := db.errorOf(rc)
	if db.begun && db.critical == nil && lib.Xsqlite3_get_autocommit(db.tls, db.c) != 0 {
		db.critical = err
		db.tables = tables{}
	}
	return err
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Idle reports whether the database could be closed and opened again without a
// cursor or transaction being lost.
func (db *DB) Idle() bool {
	if db.begun {
		return false
	}
	for s := lib.Xsqlite3_next_stmt(db.tls, db.c, 0); s != 0; s = lib.Xsqlite3_next_stmt(db.tls, db.c, s) {
		if lib.Xsqlite3_stmt_busy(db.tls, s) != 0 {
			return false
		}
	}
	return true
}
