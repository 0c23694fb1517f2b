package devserver

import (
	"bytes"
	"strings"
	"testing"
)

// TestNoFiles: that no connection can be accepted is told once, with what to do about it, however often it is tried.
func TestNoFiles(t *testing.T) {
	var out bytes.Buffer
	c := &httpLog{log: &Log{Out: &out, Err: &out, Level: LevelLog}}
	for range 100 {
		c.Write([]byte("http: Accept error: accept tcp 127.0.0.1:8787: accept4: too many open files; retrying in 1s\n"))
	}
	if s := out.String(); strings.Count(s, "too many open files") != 1 || !strings.Contains(s, "ulimit -n") {
		t.Errorf("it says %q", s)
	}
}
