package storage

// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#synchronous-kv-api

import (
	"math"
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
	"github.com/seed-36a2c969/emu/emulator/internal/v8"
)

type kv struct{ s *Storage }

// use is Storage.use for a class that has storage.kv; other classes get Cloudflare's error.
func (k kv) use(f func(db *store.DB) error) error {
	if !k.s.ns.sql {
		return driver.PlainError(msgNoKV)
	}
	return k.s.use(f)
}

func (k kv) Get(key string) (v driver.Value, err error) {
	err = k.use(func(db *store.DB) error {
		data, ok, err := db.Get(key)
		if err == nil && ok {
			v, err = v8.Decode(data)
		}
		return err
	})
	return v, err
}

func (k kv) Put(key string, v driver.Value) error {
	return k.use(func(db *store.DB) error {
		data, err := v8.Encode(v)
		if err != nil {
			return err
		}
		return db.Put(key, data)
	})
}

func (k kv) Delete(key string) (existed bool, err error) {
	err = k.use(func(db *store.DB) (err error) {
		existed, err = db.Delete(key)
		return err
	})
	return existed, err
}

func (k kv) List(o driver.ListOptions) (next func() (driver.Entry, bool, error), err error) {
	// workerd first refuses a limit that has more than 32 bits, then a class without SQL, and
	// then options that contradict each other.
	if err := listRange(o); err != nil {
		return nil, err
	}
	if !k.s.ns.sql {
		return nil, driver.PlainError(msgNoKV)
	}
	opts, err := listOptions(o)
	if err != nil {
		return nil, err
	}
	var it *store.Iterator
	if err := k.use(func(db *store.DB) error { it = db.Iterate(opts); return db.Critical() }); err != nil {
		return nil, err
	}
	return func() (e driver.Entry, ok bool, err error) {
		err = k.use(func(*store.DB) error {
			entry, more, err := it.Next()
			if err != nil || !more {
				return err
			}
			ok, e.Key = true, entry.Key
			e.Value, err = v8.Decode(entry.Value)
			return err
		})
		if err != nil {
			err = driver.Exception(err)
		}
		return e, ok && err == nil, err
	}, nil
}

func listOptions(o driver.ListOptions) (l store.ListOptions, err error) {
	if err := listRange(o); err != nil {
		return l, err
	}
	if o.Start != nil && o.StartAfter != nil {
		return l, driver.TypeError(msgListBothStarts)
	}
	if o.Limit != nil {
		if *o.Limit <= 0 {
			return l, driver.TypeError(msgListLimit)
		}
		l.Limit = *o.Limit
	}
	if o.Start != nil {
		l.Start = *o.Start
	}
	if o.Prefix != nil {
		l.Prefix = *o.Prefix
	}
	l.StartAfter, l.End, l.Reverse = o.StartAfter, o.End, o.Reverse
	return l, nil
}

// listRange refuses a limit that has more than 32 bits.
func listRange(o driver.ListOptions) error {
	if o.Limit != nil && (*o.Limit < math.MinInt32 || *o.Limit > math.MaxInt32) {
		return driver.TypeError(msgListRange)
	}
	return nil
}

// sortedUnique returns the keys in the order of their bytes, each once.
func sortedUnique(keys []string) []string {
	if len(keys) < 2 {
		return keys
	}
	keys = slices.Clone(keys)
	slices.Sort(keys)
	return slices.Compact(keys)
}
