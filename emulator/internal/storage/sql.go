package storage

// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#sql-api

import (
	"math"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

type sql struct{ s *Storage }

// use is Storage.use for a class that has storage.sql; other classes get Cloudflare's error.
func (q sql) use(f func(db *store.DB) error) error {
	if !q.s.ns.sql {
		return driver.PlainError(msgNoSQL)
	}
	return q.s.use(f)
}

func (q sql) Exec(query string, args []any) (driver.Cursor, error) {
	c := &cursor{s: q.s}
	err := q.use(func(db *store.DB) error { return db.ExecTo(&c.rows, query, args) })
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (q sql) DatabaseSize() (n int64, err error) {
	err = q.use(func(db *store.DB) (err error) {
		n, err = db.Size()
		return err
	})
	return n, err
}

// cursor is the rows of a statement.
type cursor struct {
	s    *Storage
	rows store.Rows
}

func (c *cursor) ColumnNames() []string { return c.rows.ColumnNames() }

func (c *cursor) Next() (row []any, ok bool, err error) {
	err = c.s.use(func(*store.DB) (err error) {
		row, ok, err = c.rows.Next()
		return err
	})
	for i, v := range row {
		if n, isInt := v.(int64); isInt && (n > maxSafe || n < -maxSafe) {
			row[i] = rounded(n)
		}
	}
	return row, ok, err
}

func (c *cursor) End() (more bool) {
	c.s.turn.Touched()
	// within in place of s.use, which fails after Expire: a statement that stays open makes the next commit fail.
	c.s.within(func(*store.DB) error {
		more = c.rows.Reading()
		c.rows.Close()
		return nil
	})
	return more
}

// maxSafe is the largest integer up to which every integer is a JavaScript number.
const maxSafe = 1 << 53

// rounded rounds n to a JavaScript number. The largest one, 2^63, is too large for an int64 by one.
func rounded(n int64) int64 {
	if f := float64(n); f < math.MaxInt64 {
		return int64(f)
	}
	return math.MaxInt64
}

func (c *cursor) RowsRead() (n int64) {
	c.s.use(func(*store.DB) error { n = c.rows.RowsRead(); return nil })
	return n
}

func (c *cursor) RowsWritten() (n int64) {
	c.s.use(func(*store.DB) error { n = c.rows.RowsWritten(); return nil })
	return n
}
