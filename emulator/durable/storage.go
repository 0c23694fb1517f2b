package durable

// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/

import (
	"context"
	"iter"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Storage is the object's private storage. Writes without a wait between them are one
// atomic batch. A response, a WebSocket message or a call leaves the object only after
// the writes before it are durable.
type Storage struct{ s driver.Storage }

// StorageOf returns s as a [Storage]. It is for packages such as emutest, which use an
// object from outside. A class gets its storage from [State.Storage].
func StorageOf(s driver.Storage) *Storage { return &Storage{s} }

// SQL is ctx.storage.sql. For a class migrated with new_classes its methods return
// Cloudflare's error.
func (s *Storage) SQL() *SQL { return &SQL{s.s.SQL()} }

// KV is ctx.storage.kv, the synchronous key-value calls. For a class migrated with
// new_classes its methods return Cloudflare's error.
func (s *Storage) KV() *KV { return &KV{s.s.KV()} }

// Get is storage.get(key): it decodes key's value into v and reports whether there is one.
func (s *Storage) Get(ctx context.Context, key string, v any) (found bool, err error) {
	entries, err := s.s.Get([]string{key})
	if err != nil || len(entries) == 0 {
		return false, caught(err)
	}
	return true, decodeValue(entries[0].Value, v)
}

// GetMany is storage.get([keys]): it returns the keys that exist with their values, in
// the order of the keys' UTF-8 bytes.
func (s *Storage) GetMany(ctx context.Context, keys ...string) (iter.Seq2[string, Value], error) {
	entries, err := s.s.Get(keys)
	return all(entries), caught(err)
}

// Put is storage.put(key, value).
func (s *Storage) Put(ctx context.Context, key string, v any) error {
	x, err := valueOf(v)
	if err != nil {
		return err
	}
	return caught(s.s.Put([]driver.Entry{{Key: key, Value: x}}))
}

// PutMany is storage.put(entries): it stores all of them or, on an error, none. It skips
// values that are undefined.
func (s *Storage) PutMany(ctx context.Context, entries map[string]any) error {
	in := make([]driver.Entry, 0, len(entries))
	for k, v := range entries {
		x, err := valueOf(v)
		if err != nil {
			return err
		}
		if x == (driver.Undefined{}) {
			continue
		}
		in = append(in, driver.Entry{Key: k, Value: x})
	}
	return caught(s.s.Put(in))
}

// Delete is storage.delete(key).
func (s *Storage) Delete(ctx context.Context, key string) (existed bool, err error) {
	n, err := s.s.Delete([]string{key})
	return n > 0, caught(err)
}

// DeleteMany is storage.delete([keys]); it returns how many of them existed.
func (s *Storage) DeleteMany(ctx context.Context, keys ...string) (existed int, err error) {
	n, err := s.s.Delete(keys)
	return n, caught(err)
}

// List is storage.list(options): it returns a copy of the chosen entries, in the order of
// the keys' UTF-8 bytes.
func (s *Storage) List(ctx context.Context, o ListOptions) (iter.Seq2[string, Value], error) {
	entries, err := s.s.List(o.driver())
	return all(entries), caught(err)
}

func all(entries []driver.Entry) iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for _, e := range entries {
			if !yield(e.Key, Value{e.Value}) {
				return
			}
		}
	}
}

// TransactionSync is storage.transactionSync(f): it undoes f's writes if f returns an
// error or panics. Transactions nest. f cannot wait: a call that waits returns an error.
func (s *Storage) TransactionSync(f func() error) error {
	return caught(s.s.TransactionSync(func() error { return thrown(f()) }, caller()))
}

// Transaction is storage.transaction(f), for an f that waits. It commits earlier writes,
// runs f, and commits f's writes or, if f returns an error, undoes them. Until then no
// other event of the object starts. As on Cloudflare, messages that f sends do not
// wait for that commit. If f takes more than 30 seconds the object is reset.
func (s *Storage) Transaction(ctx context.Context, f func(ctx context.Context) error) (err error) {
	t, err := s.s.BeginTransaction(ctx, caller())
	if err != nil {
		return caught(err)
	}
	failed := errUnwound
	defer func() { err = caught(t.End(failed)) }()
	failed = thrown(f(ctx))
	return nil
}

