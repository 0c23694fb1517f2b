package store

// The implicit transaction: the first write opens it and Commit, at the end
// of the caller's turn, ends it, so that writes without a pause between them
// are one atomic batch (workerd's ActorSqlite::ImplicitTxn).

import (
	"strings"

	lib "modernc.org/sqlite/lib"
)

type transaction struct {
	begun   bool
	onBegin func()
	// critical is the error that made SQLite roll the transaction back by
	// itself. Later writes must not pass for the rest of the same batch, and as
	// on workerd no key, alarm or bookmark can be read; SQL can.
	critical error
	// autonomous is after a constraint's ON CONFLICT ROLLBACK or a RAISE(ROLLBACK):
	// the batch is undone, and as on workerd what follows it is committed statement
	// by statement until the commit at its end fails for want of a transaction.
	autonomous bool
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
	if err := db.readSchema(); err != nil {
		db.run("ROLLBACK")
		return err
	}
	db.begun = true
	if db.onBegin != nil {
		db.onBegin()
	}
	return nil
}

// readSchema lets SQLite see a schema that another process has changed, which it
// otherwise does when the next statement has begun: too late for one that writes to be
// compiled anew with counters. It costs a statement only if that process has written.
func (db *DB) readSchema() error {
	if db.inMemory() {
		return nil
	}
	now := db.dataVersion()
	if now == db.version {
		return nil
	}
	if _, _, err := db.optional("SELECT 1 FROM sqlite_schema LIMIT 1"); err != nil {
		return err
	}
	db.version = now
	return nil
}

// dataVersion is another one when another process has written to the file.
func (db *DB) dataVersion() uint32 {
	lib.Xsqlite3_file_control(db.tls, db.c, 0, lib.SQLITE_FCNTL_DATA_VERSION, db.out)
	return *(*uint32)(ptr(db.out))
}

// Commit makes the writes since the last Commit permanent, all or none. On an
// error (a foreign key still violated, a disk that is full, a cursor of an
// INSERT ... RETURNING that was not read to its end) they are gone.
func (db *DB) Commit() error {
	db.forgotten = false
	if !db.begun {
		return nil
	}
	err := db.tryCommit()
	if err != nil {
		if rerr := db.Rollback(); rerr != nil {
			return rerr
		}
	}
	return err
}

func (db *DB) tryCommit() error {
	if db.interrupted.Load() {
		return newError("interrupted", lib.SQLITE_INTERRUPT, lib.SQLITE_INTERRUPT) // a write may be missing
	}
	if db.critical != nil {
		return db.critical
	}
	if err := db.exec("COMMIT"); err != nil {
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
	db.begun, db.critical, db.autonomous = false, nil, false
	db.tables, db.alarm = tables{}, alarm{}
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
	return internal(db.exec("SAVEPOINT " + quote(name)))
}

// Release ends a savepoint and keeps its writes, as part of what is around it.
func (db *DB) Release(name string) error {
	if db.critical != nil {
		return refusal(msgCritical)
	}
	return internal(db.exec("RELEASE " + quote(name)))
}

// RollbackTo undoes the writes since the savepoint and ends it.
func (db *DB) RollbackTo(name string) error {
	if db.critical != nil {
		return nil // undone with everything else
	}
	if !db.autonomous {
		db.tables, db.alarm = tables{}, alarm{}
	}
	if err := db.exec("ROLLBACK TO " + quote(name)); err != nil {
		return internal(err)
	}
	return internal(db.exec("RELEASE " + quote(name)))
}

// failure makes an error of a failed call and notices when SQLite has rolled
// the transaction back by itself (https://sqlite.org/lang_transaction.html
// section 3.1: SQLITE_FULL, IOERR, NOMEM, INTERRUPT and others), or because a
// statement told it to.
func (db *DB) failure(rc int32) error {
	err := db.errorOf(rc)
	switch {
	case db.autonomous:
		if db.trusted && err.Code == lib.SQLITE_ERROR {
			return &InternalError{err} // a table or savepoint that was there is gone
		}
	case !db.begun || db.critical != nil || lib.Xsqlite3_get_autocommit(db.tls, db.c) == 0:
	case err.Code == lib.SQLITE_CONSTRAINT:
		db.autonomous = true // what is known of tables and alarm is not: workerd does not notice
	default:
		db.critical = err
		db.tables = tables{}
	}
	return err
}

// Critical is the error that has made SQLite undo the batch by itself, which its
// commit is going to fail with, or nil.
func (db *DB) Critical() error { return db.critical }

// Autonomous reports whether a statement has undone the batch; what follows is
// committed by itself, and the commit of the batch fails.
func (db *DB) Autonomous() bool { return db.autonomous }

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Idle reports whether the database could be closed and opened again without a
// cursor, transaction or setting (PRAGMA foreign_keys, say) being lost.
func (db *DB) Idle() bool {
	if db.begun || db.settings {
		return false
	}
	for s := lib.Xsqlite3_next_stmt(db.tls, db.c, 0); s != 0; s = lib.Xsqlite3_next_stmt(db.tls, db.c, s) {
		if lib.Xsqlite3_stmt_busy(db.tls, s) != 0 && !db.fronts.holds(s) {
			return false
		}
	}
	return true
}
