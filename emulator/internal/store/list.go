package store

// list() of the key-value table
// (https://developers.cloudflare.com/durable-objects/api/legacy-kv-storage-api/#list).

import (
	lib "modernc.org/sqlite/lib"
)

// ListOptions choose the entries of a list, in the order of their keys' bytes.
type ListOptions struct {
	Start      string  // the first key, included
	StartAfter *string // the key before the first, if not nil; used in place of Start
	End        *string // the key after the last, if not nil
	Prefix     string  // what keys begin with
	Reverse    bool    // from the last to the first
	Limit      int     // at most so many; 0 is no limit
}

// bounds returns the half-open range of keys; all is true if it has no end.
func (o ListOptions) bounds() (start, end string, all bool) {
	start, all = o.Start, true
	if o.StartAfter != nil {
		start = *o.StartAfter + "\x00"
	}
	if o.End != nil {
		end, all = *o.End, false
	}
	if o.Prefix != "" {
		start = max(start, o.Prefix)
		if next, ok := successor(o.Prefix); ok && (all || next < end) {
			end, all = next, false
		}
	}
	return start, end, all
}

// successor is the first string behind all that begin with prefix, if any is.
func successor(prefix string) (string, bool) {
	b := []byte(prefix)
	for len(b) > 0 && b[len(b)-1] == 0xff {
		b = b[:len(b)-1]
	}
	if len(b) == 0 {
		return "", false
	}
	b[len(b)-1]++
	return string(b), true
}

func (o ListOptions) query() (sql string, args []any) {
	start, end, all := o.bounds()
	sql, args = "SELECT key, value FROM _cf_KV WHERE key >= ?", []any{start}
	if !all {
		sql, args = sql+" AND key < ?", append(args, end)
	}
	sql += " ORDER BY key"
	if o.Reverse {
		sql += " DESC"
	}
	if o.Limit > 0 {
		sql, args = sql+" LIMIT ?", append(args, int64(o.Limit))
	}
	return sql, args
}

// List calls f for the chosen entries, up to its first error. The value is f's only
// until it returns. It is an Iterate too.
func (db *DB) List(o ListOptions, f func(key string, value []byte) error) error {
	it := db.Iterate(o)
	defer it.Close()
	for {
		if ok, err := it.next(); err != nil || !ok {
			return err
		}
		if err := f(it.stmt.text(0), it.stmt.view(1)); err != nil {
			return err
		}
	}
}

// Iterate is List one entry at a time: it sees what is written ahead of it
// meanwhile. A database has one such iterator; the next Iterate invalidates it.
func (db *DB) Iterate(o ListOptions) *Iterator {
	if db.critical != nil {
		return &Iterator{db: db, err: db.critical}
	}
	if start, end, all := o.bounds(); !all && end <= start {
		return &Iterator{db: db} // there is nothing to ask the database for
	}
	if there, err := db.exists("_cf_KV", &db.tables.kv); err == nil && !there {
		return &Iterator{db: db}
	}
	if db.kvList != nil {
		db.kvList.fail(refusal(msgListInvalidated))
	}
	it := db.iterate(o)
	db.kvList = it
	return it
}

// Iterator is a list under way.
type Iterator struct {
	db         *DB
	stmt       *stmt // nil when done
	generation int
	fresh      bool // the first row was not handed out yet
	err        error
}

func (db *DB) iterate(o ListOptions) *Iterator {
	it := &Iterator{db: db, generation: db.generation}
	if err := it.open(o); err != nil {
		it.fail(err)
	}
	return it
}

func (it *Iterator) open(o ListOptions) error {
	db := it.db
	if db.c == 0 {
		return ErrClosed
	}
	var err error
	sql, args := o.query()
	s := db.lists.take(sql)
	if s == nil {
		text := db.cstring(sql)
		defer db.free(text)
		if s, _, err = db.prepare(text, sql, true, lib.SQLITE_PREPARE_PERSISTENT); err != nil {
			return err
		}
	}
	it.stmt = s
	db.checkOut(s)
	if err := s.bind(args); err != nil {
		return err
	}
	it.fresh = true
	return it.step()
}

func (it *Iterator) step() error {
	row, err := it.stmt.step()
	if err == nil && !row {
		it.Close()
	}
	return internal(err)
}

func (it *Iterator) fail(err error) {
	it.Close()
	it.err = err
}

// Next returns the next entry; ok is false at the end.
func (it *Iterator) Next() (e Entry, ok bool, err error) {
	if ok, err := it.next(); err != nil || !ok {
		return Entry{}, false, err
	}
	return Entry{Key: it.stmt.text(0), Value: it.stmt.blob(1)}, true, nil
}

// next goes to the next row.
func (it *Iterator) next() (ok bool, err error) {
	if it.err == nil && it.stmt != nil && it.generation != it.db.generation {
		it.err = internal(it.db.goneError())
		it.stmt = nil
	}
	if it.err != nil || it.stmt == nil {
		return false, it.err
	}
	if !it.fresh {
		if err := it.step(); err != nil {
			it.fail(err)
			return false, err
		}
	}
	it.fresh = false
	return it.stmt != nil, nil
}

// Close ends the iterator; reading to the end does so too.
func (it *Iterator) Close() {
	s := it.stmt
	it.stmt = nil
	if s != nil && it.generation == it.db.generation {
		it.db.checkIn(s, &it.db.lists)
	}
}
