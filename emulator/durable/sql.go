package durable

// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#sql-api

import (
	"fmt"
	"iter"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// SQL is storage.sql; none of its methods lets an event in.
type SQL struct{ sql driver.SQL }

// Exec is storage.sql.exec(query, ...args): it runs one or more statements; args bind the last one's ? marks: nil,
// bool, integers, floats, string, []byte. They arrive as they would on Cloudflare,
// where a number crosses as a JavaScript number: it binds as REAL and an INTEGER
// column turns it back; a bool binds as the text "true" or "false"; an integer
// beyond 2^53 is an error.
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

// DatabaseSize is storage.sql.databaseSize in bytes, 0 for a class that has no SQL.
func (q *SQL) DatabaseSize() int64 {
	n, _ := q.sql.DatabaseSize()
	return n
}

// Rows is a result (SqlStorageCursor). Values are nil, int64, float64, string or
// []byte; an integer beyond 2^53 is rounded as on Cloudflare.
type Rows struct {
	c   driver.Cursor
	row []any
	err error
}

// ColumnNames is cursor.columnNames, none for a statement without rows.
func (r *Rows) ColumnNames() []string { return r.c.ColumnNames() }

// Next goes to the next row, Scan copies its values to dst, as in database/sql;
// there is nothing to close.
func (r *Rows) Next() bool {
	if r.err != nil {
		return false
	}
	row, ok, err := r.c.Next()
	r.row, r.err = row, caught(err)
	return ok && err == nil
}

// Scan copies the values of the row that Next went to into what dst points at.
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

// Err returns the error that ended Next, nil at the end of the rows.
func (r *Rows) Err() error { return r.err }

// One is cursor.one(): it scans the only row; any other number of rows is an error, which
// ends the statement.
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

// Raw is cursor.raw(): it yields each row's values.
func (r *Rows) Raw() iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for r.Next() && yield(r.row) {
		}
	}
}

// RowsRead is the number of rows read so far, as near to Cloudflare's count as
// SQLite tells.
func (r *Rows) RowsRead() int64 { return r.c.RowsRead() }

// RowsWritten is the number of rows written, entries of indexes included.
func (r *Rows) RowsWritten() int64 { return r.c.RowsWritten() }