// Sync is storage.sync(): it waits until all writes are durable. In
// [Storage.TransactionSync] it returns an error.
func (s *Storage) Sync(ctx context.Context) error { return caught(s.s.Sync(ctx)) }

// DeleteAll is storage.deleteAll(): it removes all data and, from compatibility date
// 2026-02-24 on, the alarm.
func (s *Storage) DeleteAll(ctx context.Context) error { return caught(s.s.DeleteAll(ctx)) }

// SetAlarm is storage.setAlarm(at): it sets the object's alarm in place of the one it has.
// The time is rounded down to milliseconds. A time in the past means now.
func (s *Storage) SetAlarm(ctx context.Context, at time.Time) error {
	return caught(s.s.SetAlarm(float64(at.UnixMilli())))
}

// Alarm is storage.getAlarm(). It returns the zero time if no alarm is set.
func (s *Storage) Alarm(ctx context.Context) (time.Time, error) {
	ms, ok, err := s.s.Alarm()
	if err != nil || !ok {
		return time.Time{}, caught(err)
	}
	return time.UnixMilli(int64(ms)), nil
}

// DeleteAlarm is storage.deleteAlarm().
func (s *Storage) DeleteAlarm(ctx context.Context) error { return caught(s.s.DeleteAlarm()) }

// CurrentBookmark is storage.getCurrentBookmark().
func (s *Storage) CurrentBookmark(ctx context.Context) (string, error) {
	b, err := s.s.CurrentBookmark()
	return b, caught(err)
}

// BookmarkForTime is storage.getBookmarkForTime(). Like workerd, the emulator has no
// point-in-time recovery, and returns Cloudflare's error.
func (s *Storage) BookmarkForTime(ctx context.Context, at time.Time) (string, error) {
	b, err := s.s.BookmarkForTime(float64(at.UnixMilli()))
	return b, caught(err)
}

// OnNextSessionRestoreBookmark returns Cloudflare's error, as [Storage.BookmarkForTime] does.
func (s *Storage) OnNextSessionRestoreBookmark(ctx context.Context, bookmark string) (string, error) {
	b, err := s.s.OnNextSessionRestoreBookmark(bookmark)
	return b, caught(err)
}

// ListOptions choose the entries of a list. An empty string is an option that is not
// given, and Limit 0 is no limit. The list includes the key Start, but neither StartAfter
// nor End. Reverse changes only the order: Start is the lowest key anyway.
type ListOptions struct {
	Start, StartAfter, End, Prefix string
	Reverse                        bool
	Limit                          int
}

func (o ListOptions) driver() driver.ListOptions {
	given := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	d := driver.ListOptions{Start: given(o.Start), StartAfter: given(o.StartAfter), End: given(o.End), Prefix: given(o.Prefix), Reverse: o.Reverse}
	if o.Limit != 0 {
		d.Limit = &o.Limit
	}
	return d
}

// KV is the synchronous key-value API. Values are converted as described at [Value], so
// that a class can read what its version in JavaScript has stored.
type KV struct{ kv driver.KV }

// Get is storage.kv.get(key): it decodes key's value into v and reports whether there is
// one.
func (k *KV) Get(key string, v any) (found bool, err error) {
	x, err := k.kv.Get(key)
	if err != nil || x == nil {
		return false, caught(err)
	}
	return true, decodeValue(x, v)
}

// Put is storage.kv.put(key, v). Unlike [Storage.Put] it can store undefined.
func (k *KV) Put(key string, v any) error {
	x, err := valueOf(v)
	if err != nil {
		return err
	}
	return caught(k.kv.Put(key, x))
}

// Delete is storage.kv.delete(key).
func (k *KV) Delete(key string) (existed bool, err error) {
	existed, err = k.kv.Delete(key)
	return existed, caught(err)
}

// List is storage.kv.list(options). The sequence reads the entries while it is iterated, and
// sees later writes ahead of it. A new List invalidates it: it then panics with
// Cloudflare's error.
func (k *KV) List(o ListOptions) (iter.Seq2[string, Value], error) {
	next, err := k.kv.List(o.driver())
	if err != nil {
		return nil, caught(err)
	}
	return func(yield func(string, Value) bool) {
		for {
			e, ok, err := next()
			if err != nil {
				panic(caught(err))
			}
			if !ok || !yield(e.Key, Value{e.Value}) {
				return
			}
		}
	}, nil
}
