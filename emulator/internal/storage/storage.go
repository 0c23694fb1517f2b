// Package storage is ctx.storage, the storage API of a Durable Object, on its SQLite database.
//
// What an event writes between two waits is one batch. [Storage.Commit] ends the batch, before
// anything that the event has sent after the first write leaves the object.
//
// A put goes down through [Storage.Put], [store.DB.Put] and sqlite.Conn.Exec. On the way,
// Storage.use locks and opens the database, and DB.ensure begins the batch.
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

// Storage is an object's database as one instance uses it. The first use opens the database.
//
// Lock order: a storage's lock is taken before that of Handles, that of the scheduler of
// alarms, and, by [Turn.ID] and [Turn.Report], that of the object.
type Storage struct {
	ns   *Namespace
	id   [32]byte
	turn Turn

	mu      sync.Mutex // held for each call, since a reset on another goroutine may close db
	db      *store.DB  // nil before the first use, and while Handles has closed it
	closed  bool       // the instance is gone
	damaged bool       // that the file is damaged has been reported

	expired atomic.Pointer[driver.Error] // set by Expire
	running atomic.Pointer[store.DB]     // is db; Interrupt reads it without the lock
	used    atomic.Bool                  // db was used since the last closeIfIdle
	place   *list.Element                // in Handles.list

	// Only the event that has the turn uses these.
	depth      int    // how many transactions are open
	syncDepth  int    // how many of them are of transactionSync()
	afterReset func() // set by keepAlarm
	alarm      alarmState
}

// Storage returns the storage of an instance of an object.
func (n *Namespace) Storage(id [32]byte, t Turn) *Storage { return &Storage{ns: n, id: id, turn: t} }

// use runs f with the open database for user code. An error of f becomes the exception that user code
// sees.
func (s *Storage) use(f func(db *store.DB) error) error {
	if err := s.usable(); err != nil {
		return err
	}
	return s.within(f)
}

// usable returns the error that user code gets from every call after Expire.
func (s *Storage) usable() error {
	s.turn.Touched()
	if err := s.expired.Load(); err != nil {
		again := *err
		return &again
	}
	return nil
}

// within is use for the runtime itself, also after Expire.
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

// open opens the database unless it is open. s.mu is held.
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

// exception turns an error of the database into the one that user code sees.
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

// Expire makes every later call of user code fail with err, because an event has exceeded its time.
func (s *Storage) Expire(err *driver.Error) { s.expired.Store(err) }

// Discard closes the database and loses the batch, because the instance was reset.
func (s *Storage) Discard() {
	s.Interrupt()
	s.Close()
}

// Close closes the database. Writes that are not committed are lost.
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

// closeIfIdle closes the database if nothing would be lost and it was not used since the last call of
// closeIfIdle. It reports whether it has closed it.
func (s *Storage) closeIfIdle() bool {
	// TryLock, since Lock could deadlock: the holder of s.mu may wait for the lock of Handles,
	// which the caller has. A storage whose lock is taken is in use anyway.
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

// Interrupt ends the statement that runs. It takes no lock, because that statement holds s.mu.
func (s *Storage) Interrupt() {
	if db := s.running.Load(); db != nil {
		db.Interrupt()
	}
}

// Get returns the entries of the keys that exist, in the order of their keys.
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

// List returns a copy of the chosen entries.
func (s *Storage) List(o driver.ListOptions) (entries []driver.Entry, err error) {
	opts, err := listOptions(o)
	if err != nil {
		return nil, err
	}
	err = s.use(func(db *store.DB) error {
		return db.List(opts, func(key string, value []byte) error {
			v, err := v8.Decode(value) // copies what it needs of value
			entries = append(entries, driver.Entry{Key: key, Value: v})
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// KV returns storage.kv. In a class without SQL its methods fail.
func (s *Storage) KV() driver.KV { return kv{s} }

// SQL returns storage.sql. In a class without SQL its methods fail.
func (s *Storage) SQL() driver.SQL { return sql{s} }

// Sync commits the batch.
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

// flush calls the turn's Flush. It returns ErrReset if that has reset the instance.
func (s *Storage) flush() error {
	s.turn.Flush()
	if s.turn.Gone() {
		return driver.ErrReset
	}
	return nil
}

// DeleteAll empties the database. A later failure of the batch does not bring the data back.
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

// CurrentBookmark returns a counter, as workerd does. Like workerd it commits the batch, except in
// transactionSync.
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

// BookmarkForTime always fails.
func (s *Storage) BookmarkForTime(ms float64) (string, error) {
	if ms >= maxAlarm {
		return "", driver.TypeError(msgAlarmFar)
	}
	return "", driver.PlainError(msgNoPITR)
}

// OnNextSessionRestoreBookmark always fails.
func (s *Storage) OnNextSessionRestoreBookmark(string) (string, error) {
	return "", driver.PlainError(msgNoPITR)
}
