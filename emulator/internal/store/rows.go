package store

// The cursor of storage.sql.exec()
// (https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#returns).

import "github.com/seed-36a2c969/emu/emulator/internal/sqlite"

// Rows is the cursor over a statement's result. It stays valid across Commit
// and sees later writes to the rows ahead of it.
type Rows struct {
	db         *DB
	stmt       *sqlite.Stmt // nil when done
	generation int
	names      []string
	read       int64
	written    int64
	script     *script // whose statements end with these rows; nil if a cache keeps it
}

// Reading reports whether there are more rows.
func (r *Rows) Reading() bool { return r != nil && r.stmt != nil && r.generation == r.db.generation }

// Next returns the values of the next row: nil, int64, float64, string or []byte, which the caller may
// keep. A string is valid UTF-8, with U+FFFD for invalid bytes. Next already steps to the row after
// this one; if that fails it returns the error instead of the row.
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
		row[i] = r.stmt.Value(i)
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

// renew compiles the statement anew. Another process has changed the schema since it was compiled,
// which SQLite notices when the batch begins.
func (r *Rows) renew(args []any) error {
	s, err := r.db.conn.Prepare(r.stmt.SQL(), false)
	if err != nil {
		return err
	}
	r.db.cache.Replace(r.stmt, s)
	r.stmt = s
	return r.bind(args)
}

func (r *Rows) bind(args []any) error {
	if len(args) != r.stmt.Params() {
		return refusal(msgParameterCount)
	}
	return r.stmt.Bind(args)
}

// start steps to the first row. It returns the statement to the cache if there is none.
func (r *Rows) start() error {
	s := r.stmt
	more, err := s.Start()
	if err != nil {
		return err
	}
	r.names = s.Columns()
	if !more {
		r.Close()
	}
	return nil
}

// advance steps to the next row. It returns the statement to the cache after the last.
func (r *Rows) advance() error {
	more, err := r.stmt.Step()
	if err != nil {
		return err
	}
	if !more {
		r.Close()
	}
	return nil
}

// ColumnNames returns the names of the columns, also after the last row. A statement such as INSERT
// has none.
func (r *Rows) ColumnNames() []string { return r.names }

// RowsRead returns the number of rows that the statement has read so far, as Cloudflare bills them.
func (r *Rows) RowsRead() int64 {
	r.count()
	return r.read
}

// RowsWritten returns the number of rows and index entries that the statement has written so far, as
// Cloudflare bills them.
func (r *Rows) RowsWritten() int64 {
	r.count()
	return r.written
}

func (r *Rows) count() {
	if r.stmt != nil && r.generation == r.db.generation {
		r.read, r.written = r.stmt.Totals()
	}
}

// Close ends the cursor. Next does so after the last row.
func (r *Rows) Close() {
	s := r.stmt
	if s == nil {
		return
	}
	r.count()
	r.stmt = nil
	if r.generation == r.db.generation {
		r.db.cache.Return(s)
		if r.script != nil {
			for _, s := range r.script.open {
				r.db.cache.Drop(s)
			}
			r.script.open = nil
		}
	}
}
