package store

// list() of the key-value table
// (https://developers.cloudflare.com/durable-objects/api/legacy-kv-storage-api/#list).

import "github.com/seed-36a2c969/emu/emulator/internal/sqlite"

// ListOptions choose the entries of a list, in the order of their keys' bytes.
type ListOptions struct {
	Start      string  // the first key, included
	StartAfter *string // the key before the first; Start counts only if it is nil
	End        *string // the key after the last; nil is no end
	Prefix     string  // what keys begin with
	Reverse    bool    // from the last to the first
	Limit      int     // the largest number of entries; 0 is no limit
}

// bounds returns the range of keys, from start to before end. If all is set it has no end.
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

// successor returns the first string that sorts behind all strings with the prefix, if there is one.
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

// Iterator is a cursor over the entries of a list.
type Iterator struct {
	db         *DB
	stmt       *sqlite.Stmt // nil when done
	generation int
	fresh      bool // stmt stands at the first row, and next has not been called
	err        error
}

func (it *Iterator) open(o ListOptions) error {
	db := it.db
	if !db.conn.Connected() {
		return ErrClosed
	}
	sql, args := o.query()
	s := db.lists.Take(sql)
	if s == nil {
		var err error
		if s, err = db.conn.Prepare(sql, true); err != nil {
			return err
		}
		db.lists.Lend(s)
	}
	it.stmt = s
	if err := s.Bind(args); err != nil {
		return err
	}
	it.fresh = true
	return it.step()
}

func (it *Iterator) step() error {
	row, err := it.stmt.Step()
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
	return Entry{Key: it.stmt.Text(0), Value: it.stmt.Blob(1)}, true, nil
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
		it.db.lists.Return(s)
	}
}
