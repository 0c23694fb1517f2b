package store

// The key-value table, as workerd's SqliteKv keeps it
// (https://github.com/cloudflare/workerd/blob/main/src/workerd/util/sqlite-kv.c++).

import lib "modernc.org/sqlite/lib"

// tables caches which of our own tables exist; false is not known yet. A
// rollback may undo their making.
type tables struct{ kv, metadata bool }

// The texts are workerd's to the space, since sqlite_schema shows them.
const (
	createKV       = "CREATE TABLE IF NOT EXISTS _cf_KV (\n        key TEXT PRIMARY KEY,\n        value BLOB\n      ) WITHOUT ROWID"
	createMetadata = "CREATE TABLE IF NOT EXISTS _cf_METADATA (\n        key INTEGER PRIMARY KEY,\n        value BLOB\n      )"
)

const (
	sqlGet    = "SELECT value FROM _cf_KV WHERE key = ?"
	sqlPut    = "INSERT INTO _cf_KV VALUES(?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
	sqlDelete = "DELETE FROM _cf_KV WHERE key = ?"
)

// exists reports whether one of our tables is there.
func (db *DB) exists(name string, known *bool) (bool, error) {
	if db.c == 0 {
		return false, ErrClosed
	}
	if db.critical != nil {
		return false, db.critical
	}
	if *known {
		return true, nil
	}
	n, err := db.number("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?", name)
	*known = err == nil && n != 0
	return *known, err
}

// ensure makes one of our tables, in the implicit transaction.
func (db *DB) ensure(create string, known *bool) error {
	if err := db.begin(); err != nil || *known {
		return err
	}
	if err := db.exec(create); err != nil {
		return err
	}
	*known = true
	return nil
}

// Entry is a key and its value.
type Entry struct {
	Key   string
	Value []byte
}

// Get returns the value of a key; ok is false if there is none.
func (db *DB) Get(key string) (value []byte, ok bool, err error) {
	if there, err := db.exists("_cf_KV", &db.tables.kv); err != nil || !there {
		return nil, false, err
	}
	s, err := db.own(sqlGet)
	if err != nil {
		return nil, false, err
	}
	defer s.reset()
	if err := s.bind([]any{key}); err != nil {
		return nil, false, err
	}
	if ok, err = s.step(); err != nil || !ok {
		return nil, false, err
	}
	return s.blob(0), true, nil
}

// Put sets the value of a key.
func (db *DB) Put(key string, value []byte) error {
	if err := db.ensure(createKV, &db.tables.kv); err != nil {
		return err
	}
	return db.exec(sqlPut, key, value)
}

// PutMany sets all values or, on an error, none.
func (db *DB) PutMany(entries []Entry) error {
	if err := db.ensure(createKV, &db.tables.kv); err != nil || len(entries) == 0 {
		return err
	}
	const savepoint = "_cf_put_multiple_savepoint"
	if err := db.Savepoint(savepoint); err != nil {
		return err
	}
	for _, e := range entries {
		if err := db.Put(e.Key, e.Value); err != nil {
			if rerr := db.RollbackTo(savepoint); rerr != nil {
				return rerr
			}
			return err
		}
	}
	return db.Release(savepoint)
}

// Delete removes a key and reports whether it was there.
func (db *DB) Delete(key string) (existed bool, err error) {
	n, err := db.DeleteMany([]string{key})
	return n != 0, err
}

// DeleteMany removes keys and returns how many of them were there.
func (db *DB) DeleteMany(keys []string) (existed int, err error) {
	if len(keys) == 0 {
		return 0, nil
	}
	if err := db.ensure(createKV, &db.tables.kv); err != nil {
		return 0, err
	}
	for _, k := range keys {
		if err := db.exec(sqlDelete, k); err != nil {
			return existed, err
		}
		existed += int(lib.Xsqlite3_changes64(db.tls, db.c))
	}
	return existed, nil
}
