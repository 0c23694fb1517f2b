package store

// The implicit transaction: the first write opens it and Commit, at the end
// of the caller's turn, ends it, so that writes without a pause between them
// are one atomic batch (workerd's ActorSqlite::ImplicitTxn).

import "github.com/seed-36a2c969/emu/emulator/internal/sqlite"

type transaction struct {
	begun   bool
	onBegin func()
	// critical is the error that made SQLite roll the transaction back by
	// itself. Later writes are refused, since they would be a batch without its
	// beginning; as on workerd no key, alarm or bookmark can be read, but SQL can.
	critical error
	// autonomous is set by a constraint's ON CONFLICT ROLLBACK or a RAISE(ROLLBACK):
	// the batch is undone. As on workerd each statement that follows is committed by
	// itself, until the commit at the batch's end fails for want of a transaction.
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
	if db.conn.Interrupted() {
		return sqlite.ErrInterrupted // the batch may lack a write
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

// Savepoint starts a part of the transaction that can be undone by itself;
// they nest. Release and RollbackTo end it.
func (db *DB) Savepoint(name string) error {
	if err := db.begin(); err != nil {
		return err
	}
	return internal(db.conn.Exec("SAVEPOINT " + sqlite.Quote(name)))
}

// Release ends a savepoint and keeps its writes, as part of what is around it.
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

// failed is called with each statement's error. It notes whether SQLite has rolled the
// transaction back, by itself (https://sqlite.org/lang_transaction.html section 3.1:
// SQLITE_FULL, IOERR, NOMEM, INTERRUPT and others) or as ON CONFLICT ROLLBACK asks.
func (db *DB) failed(err *Error, trusted bool) error {
	switch {
	case db.autonomous:
		if trusted && err.Code == sqlite.CodeError {
			return &InternalError{err} // a table or savepoint that was there is gone
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

// Critical is the error on which SQLite has rolled the batch back by itself, nil if there
// was none. Commit returns it.
func (db *DB) Critical() error { return db.critical }

// Autonomous reports whether a statement has undone the batch; what follows is
// committed by itself, and the commit of the batch fails.
func (db *DB) Autonomous() bool { return db.autonomous }
