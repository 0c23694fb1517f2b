package sqlite

import (
	"path/filepath"
	"testing"
)

// TestReadSchema: the schema is read again when another connection has written, and not after
// each commit of this one.
func TestReadSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.sqlite")
	open := func() *Conn {
		c, err := Open(Config{Path: path, Failed: func(err *Error, _ bool) error { return err }}, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	write := func(c *Conn, sql string) {
		t.Helper()
		for _, sql := range []string{"BEGIN IMMEDIATE", sql, "COMMIT"} {
			if err := c.Exec(sql); err != nil {
				t.Fatal(err)
			}
			if sql == "BEGIN IMMEDIATE" {
				if err := c.ReadSchema(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	c := open()
	for _, sql := range []string{"CREATE TABLE t(a)", "INSERT INTO t VALUES(1)", "INSERT INTO t VALUES(1)"} {
		write(c, sql)
	}
	if c.own[readSchema] != nil {
		t.Error("the schema was read again after the connection's own commits")
	}
	write(open(), "CREATE TABLE other(a)")
	write(c, "INSERT INTO t VALUES(1)")
	if c.own[readSchema] == nil {
		t.Error("the schema was not read again after another connection's commit")
	}
	version := c.schema()
	write(c, "INSERT INTO t VALUES(1)")
	if c.schema() != version {
		t.Error("the schema changed after it was read again")
	}
}
