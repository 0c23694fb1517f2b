package store

// storage.sql.exec() and its cursor
// (https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/).

import lib "modernc.org/sqlite/lib"

// Exec runs the statements of query one after the other. Every one but the
// last is run at once, without its rows; args, which are nil, float64, int64,
// string or []byte, fill the marks of the last one, and its rows are the
// result. The last one is run up to its first row; if it yields none it is
// complete. What earlier statements did stays if a later one fails.
//
// Statements run under the policy of workerd: no transaction control, no
// access to tables whose names begin with _cf_, no other files, and only the
// functions and PRAGMAs that Cloudflare documents.
func (db *DB) Exec(query string, args []any) (*Rows, error) {
	r := new(Rows)
	if err := db.ExecTo(r, query, args); err != nil {
		return nil, err
	}
	return r, nil
}

// ExecTo is Exec into a Rows of the caller's, which is not to be used after an error.
func (db *DB) ExecTo(r *Rows, query string, args []any) error {
	if err := db.usable(); err != nil {
		return err
	}
	s := db.cache.take(query)
	if s != nil && s.counts.stale(s) {
		db.cache.note(s)
		db.cache.drop(s)
		s = nil
	}
	*r = Rows{db: db, generation: db.generation}
	if s == nil {
		if n, ok := db.cache.expected[query]; ok && len(args) != n {
			return refusal(msgParameterCount) // before it is compiled again
		}
		var err error
		if s, err = db.prepareLast(query, r); err != nil {
			return err
		}
		delete(db.cache.expected, query)
	}
	db.checkOut(s)
	r.stmt = s
	err := s.bind(args)
	if err == nil && !s.readonly {
		if err = db.begin(); err == nil && s.counts.stale(s) {
			err = r.renew(args)
		}
	}
	if err == nil {
		err = r.start()
	}
	if err != nil {
		changed := r.stmt.counts.stale(r.stmt)
		r.Close()
		if changed {
			db.resetSchema()
		}
	}
	return err
}

// renew compiles the statement anew: another process has changed the schema, which
// shows when the batch begins. What a statement in front of it did is done.
func (r *Rows) renew(args []any) error {
	db, old := r.db, r.stmt
	text := db.cstring(old.sql)
	defer db.free(text)
	s, _, err := db.prepare(text, old.sql, false, lib.SQLITE_PREPARE_PERSISTENT)
	if err != nil {
		if s, _, err = db.prepareLimited(old.sql, err); err != nil {
			return err
		}
	}
	s.sql, s.once = old.sql, old.once
	if old.place != nil {
		s.busy, s.place = true, old.place
		s.place.Value = s
		db.cache.byText[s.sql] = s
	} else {
		delete(db.loose, old)
	}
	old.finalize()
	db.checkOut(s)
	r.stmt = s
	return s.bind(args)
}

func (db *DB) usable() error {
	if db.c == 0 {
		return ErrClosed
	}
	if db.interrupted.Load() {
		return newError("interrupted", lib.SQLITE_INTERRUPT, lib.SQLITE_INTERRUPT)
	}
	return nil
}

// prepareLast runs all statements of query but the last, which it returns.
func (db *DB) prepareLast(query string, r *Rows) (last *stmt, err error) {
	text := db.cstring(query)
	defer db.free(text)
	var front *front // of a text with more than one statement
	known := false
	defer func() {
		if front == nil || known {
			return
		}
		switch {
		case err != nil:
			front.close()
		case !db.fronts.keep(front):
			r.front = front
			for _, s := range front.open {
				db.checkOut(s)
			}
		}
	}()
	for at, i := 0, 0; ; i++ {
		if front != nil {
			if err := front.free(i); err != nil {
				return nil, err
			}
		}
		s, used, err := db.prepare(text+uintptr(at), query[at:], false, lib.SQLITE_PREPARE_PERSISTENT)
		if err != nil {
			if s, used, err = db.prepareLimited(query[at:], err); err != nil {
				return nil, err
			}
		}
		if s == nil {
			return nil, refusal(msgNoStatement)
		}
		at += used
		for at < len(query) && isSpace(query[at]) {
			at++
		}
		if at >= len(query) {
			if i == 0 {
				s.sql = query // with its trailing space, to be found again
			} else {
				front.rows, s.once = r, true
			}
			return s, nil
		}
		if i == 0 {
			front, known = db.fronts.use(query)
			if err := front.free(0); err != nil {
				s.finalize()
				return nil, err
			}
		}
		row, err := db.runOnce(s)
		if row && !known {
			front.open[i] = s
		} else {
			s.finalize()
		}
		if err != nil {
			return nil, err
		}
	}
}

