package store

// The implicit transaction: the first write opens it and Commit, at the end
// of the caller's turn, ends it, so that writes without a pause between them
// are one atomic batch (workerd's ActorSqlite::ImplicitTxn).

import (
	"iter"
	"strings"

	lib "modernc.org/sqlite/lib"
)

type transaction struct {
	begun     bool
	marked    bool // a part of it
	unwritten bool // since the mark
	onBegin   func()
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

// Written reports whether there are any since [DB.Mark], or at all without one.
func (db *DB) Written() bool { return db.begun && !(db.marked && db.unwritten) }

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
		if db.unwritten {
			db.unwritten = false
			db.onBegin()
		}
		return nil
	}
	if err := db.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := db.readSchema(); err != nil {
		db.run("ROLLBACK")
		return err
	}
	db.begun, db.unwritten = true, false
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

// CommitOr is Commit for a batch with a [DB.Mark]: if it fails, what was written
// before the mark is committed if it can be, and kept is true. The cursors that a
// failed commit leaves must not be read on.
func (db *DB) CommitOr() (kept bool, err error) {
	db.forgotten = false
	if !db.begun {
		return false, nil
	}
	err = db.tryCommit()
	if err == nil {
		return false, nil
	}
	if db.critical == nil && !db.autonomous && db.marked {
		for s := range db.busyWrites() {
			lib.Xsqlite3_reset(db.tls, s)
		}
		if db.BackToMark() == nil && db.tryCommit() == nil {
			return true, err
		}
	}
	if rerr := db.Rollback(); rerr != nil {
		return false, rerr
	}
	return false, err
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
	db.begun, db.marked = false, false
	return nil
}

// markName is the savepoint of a mark.
const markName = "_cf_mark"

// Mark notes what the batch holds now, in place of the mark before. The first
// write after it is told to who wants to know of the first of a batch.
func (db *DB) Mark() error {
	if db.marked {
		if err := db.Release(markName); err != nil {
			return err
		}
		db.marked = false
	}
	db.unwritten = false
	if err := db.Savepoint(markName); err != nil {
		return err
	}
	db.marked, db.unwritten = true, db.onBegin != nil
	return nil
}

// Unwritten reports whether nothing was written since Mark.
func (db *DB) Unwritten() bool { return db.marked && db.unwritten }

// BackToMark undoes what was written since Mark.
func (db *DB) BackToMark() error {
	db.marked = false
	return db.RollbackTo(markName)
}

// Committable reports whether the batch can wait for others that share its commit:
// nothing that statements have left behind makes that fail (a foreign key still
// violated, a cursor of an INSERT ... RETURNING that was not read to its end), and
// no ROLLBACK of theirs can take it along.
func (db *DB) Committable() bool {
	if db.critical != nil || db.autonomous || db.wantsOwn() {
		return false
	}
	now, high := db.out, db.out+8
	if lib.Xsqlite3_db_status(db.tls, db.c, lib.SQLITE_DBSTATUS_DEFERRED_FKS, now, high, 0) != lib.SQLITE_OK || *(*int32)(ptr(now)) != 0 {
		return false
	}
	for range db.busyWrites() {
		return false
	}
	return true
}

// busyWrites are the statements that write and have not come to their end.
func (db *DB) busyWrites() iter.Seq[uintptr] {
	return func(yield func(uintptr) bool) {
		for s := lib.Xsqlite3_next_stmt(db.tls, db.c, 0); s != 0; s = lib.Xsqlite3_next_stmt(db.tls, db.c, s) {
			if lib.Xsqlite3_stmt_readonly(db.tls, s) == 0 && lib.Xsqlite3_stmt_busy(db.tls, s) != 0 && !yield(s) {
				return
			}
		}
	}
}

// Rollback undoes the writes since the last Commit. Cursors over tables that
// stay as they are can be read on.
func (db *DB) Rollback() error {
	if !db.begun {
		return nil
	}
	db.begun, db.marked, db.critical, db.autonomous = false, false, nil, false
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

// MayRollBack reports whether a statement can tell SQLite to undo the whole batch.
func MayRollBack(query string) bool { return contains(query, "ROLLBACK") }

// WantsOwnBatch reports whether a statement is not for a batch that holds writes of
// others: it may undo them, or is a PRAGMA about foreign keys, which has no effect
// when something was written, or one until the commit.
func WantsOwnBatch(query string) bool { return MayRollBack(query) || contains(query, "foreign_keys") }

// wantsOwn reports whether a statement of that kind is in the schema or was run.
func (db *DB) wantsOwn() bool {
	if !db.schemaRead {
		n, err := db.number("SELECT count(*) FROM sqlite_schema WHERE sql LIKE '%rollback%'")
		db.schemaRead, db.alone = err == nil, db.alone || err != nil || n != 0
	}
	return db.alone
}

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
