package store

// storage.sql.exec()
// (https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/).

import "github.com/seed-36a2c969/emu/emulator/internal/sqlite"

// ExecTo runs the statements of query one after the other. args (nil, float64, int64, string or
// []byte) are the parameters of the last one, and r becomes the cursor over its rows. Each of the
// others runs up to its first row, which is dropped. If a statement fails, the writes of those
// before it stay.
//
// Statements run under workerd's policy: no transaction control, no tables whose names begin with
// _cf_, no other files, and only the functions and PRAGMAs that Cloudflare documents.
//
// After an error r must not be used.
func (db *DB) ExecTo(r *Rows, query string, args []any) error {
	if err := db.usable(); err != nil {
		return err
	}
	s := db.cache.Take(query)
	if s != nil && s.Stale() {
		db.cache.Forget(s)
		s = nil
	}
	*r = Rows{db: db, generation: db.generation}
	if s == nil {
		if n, known := db.cache.Expected(query); known && len(args) != n {
			return refusal(msgParameterCount) // workerd finds this before an error of compiling
		}
		var err error
		if s, err = db.prepareLast(query, r); err != nil {
			return err
		}
		db.cache.Lend(s)
	}
	r.stmt = s
	err := r.bind(args)
	if err == nil && !s.ReadOnly() {
		if err = db.begin(); err == nil && s.Stale() {
			err = r.renew(args)
		}
	}
	if err == nil {
		err = r.start()
	}
	if err != nil {
		changed := r.stmt.Stale() // a failed CREATE TABLE, say, which SQLite has undone
		r.Close()
		if changed {
			db.conn.ResetSchema()
		}
	}
	return err
}

// prepareLast runs all statements of query but the last, which it returns.
func (db *DB) prepareLast(query string, r *Rows) (last *sqlite.Stmt, err error) {
	text := db.conn.Text(query)
	defer text.Free()
	var sc *script // nil for a text with one statement
	known := false
	defer func() {
		if sc == nil || known {
			return
		}
		switch {
		case err != nil:
			sc.close()
		case !db.scripts.keep(sc):
			r.script = sc
			for _, s := range sc.open {
				db.cache.Lend(s)
			}
		}
	}()
	for at, i := 0, 0; ; i++ {
		if sc != nil {
			if err := sc.finish(i); err != nil {
				return nil, err
			}
		}
		s, next, err := text.Prepare(at)
		if err != nil {
			return nil, err
		}
		if s == nil {
			return nil, refusal(msgNoStatement)
		}
		if at = next; at >= len(query) {
			if i > 0 {
				sc.rows = r
			}
			return s, nil
		}
		if i == 0 {
			sc, known = db.scripts.use(query)
			if err := sc.finish(0); err != nil {
				s.Finalize()
				return nil, err
			}
		}
		row, err := db.runOnce(s)
		if row && !known {
			sc.open[i] = s
		} else {
			s.Finalize()
		}
		if err != nil {
			return nil, err
		}
	}
}

// runOnce runs a statement up to its first row.
func (db *DB) runOnce(s *sqlite.Stmt) (row bool, err error) {
	if s.Params() != 0 {
		return false, refusal(msgParametersEarly)
	}
	if !s.ReadOnly() {
		if err := db.begin(); err != nil {
			return false, err
		}
	}
	row, err = s.Step()
	if err != nil && s.Stale() {
		s.Reset()
		db.conn.ResetSchema()
	}
	return row, err
}
