package emulator_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

func TestBookmarkForTime(t *testing.T) {
	const no, far = "This Durable Object's storage back-end does not implement point-in-time recovery.",
		"TypeError: This API doesn't support dates after 2189."
	o := alarmWorld(t)
	for ms, want := range map[float64]string{-1: no, 1: no, 9223372036854: no, 9223372036855: far, 1e15: far} {
		err := o.Storage(func(st driver.Storage) error {
			_, err := st.BookmarkForTime(ms)
			return err
		})
		if err == nil || err.Error() != want {
			t.Errorf("%v: %v, want %s", ms, err, want)
		}
	}
}

// TestListOfKVClass: that a class has no storage.kv comes before what is wrong with the options, but for a limit
// that is none.
func TestListOfKVClass(t *testing.T) {
	path := configOf(t, "w", "Obj")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte("new_sqlite_classes"), []byte("new_classes"), 1), 0o666); err != nil {
		t.Fatal(err)
	}
	o := objectOf(t, path)
	const no, far = "The storage.kv (synchronous KV) API is only available", "TypeError: Value out of range."
	a, b := "a", "b"
	for _, c := range []struct {
		limit  int
		a, b   *string
		prefix string
	}{{1, nil, nil, no}, {-1, nil, nil, no}, {1, &a, &b, no}, {1 << 31, &a, &b, far}, {-1<<31 - 1, nil, nil, far}} {
		err := o.Storage(func(st driver.Storage) error {
			_, err := st.KV().List(driver.ListOptions{Limit: &c.limit, Start: c.a, StartAfter: c.b})
			return err
		})
		if err == nil || !strings.HasPrefix(err.Error(), c.prefix) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