// runOnce runs a statement up to its first row, which nobody wants.
func (db *DB) runOnce(s *stmt) (row bool, err error) {
	if s.params != 0 {
		return false, refusal(msgParametersEarly)
	}
	if !s.readonly {
		if err := db.begin(); err != nil {
			return false, err
		}
	}
	row, err = s.step()
	if err != nil && s.counts.stale(s) {
		lib.Xsqlite3_reset(db.tls, s.c)
		db.resetSchema()
	}
	return row, err
}

// resetSchema lets SQLite see that a statement that has failed did not change the
// schema after all. It sees it when it runs what it has compiled since, which it then
// compiles anew by itself.
func (db *DB) resetSchema() { db.run("SELECT 1 FROM sqlite_schema LIMIT 1") }

// Rows is the cursor over a statement's result. It stays valid across Commit
// and sees later writes to the rows ahead of it.
type Rows struct {
	db         *DB
	stmt       *stmt // nil when done
	generation int
	names      []string
	read       int64
	written    int64
	front      *front // that goes with it
}

// Reading reports whether there is more to read.
func (r *Rows) Reading() bool { return r != nil && r.stmt != nil && r.generation == r.db.generation }

// Next returns the next row: nil, int64, float64, string (valid UTF-8; what
// was not is U+FFFD) and []byte, which are the caller's. It looks one row
// ahead, and an error there is returned in place of the row.
func (r *Rows) Next() (row []any, ok bool, err error) {
	if r.stmt == nil {
		return nil, false, nil
	}
	if r.generation != r.db.generation {
		r.stmt = nil
		return nil, false, r.db.goneError()
	}
	row = make([]any, len(r.names))
	for i := range row {
		row[i] = r.stmt.value(i)
	}
	err = r.db.usable()
	if err == nil {
		err = r.advance()
	}
	if err != nil {
		r.Close()
		return nil, false, err
	}
	return row, true, nil
}

// start steps to the first row.
func (r *Rows) start() error {
	s := r.stmt
	if s.recompiles() {
		s.recompile()
	}
	s.counts.start(s)
	more, err := s.step()
	if err == nil && s.readonly && s.counts.lost(s) {
		// SQLite has compiled it anew, for its arguments or a new schema.
		lib.Xsqlite3_reset(s.db.tls, s.c)
		s.counts.start(s)
		more, err = s.step()
	}
	if err != nil {
		return err
	}
	r.names = s.columns()
	if !more {
		r.Close()
	}
	return nil
}

// advance steps to the next row and gives the statement back after the last.
func (r *Rows) advance() error {
	more, err := r.stmt.step()
	if err != nil {
		return err
	}
	if !more {
		r.Close()
	}
	return nil
}

// ColumnNames returns the names of the columns, none for a statement that
// yields no rows by its nature. They stay when the rows are used up.
func (r *Rows) ColumnNames() []string { return r.names }

// RowsRead is the number of rows the statement has looked at so far, as
// Cloudflare bills them.
func (r *Rows) RowsRead() int64 {
	r.count()
	return r.read
}

// RowsWritten is the number of rows and index entries the statement has
// written so far, as Cloudflare bills them.
func (r *Rows) RowsWritten() int64 {
	r.count()
	return r.written
}

func (r *Rows) count() {
	if r.stmt != nil && r.generation == r.db.generation {
		r.read, r.written = r.stmt.counts.totals(r.stmt)
	}
}

// Close ends the cursor; reading to the end does so too.
func (r *Rows) Close() {
	s := r.stmt
	if s == nil {
		return
	}
	r.count()
	r.stmt = nil
	if r.generation == r.db.generation {
		r.db.checkIn(s, &r.db.cache)
		if r.front != nil {
			for _, s := range r.front.open {
				delete(r.db.loose, s)
			}
			r.front.close()
		}
	}
}
