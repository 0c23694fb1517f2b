package sqlite

// Compiling SQL (https://sqlite.org/c3ref/prepare.html).

import (
	"strings"
	"unsafe"

	lib "modernc.org/sqlite/lib"
)

// Text is the user's SQL in C memory. Its statements are compiled one after the other without
// copying the rest of the text for each.
type Text struct {
	c   *Conn
	at  uintptr
	sql string
}

// Text copies sql. The caller must call Free.
func (c *Conn) Text(sql string) Text { return Text{c, c.cstring(sql), sql} }

// Free frees the copy; the statements stay.
func (t Text) Free() { t.c.free(t.at) }

// Prepare compiles the statement that begins at an index of the text, and returns the index
// of the next one. The statement is nil if there is only space and comment.
func (t Text) Prepare(from int) (s *Stmt, next int, err error) {
	s, used, err := t.c.prepare(t.at+uintptr(from), t.sql[from:], false)
	if err != nil {
		if s, used, err = t.c.prepareAgain(t.sql[from:], err); err != nil {
			return nil, 0, err
		}
	}
	for next = from + used; next < len(t.sql) && isSpace(t.sql[next]); {
		next++
	}
	if s != nil && from == 0 && next == len(t.sql) {
		s.sql = t.sql // with its trailing space, so that a cache finds it again
	} else if s != nil {
		s.once = true
	}
	return s, next, nil
}

// Prepare compiles one statement. A trusted one is the runtime's own: it may do everything, and its
// rows are not counted.
func (c *Conn) Prepare(sql string, trusted bool) (*Stmt, error) {
	s, err := c.prepareCopy(sql, trusted)
	if err != nil && !trusted {
		s, _, err = c.prepareAgain(sql, err)
	}
	return s, err
}

// prepareAgain compiles a statement that workerd's SQLite accepts and this one has refused for the
// given reason.
func (c *Conn) prepareAgain(sql string, reason error) (*Stmt, int, error) {
	if isSyntax(reason) {
		if l := parseLimited(sql); l != nil {
			return l.prepare(c, sql, reason)
		}
	}
	return nil, 0, reason
}

// try returns the error of compiling a text.
func (c *Conn) try(sql string) error {
	s, err := c.prepareCopy(sql, false)
	if s != nil {
		s.Finalize()
	}
	return err
}

func (c *Conn) prepareCopy(sql string, trusted bool) (*Stmt, error) {
	text := c.cstring(sql)
	defer c.free(text)
	s, _, err := c.prepare(text, sql, trusted)
	return s, err
}

// prepare compiles the first statement of sql, which is also in C memory at text. It returns the
// length of that statement.
func (c *Conn) prepare(text uintptr, sql string, trusted bool) (*Stmt, int, error) {
	c.trusted, c.sql, c.refused, c.pragma = trusted, sql, nil, false
	n := len(sql)
	if n <= sqlLengthLimit {
		n++ // with its NUL, SQLite need not copy it
	}
	tail := c.out + unsafe.Sizeof(uintptr(0))
	rc := lib.Xsqlite3_prepare_v3(c.tls, c.c, text, int32(n), lib.SQLITE_PREPARE_PERSISTENT, c.out, tail)
	if rc != lib.SQLITE_OK {
		return nil, 0, c.failed(rc)
	}
	if c.pragma {
		patchLikeOf(c) // compiling PRAGMA case_sensitive_like has run it
	}
	handle, used := *wordAt(c.out), int(*wordAt(tail)-text)
	if handle == 0 {
		return nil, used, nil
	}
	s := &Stmt{conn: c, c: handle, sql: sql[:min(used, len(sql))], trusted: trusted}
	s.readonly = lib.Xsqlite3_stmt_readonly(c.tls, handle) != 0
	s.params = int(lib.Xsqlite3_bind_parameter_count(c.tls, handle))
	if !trusted {
		s.counts.attach(s)
	}
	return s, used, nil
}

// Own returns a trusted statement, which is compiled at its first use and kept.
func (c *Conn) Own(sql string) (*Stmt, error) {
	if s := c.own[sql]; s != nil {
		return s, nil
	}
	if c.c == 0 {
		return nil, ErrClosed
	}
	s, err := c.prepareCopy(sql, true)
	if err != nil {
		return nil, err
	}
	if c.own == nil {
		c.own = map[string]*Stmt{}
	}
	c.own[sql] = s
	return s, nil
}

// Each runs a trusted statement and calls f with each of its rows; f may be nil.
func (c *Conn) Each(f func(row *Stmt), sql string, args ...any) error {
	s, err := c.Own(sql)
	if err != nil {
		return err
	}
	defer s.Reset()
	if err := s.Bind(args); err != nil {
		return err
	}
	for {
		row, err := s.Step()
		if err != nil || !row {
			return err
		}
		if f != nil {
			f(s)
		}
	}
}

// Exec runs a trusted statement to its end.
func (c *Conn) Exec(sql string, args ...any) error { return c.Each(nil, sql, args...) }

// Number runs a trusted statement that yields one integer. It is not ok if that yields no
// row, or NULL.
func (c *Conn) Number(sql string, args ...any) (n int64, ok bool, err error) {
	err = c.Each(func(row *Stmt) { n, ok = row.Value(0).(int64) }, sql, args...)
	return n, ok, err
}

// Quote is a name as SQL takes it.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
