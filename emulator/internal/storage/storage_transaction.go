package storage

// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#transaction

import (
	"context"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// TransactionSync runs f in a savepoint of the batch.
func (s *Storage) TransactionSync(f func() error, at driver.Place) (err error) {
	s.syncDepth++
	defer func() { s.syncDepth-- }()
	t := &transaction{s: s, sync: true}
	if err := t.begin(at); err != nil {
		return err
	}
	failed := errUnwound
	defer func() { err = t.close(failed) }() // deferred, since f may panic or end its goroutine
	failed = f()
	return nil
}

// Waitable returns an error while TransactionSync runs. As in JavaScript, its function cannot wait.
func (s *Storage) Waitable() error {
	if s.syncDepth > 0 {
		return errSyncWaits
	}
	return nil
}

// BeginTransaction commits the batch, and keeps other events out until the transaction ends. As in
// workerd, what the event sends meanwhile leaves the object even if the transaction fails.
func (s *Storage) BeginTransaction(ctx context.Context, at driver.Place) (driver.Transaction, error) {
	s.turn.Touched()
	unblock, err := s.turn.Block(ctx)
	if err != nil {
		return nil, err
	}
	t := &transaction{s: s, unblock: unblock}
	if err := t.begin(at); err != nil {
		defer unblock()
		return nil, t.survive(err)
	}
	return t, nil
}

// inTransaction reports whether a transaction is open, so that nothing can be committed yet.
func (s *Storage) inTransaction() bool { return s.depth > 0 }

// commitTransaction commits the outermost transaction. If that fails it resets the object.
func (s *Storage) commitTransaction() error {
	s.turn.Leave()
	s.mu.Lock()
	err := s.commit()
	s.mu.Unlock()
	if err != nil {
		s.turn.Reset(s.internalError(err))
		s.AfterReset()
	}
	if s.turn.Gone() {
		return driver.ErrReset
	}
	return nil
}
