package store

// The implicit transaction (workerd's ActorSqlite::ImplicitTxn). The first write opens it, and Commit
// ends it at the end of the caller's turn. So the writes of one turn are one atomic batch.

import "github.com/seed-36a2c969/emu/emulator/internal/sqlite"

type transaction struct {
	begun   bool
	onBegin func()
	// critical is the error on which SQLite has rolled the transaction back by itself. Later
	// writes are refused, since they would be half a batch. As in workerd user statements can
	// still read; Get, Alarm and Bookmark return critical.
	critical error
	// autonomous is set when ON CONFLICT ROLLBACK or RAISE(ROLLBACK) has undone the batch. As in
	// workerd each later statement commits by itself, and Commit then fails because there is no
	// transaction.
	autonomous bool
}

// Dirty reports whether there are writes that are not committed.
func (db *DB) Dirty() bool { return db.begun }

// OnBegin sets a function that is called when the first write of a batch opens the transaction.
func (db *DB) OnBegin(f func()) { db.onBegin = f }

// begin opens the transaction if it is not open.
func (db *DB) begin() error {
	switch {
	case !db.conn.Connected():
		return ErrClosed
	case db.critical != nil:
		return db.critical
	case db.begun:
		return nil
	}
	if err := db.conn.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := db.conn.ReadSchema(); err != nil {
		db.conn.Exec("ROLLBACK")
		return err
	}
	db.begun = true
	if db.onBegin != nil {
		db.onBegin()
	}
	return nil
}

// Commit makes the writes since the last Commit permanent. On an error all of them are undone: a
// foreign key is violated, the disk is full, or a cursor of INSERT ... RETURNING was not read to
// its end.
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
	if db.conn.Interrupted() {
		return sqlite.ErrInterrupted // a write of the batch may have been interrupted
	}
	if db.critical != nil {
		return db.critical
	}
	if err := db.conn.Exec("COMMIT"); err != nil {
		return err
	}
	db.begun = false
	return nil
}

// Rollback undoes the writes since the last Commit. A cursor stays
// readable if its table is the same afterwards.
func (db *DB) Rollback() error {
	if !db.begun {
		return nil
	}
	db.begun, db.critical, db.autonomous = false, nil, false
	db.tables, db.alarm = tables{}, alarm{}
	if db.conn.Autocommit() {
		return nil // SQLite has rolled back by itself
	}
	return db.conn.Exec("ROLLBACK")
}

// Savepoint starts a part of the transaction that RollbackTo can undo. Savepoints nest. Release or
// RollbackTo ends one.
func (db *DB) Savepoint(name string) error {
	if err := db.begin(); err != nil {
		return err
	}
	return internal(db.conn.Exec("SAVEPOINT " + sqlite.Quote(name)))
}

// Release ends a savepoint and keeps its writes.
func (db *DB) Release(name string) error {
	if db.critical != nil {
		return refusal(msgCritical)
	}
	return internal(db.conn.Exec("RELEASE " + sqlite.Quote(name)))
}

// RollbackTo undoes the writes since the savepoint and ends it.
func (db *DB) RollbackTo(name string) error {
	if db.critical != nil {
		return nil // undone with everything else
	}
	if !db.autonomous {
		db.tables, db.alarm = tables{}, alarm{}
	}
	if err := db.conn.Exec("ROLLBACK TO " + sqlite.Quote(name)); err != nil {
		return internal(err)
	}
	return internal(db.conn.Exec("RELEASE " + sqlite.Quote(name)))
}

// failed is called with each statement's error. It sets critical if SQLite has rolled the transaction
// back by itself, on SQLITE_FULL, IOERR, NOMEM or INTERRUPT
// (https://sqlite.org/lang_transaction.html, section 3.1), and autonomous if ON CONFLICT ROLLBACK
// made it do so.
func (db *DB) failed(err *Error, trusted bool) error {
	switch {
	case db.autonomous:
		if trusted && err.Code == sqlite.CodeError {
			return &InternalError{err} // the rollback has removed the runtime's table or savepoint
		}
	case !db.begun || db.critical != nil || !db.conn.Autocommit():
	case err.Code == sqlite.CodeConstraint:
		db.autonomous = true // the cached tables and alarm stay: workerd does not notice either
	default:
		db.critical = err
		db.tables = tables{}
	}
	return err
}

// Critical returns the error on which SQLite has rolled the batch back by itself, or nil. Commit
// fails with it.
func (db *DB) Critical() error { return db.critical }

// Autonomous reports whether ON CONFLICT ROLLBACK has undone the batch. Then each later statement
// has committed by itself, and Commit fails.
func (db *DB) Autonomous() bool { return db.autonomous }
