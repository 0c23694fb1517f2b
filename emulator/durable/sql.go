package durable

// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#sql-api

import (
	"fmt"
	"iter"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// SQL is storage.sql. While one of its methods runs no other event can start.
type SQL struct{ sql driver.SQL }

// Exec is storage.sql.exec(query, ...args): it runs one or more statements. args are the
// parameters of the last statement: nil, bool, integers, floats, string or []byte. As on
// Cloudflare, every number is a JavaScript number, which binds as REAL; a column of type
// INTEGER turns it into an integer again. A bool binds as the text "true" or "false". An
// integer beyond 2^53 is an error.
func (q *SQL) Exec(query string, args ...any) (*Rows, error) {
	args, err := bindArgs(args)
	if err != nil {
		return nil, err
	}
	c, err := q.sql.Exec(query, args)
	if err != nil {
		return nil, caught(err)
	}
	return &Rows{c: c}, nil
}

// DatabaseSize is storage.sql.databaseSize in bytes. It is 0 for a class that has no SQL.
func (q *SQL) DatabaseSize() int64 {
	n, _ := q.sql.DatabaseSize()
	return n
}

// Rows is the cursor over a result (SqlStorageCursor). Values are nil, int64, float64,
// string or []byte. An integer beyond 2^53 is rounded as on Cloudflare.
type Rows struct {
	c   driver.Cursor
	row []any
	err error
}

// ColumnNames is cursor.columnNames. A statement such as INSERT has none.
func (r *Rows) ColumnNames() []string { return r.c.ColumnNames() }

// Next goes to the next row, for [Rows.Scan], and reports whether there is one. Rows
// need not be closed.
func (r *Rows) Next() bool {
	if r.err != nil {
		return false
	}
	row, ok, err := r.c.Next()
	r.row, r.err = row, caught(err)
	return ok && err == nil
}

// Scan copies the values of the current row to where dst points. Types are converted as
// in database/sql.
func (r *Rows) Scan(dst ...any) error {
	if len(dst) != len(r.row) {
		return fmt.Errorf("durable: expected %d destinations for Scan, found %d", len(r.row), len(dst))
	}
	for i, d := range dst {
		if err := scanInto(d, r.row[i]); err != nil {
			return fmt.Errorf("durable: column %q: %w", r.c.ColumnNames()[i], err)
		}
	}
	return nil
}

// Err returns the error that made Next return false, or nil at the end of the rows.
func (r *Rows) Err() error { return r.err }

// One is cursor.one(): it scans the only row into dst. Any other number of rows is an
// error.
func (r *Rows) One(dst ...any) error {
	if !r.Next() {
		if r.err != nil {
			return r.err
		}
		return &Error{Name: "Error", Message: "Expected exactly one result from SQL query, but got no results."}
	}
	if r.c.End() {
		return &Error{Name: "Error", Message: "Expected exactly one result from SQL query, but got multiple results."}
	}
	return r.Scan(dst...)
}

// Raw is cursor.raw(): it yields the values of each row. [Rows.Err] tells an error from
// the end.
func (r *Rows) Raw() iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for r.Next() && yield(r.row) {
		}
	}
}

// RowsRead is the number of rows read so far, as Cloudflare bills them.
func (r *Rows) RowsRead() int64 { return r.c.RowsRead() }

// RowsWritten is the number of rows written so far, including entries of indexes, as
// Cloudflare bills them.
func (r *Rows) RowsWritten() int64 { return r.c.RowsWritten() }
