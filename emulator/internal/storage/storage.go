// Package storage is the storage API of a Durable Object, ctx.storage, on its SQLite database.
//
// What an event writes between two waits is one batch, which is durable before anything that
// the event sends after it leaves the object. A batch ends in [Storage.Commit].
//
// Source: https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/
package storage

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
	"github.com/seed-36a2c969/emu/emulator/internal/v8"
)

// Storage is an object's database as one instance uses it. The database is opened at the
// first use.
//
// Lock order: a storage's lock is taken before that of Handles, that of the scheduler of
// alarms, and, by [Turn.ID] and [Turn.Report], that of the object.
type Storage struct {
	ns   *Namespace
	id   [32]byte
	turn Turn

	mu      sync.Mutex // a reset, on another goroutine, closes db between two calls and not in one
	db      *store.DB  // nil before the first use, and while Handles has closed it
	closed  bool       // the instance is gone
	damaged bool       // which has been reported

	expired atomic.Pointer[driver.Error]
	running atomic.Pointer[store.DB] // db, for Interrupt
	used    atomic.Bool              // since Handles last looked
	place   *list.Element            // in Handles

	// These belong to the event that has the turn.
	depth      int    // of open transactions
	syncDepth  int    // of open transactions of transactionSync()
	afterReset func() // see keepAlarm
	alarm      alarmState
}

// Storage returns the storage of an instance of an object.
func (n *Namespace) Storage(id [32]byte, t Turn) *Storage { return &Storage{ns: n, id: id, turn: t} }

// use runs f for user code with the open database. Its error becomes the exception.
func (s *Storage) use(f func(db *store.DB) error) error {
	if err := s.usable(); err != nil {
		return err
	}
	return s.within(f)
}

// usable is the error of every use by user code.
func (s *Storage) usable() error {
	s.turn.Touched()
	if err := s.expired.Load(); err != nil {
		again := *err
		return &again
	}
	return nil
}

// within is use for the runtime itself.
func (s *Storage) within(f func(db *store.DB) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(); err != nil {
		return err
	}
	err := f(s.db)
	if err == nil {
		return nil
	}
	s.checkDamage(err)
	var internal *store.InternalError
	if errors.As(err, &internal) {
		return s.internalError(err)
	}
	return exception(err)
}

// open opens the database if it is not. s.mu is held.
func (s *Storage) open() error {
	if s.closed {
		return driver.ErrReset
	}
	s.used.Store(true)
	if s.db != nil {
		return nil
	}
	if err := s.ns.handles.open(s); isCritical(err) {
		return s.internalError(err)
	} else if err != nil {
		return err
	}
	s.db.OnBegin(s.turn.FirstWrite)
	s.running.Store(s.db)
	s.turn.Opened(s.db.Name)
	return nil
}

// exception is an error of the database as the exception it throws.
func exception(err error) error {
	var e *store.Error
	if errors.As(err, &e) {
		return driver.PlainError(e.Message)
	}
	if errors.Is(err, store.ErrClosed) {
		return driver.ErrReset
	}
	return err
}

// Expire makes every later use by user code fail with err: an event has exceeded its time.
func (s *Storage) Expire(err *driver.Error) { s.expired.Store(err) }

// Discard drops the batch and closes the database: the instance was reset.
func (s *Storage) Discard() {
	s.Interrupt()
	s.Close()
}

// Close closes the database. What was not committed is lost.
func (s *Storage) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.db != nil {
		s.ns.handles.remove(s)
		s.closeDB()
	}
}

// closeDB: s.mu is held.
func (s *Storage) closeDB() {
	s.running.Store(nil)
	if err := s.db.Close(); err != nil {
		s.turn.Report(err.Error())
	}
	s.db = nil
}

// closeIfIdle closes the database if it was not used since the last time and nothing would be
// lost. It reports whether it did.
func (s *Storage) closeIfIdle() bool {
	// A storage whose lock is taken is in use. To wait for it could be for ever: its holder
	// may wait for the lock of Handles, which the caller has.
	if s.used.Swap(false) || !s.mu.TryLock() {
		return false
	}
	defer s.mu.Unlock()
	if !s.db.Idle() {
		return false
	}
	s.closeDB()
	return true
}

// Interrupt ends a statement that is running. It takes no lock, as the statement runs under
// it.
func (s *Storage) Interrupt() {
	if db := s.running.Load(); db != nil {
		db.Interrupt()
	}
}

