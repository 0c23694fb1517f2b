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
	return s.in.block(e, func() error {
		t := &transaction{s: s, name: fmt.Sprintf("_cf_savepoint_%d", s.depth)}
		err := t.run(at, func() error { return f(ctx, t.rollback) })
		if !t.lost && (err != nil || s.held()) {
			return err
		}
		return s.end()
	})
}

// end commits the outermost transaction. If it cannot be, the object is reset.
func (s *storage) end() error {
	s.in.leave()
	s.mu.Lock()
	_, err := s.commitBatch()
	s.mu.Unlock()
	if err != nil {
		s.in.o.reset(s.in, s.internalError(err))
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
	lost      bool // the savepoint is: SQLite has rolled everything back

	alarmRuns, alarmWrites bool // before it
}

// run runs f: what it wrote is kept if it succeeds, undone if it returns an error,
// panics or ends its goroutine.
func (t *transaction) run(at driver.Place, f func() error) error {
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
			t.rollback()
		}
		s.depth--
	}()
	if err := f(); err != nil {
		return err
	}
	kept = true
	if t.undone {
		return nil
	}
	t.committed = true
	return t.use(func(db *store.DB) error { return db.Release(t.name) })
}

// rollback undoes what was written; what is written after it is not undone.
func (t *transaction) rollback() error {
	switch {
	case t.undone:
		return nil
	case t.committed:
		return plainError(msgRollbackCommitted)
	case t.s.depth > t.depth:
		return plainError(msgRollbackOuter)
	}
	t.undone, t.s.alarmWrites = true, t.alarmWrites
	if t.alarmRuns && !t.s.alarmRuns {
		// As in workerd, only transaction() undoes that the handler has set an alarm.
		t.s.alarmRuns, t.s.alarmLeft = !t.sync, t.sync
	}
	return t.use(func(db *store.DB) error { return db.RollbackTo(t.name) })
}

// use ends the savepoint, which may be lost.
func (t *transaction) use(f func(db *store.DB) error) error {
	return t.s.use(func(db *store.DB) error {
		err := f(db)
		t.lost = err != nil
		return err
	})
}
