package emulator

// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#transaction

import (
	"context"
	"fmt"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

// TransactionSync runs f in a savepoint.
func (s *storage) TransactionSync(f func() error, at driver.Place) error {
	name := fmt.Sprintf("_cf_sync_savepoint_%d", s.depth)
	return s.transact(name, at, f)
}

// Transaction commits what was written before, and runs f in a savepoint with
// other events kept out.
func (s *storage) Transaction(ctx context.Context, f func(ctx context.Context, rollback func() error) error, at driver.Place) error {
	e, err := s.in.eventIn(ctx)
	if err != nil {
		return err
	}
	if !s.held() {
		s.in.flush()
	}
	name := fmt.Sprintf("_cf_savepoint_%d", s.depth)
	return s.in.block(e, func() error {
		return s.transact(name, at, func() error {
			return f(ctx, func() error { return s.use(func(db *store.DB) error { return s.undo(db, name) }) })
		})
	})
}

// transact runs f in a savepoint: kept if f succeeds, undone if it returns an
// error, panics or ends its goroutine.
func (s *storage) transact(name string, at driver.Place, f func() error) (err error) {
	p := &pin{kind: driver.PinTransaction, at: at}
	s.in.pin(p)
	defer s.in.unpin(p)
	if err := s.use(func(db *store.DB) error { return db.Savepoint(name) }); err != nil {
		return err
	}
	s.depth++
	kept := false
	defer func() {
		s.depth--
		if !kept {
			s.use(func(db *store.DB) error { return s.undo(db, name) })
		}
	}()
	if err := f(); err != nil {
		return err
	}
	kept = true
	return s.use(func(db *store.DB) error { return db.Release(name) })
}

func (s *storage) undo(db *store.DB, name string) error { return db.RollbackTo(name) }
