package storage

import (
	"errors"
	"strconv"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

// transaction is a savepoint of the batch. Savepoints nest.
type transaction struct {
	s         *Storage
	name      string
	sync      bool
	depth     int // Storage.depth while it is the innermost
	pin       Pin
	unblock   func() // lets other events in; nil for transactionSync()
	committed bool
	undone    bool
	lost      error      // the error of SQLite when it could not end the savepoint
	alarm     alarmState // as it was at the beginning
}

// errUnwound is the failure of a transaction whose function did not return.
var errUnwound = errors.New("the function has panicked or ended its goroutine")

// begin begins the savepoint. Its name has the depth in it, so that the end of an inner savepoint does
// not end an outer one.
func (t *transaction) begin(at driver.Place) error {
	s := t.s
	prefix := "_cf_savepoint_"
	if t.sync {
		prefix = "_cf_sync_savepoint_"
	}
	t.name = prefix + strconv.Itoa(s.depth)
	if err := s.use(func(db *store.DB) error { return db.Savepoint(t.name) }); err != nil {
		return err
	}
	t.pin = s.turn.Pin(driver.PinTransaction, at)
	s.depth++
	t.depth, t.alarm = s.depth, s.alarm
	return nil
}

// close ends the savepoint. It undoes the writes if the transaction has failed.
func (t *transaction) close(failed error) error {
	err := failed
	if failed == nil && !t.undone {
		err = t.end((*store.DB).Release)
		t.committed = err == nil
	}
	if err != nil {
		if t.Rollback(); t.lost != nil {
			err = t.lost
		}
	}
	t.s.depth--
	t.pin.Unpin()
	return err
}

// Rollback undoes the writes. The transaction stays open, and keeps what is written after Rollback.
func (t *transaction) Rollback() error {
	switch {
	case t.undone:
		return nil
	case t.committed:
		return driver.PlainError(msgRollbackCommitted)
	case t.s.depth > t.depth:
		return driver.PlainError(msgRollbackOuter)
	}
	t.undone = true
	alarm := &t.s.alarm
	alarm.changed = t.alarm.changed
	if t.alarm.hidden && !alarm.hidden {
		// As in workerd, only transaction() undoes that the handler has set an alarm.
		alarm.hidden, alarm.ghost = !t.sync, t.sync
	}
	return t.end((*store.DB).RollbackTo)
}

// end ends the savepoint. It fails if SQLite has undone the batch before, or if a statement that writes
// is still open.
func (t *transaction) end(how func(*store.DB, string) error) error {
	err := t.s.within(func(db *store.DB) error { return how(db, t.name) })
	if err != nil && t.lost == nil {
		t.lost = err
	}
	return err
}

// End ends a transaction(). It keeps the writes if failed is nil, and commits them if this is the
// outermost transaction.
func (t *transaction) End(failed error) error {
	defer t.unblock()
	err := t.survive(t.close(failed))
	if err != nil || t.s.inTransaction() {
		return err
	}
	return t.s.commitTransaction()
}

// survive returns err, unless SQLite could not end the savepoint. Then, as in workerd, the whole batch
// is lost at any depth, and survive resets the object.
func (t *transaction) survive(err error) error {
	s := t.s
	if critical := s.Critical(); critical != nil {
		t.lost = critical
	}
	if t.lost == nil {
		return err
	}
	s.within(func(db *store.DB) error {
		err := db.Rollback() // if it fails, closing the database undoes the batch
		if err == nil {
			s.keepAlarm()
		}
		return err
	})
	s.turn.Reset(driver.Exception(exception(t.lost)))
	s.AfterReset()
	return driver.ErrReset
}