// Get returns the values of the keys that exist, by ascending key.
func (s *Storage) Get(keys []string) (entries []driver.Entry, err error) {
	err = s.use(func(db *store.DB) error {
		for _, k := range sortedUnique(keys) {
			data, ok, err := db.Get(k)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			v, err := v8.Decode(data)
			if err != nil {
				return err
			}
			entries = append(entries, driver.Entry{Key: k, Value: v})
		}
		return nil
	})
	return entries, err
}

// Put stores all of the entries or none.
func (s *Storage) Put(entries []driver.Entry) error {
	in := make([]store.Entry, len(entries))
	for i, e := range entries {
		if _, undefined := e.Value.(driver.Undefined); undefined || e.Value == nil {
			return driver.TypeError(msgPutUndefined)
		}
		data, err := v8.Encode(e.Value)
		if err != nil {
			return err
		}
		in[i] = store.Entry{Key: e.Key, Value: data}
	}
	return s.use(func(db *store.DB) error {
		if len(in) == 1 {
			return db.Put(in[0].Key, in[0].Value)
		}
		return db.PutMany(in)
	})
}

// Delete returns how many of the keys existed.
func (s *Storage) Delete(keys []string) (existed int, err error) {
	err = s.use(func(db *store.DB) (err error) {
		existed, err = db.DeleteMany(keys)
		return err
	})
	return existed, err
}

// List returns a snapshot.
func (s *Storage) List(o driver.ListOptions) (entries []driver.Entry, err error) {
	opts, err := listOptions(o)
	if err != nil {
		return nil, err
	}
	err = s.use(func(db *store.DB) error {
		return db.List(opts, func(key string, value []byte) error {
			v, err := v8.Decode(value) // which keeps nothing of it
			entries = append(entries, driver.Entry{Key: key, Value: v})
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// KV returns storage.kv, whose methods a class without SQL is refused.
func (s *Storage) KV() driver.KV { return kv{s} }

// SQL returns storage.sql, whose methods a class without SQL is refused.
func (s *Storage) SQL() driver.SQL { return sql{s} }

// Sync commits what was written so far.
func (s *Storage) Sync(ctx context.Context) error {
	holds, err := s.turn.Holds(ctx)
	if err != nil {
		return err
	}
	s.turn.Touched()
	if !holds {
		return driver.ErrNoEvent
	}
	if err := s.Waitable(); err != nil {
		return err
	}
	return s.flush()
}

// flush is the turn's Flush. The error says that the instance did not survive it.
func (s *Storage) flush() error {
	s.turn.Flush()
	if s.turn.Gone() {
		return driver.ErrReset
	}
	return nil
}

// DeleteAll empties the database, at once and for good.
func (s *Storage) DeleteAll(context.Context) error {
	if s.inTransaction() {
		return driver.PlainError(msgDeleteAllInTransaction)
	}
	ns, set, err := s.alarmTime()
	if err != nil {
		return err
	}
	return s.use(func(db *store.DB) error {
		if err := db.DeleteAll(); err != nil {
			return err
		}
		if !set {
			return nil
		}
		if s.ns.host.Flags.DeleteAllDeletesAlarm {
			s.ns.alarms.Delete(s.turn.ID())
			return nil
		}
		s.alarm.changed = s.alarm.changed || !s.ns.alarms.Has(s.turn.ID(), ns, true)
		return db.SetAlarm(ns)
	})
}

// CurrentBookmark counts up, as workerd's does, and like it commits what was written so far,
// except in transactionSync.
func (s *Storage) CurrentBookmark() (b string, err error) {
	err = s.use(func(db *store.DB) (err error) {
		b, err = db.Bookmark()
		return err
	})
	if err == nil {
		err = s.flush()
	}
	if err != nil {
		return "", err
	}
	return b, nil
}

// BookmarkForTime is refused.
func (s *Storage) BookmarkForTime(ms float64) (string, error) {
	if ms >= maxAlarm {
		return "", driver.TypeError(msgAlarmFar)
	}
	return "", driver.PlainError(msgNoPITR)
}

// OnNextSessionRestoreBookmark is refused.
func (s *Storage) OnNextSessionRestoreBookmark(string) (string, error) {
	return "", driver.PlainError(msgNoPITR)
}
