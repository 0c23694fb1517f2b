package emulator

// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#transaction

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

// transaction is a savepoint.
type transaction struct {
	s         *storage
	name      string
	sync      bool
	hold      pin
	unblock   func() // of transaction()
	depth     int    // with it
	committed bool
	undone    bool
	lost      error // why SQLite could not end it

	alarmRuns, alarmWrites bool // before it
}

// errUnwound is what a transaction has failed with whose function did not return.
var errUnwound = errors.New("the function has panicked or ended its goroutine")

// TransactionSync runs f in a savepoint of the batch.
func (s *storage) TransactionSync(f func() error, at driver.Place) (err error) {
	s.syncDepth++
	defer func() { s.syncDepth-- }()
	t := &transaction{s: s, sync: true, name: fmt.Sprintf("_cf_sync_savepoint_%d", s.depth)}
	if err := t.open(at); err != nil {
		return err
	}
	failed := errUnwound
	defer func() { err = t.close(failed) }()
	failed = f()
	return nil
}

// BeginTransaction commits what was written before, and keeps other events out until the
// transaction ends. As in workerd, what is sent meanwhile leaves whatever becomes of it.
func (s *storage) BeginTransaction(ctx context.Context, at driver.Place) (driver.Transaction, error) {
	s.in.touched()
	e, err := s.in.eventIn(ctx)
	if err != nil {
		return nil, err
	}
	if e.depth >= maxBlockDepth {
		return nil, driver.PlainError(msgBlockNested)
	}
	unblock, err := s.in.block(e)
	if err != nil {
		return nil, err
	}
	t := &transaction{s: s, name: fmt.Sprintf("_cf_savepoint_%d", s.depth), unblock: unblock}
	if err := t.open(at); err != nil {
		defer unblock()
		return nil, t.given(err)
	}
	return t, nil
}

// End keeps what was written, unless the transaction has failed, and commits it if it is
// the outermost transaction.
func (t *transaction) End(failed error) error {
	defer t.unblock()
	err := t.given(t.close(failed))
	if err != nil || t.s.held() {
		return err
	}
	return t.s.end()
}

// given is the error of a transaction of which SQLite has given up all: as in workerd the
// object is reset then, at any depth.
func (t *transaction) given(err error) error {
	s := t.s
	if critical := s.critical(); critical != nil {
		t.lost = critical
	}
	if t.lost == nil {
		return err
	}
	s.within(func(db *store.DB) error {
		err := db.Rollback() // what is left of it goes with the reset
		if err == nil {
			s.keepAlarm()
		}
		return err
	})
	s.in.o.reset(s.in, driver.Exception(storageError(t.lost)))
	s.wasReset()
	return driver.ErrReset
}

// end commits the outermost transaction. If it cannot be, the object is reset.
func (s *storage) end() error {
	s.in.leave()
	s.mu.Lock()
	err := s.commitBatch()
	s.mu.Unlock()
	if err != nil {
		s.in.o.reset(s.in, s.internalError(err))
		s.wasReset()
	}
	if s.in.dead.Load() {
		return driver.ErrReset
	}
	return nil
}

// open begins the savepoint.
func (t *transaction) open(at driver.Place) error {
	s := t.s
	if err := s.use(func(db *store.DB) error { return db.Savepoint(t.name) }); err != nil {
		return err
	}
	t.hold = pin{kind: driver.PinTransaction, at: at}
	s.in.pin(&t.hold)
	s.depth++
	t.depth, t.alarmRuns, t.alarmWrites = s.depth, s.alarmRuns, s.alarmWrites
	return nil
}

// close ends the savepoint: what was written in it is undone if it has failed.
func (t *transaction) close(failed error) (err error) {
	err = failed
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
	t.s.in.unpin(&t.hold)
	return err
}

// Rollback undoes what was written; what is written after it is not undone.
func (t *transaction) Rollback() error {
	switch {
	case t.undone:
		return nil
	case t.committed:
		return driver.PlainError(msgRollbackCommitted)
	case t.s.depth > t.depth:
		return driver.PlainError(msgRollbackOuter)
	}
	t.undone, t.s.alarmWrites = true, t.alarmWrites
	if t.alarmRuns && !t.s.alarmRuns {
		// As in workerd, only transaction() undoes that the handler has set an alarm.
		t.s.alarmRuns, t.s.alarmLeft = !t.sync, t.sync
	}
	return t.end((*store.DB).RollbackTo)
}

// end ends the savepoint. A failure, of which no more is told, is SQLite's: it was
// rolled back before, or a statement that writes is under way.
func (t *transaction) end(how func(*store.DB, string) error) error {
	err := t.s.within(func(db *store.DB) error { return how(db, t.name) })
	if err != nil && t.lost == nil {
		t.lost = err
	}
	return err
}
