package emulator

// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#transaction

import (
	"context"
	"fmt"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

// TransactionSync runs f in a savepoint of the batch.
func (s *storage) TransactionSync(f func() error, at driver.Place) error {
	s.syncDepth++
	defer func() { s.syncDepth-- }()
	t := &transaction{s: s, sync: true, name: fmt.Sprintf("_cf_sync_savepoint_%d", s.depth)}
	return t.run(at, f)
}

// Transaction commits what was written before, runs f with other events kept
// out, and commits what f wrote. As in workerd, what is sent meanwhile leaves
// whatever becomes of the transaction.
func (s *storage) Transaction(ctx context.Context, f func(ctx context.Context, rollback func() error) error, at driver.Place) error {
	s.in.touched()
	e, err := s.in.eventIn(ctx)
	if err != nil {
		return err
	}
	if e.depth >= maxBlockDepth {
		return driver.PlainError(msgBlockNested)
	}
	return s.in.block(e, func() error {
		t := &transaction{s: s, name: fmt.Sprintf("_cf_savepoint_%d", s.depth)}
		err := t.run(at, func() error { return f(ctx, t.rollback) })
		if critical := s.critical(); critical != nil {
			t.lost = critical
		}
		if t.lost != nil { // as workerd does at any depth
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
		if err != nil || s.held() {
			return err
		}
		return s.end()
	})
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

// transaction is a savepoint.
type transaction struct {
	s         *storage
	name      string
	sync      bool
	depth     int // with it
	committed bool
	undone    bool
	lost      error // why SQLite could not end it

	alarmRuns, alarmWrites bool // before it
}

// run runs f: what it wrote is kept if it succeeds, undone if it returns an error,
// panics or ends its goroutine.
func (t *transaction) run(at driver.Place, f func() error) (err error) {
	s := t.s
	p := &pin{kind: driver.PinTransaction, at: at}
	s.in.pin(p)
	defer s.in.unpin(p)
	if err := s.use(func(db *store.DB) error { return db.Savepoint(t.name) }); err != nil {
		return err
	}
	s.depth++
	t.depth, t.alarmRuns, t.alarmWrites = s.depth, s.alarmRuns, s.alarmWrites
	kept := false
	defer func() {
		if !kept {
			if t.rollback(); t.lost != nil {
				err = t.lost
			}
		}
		s.depth--
	}()
	if err := f(); err != nil {
		return err
	}
	if t.undone {
		kept = true
		return nil
	}
	err = t.end((*store.DB).Release)
	kept, t.committed = err == nil, err == nil
	return err
}

// rollback undoes what was written; what is written after it is not undone.
func (t *transaction) rollback() error {
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
