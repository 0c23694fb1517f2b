package store

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

func BenchmarkOpenClose(b *testing.B) {
	for name, o := range map[string]Options{
		"file":           {Path: example(b)},
		"memory":         {},
		"kept in memory": {Path: "a", Memory: new(Memory)},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				db, err := Open(o)
				check(b, err)
				check(b, db.Close())
			}
		})
	}
	b.Run("file, read, put and commit", func(b *testing.B) {
		path := example(b)
		for b.Loop() {
			db, err := Open(Options{Path: path})
			check(b, err)
			_, _, err = db.Get("k")
			check(b, err)
			check(b, db.Put("k", []byte("w")))
			check(b, db.Commit())
			check(b, db.Close())
		}
	})
}

// BenchmarkInsert: a row of 100 bytes, all in one transaction, or one each.
func BenchmarkInsert(b *testing.B) {
	args := []any{strings.Repeat("x", 100)}
	for _, c := range []struct {
		name   string
		each   bool
		memory bool
	}{{"one transaction", false, false}, {"one transaction in memory", false, true}, {"commit each", true, false}} {
		b.Run(c.name, func(b *testing.B) {
			o := Options{Path: filepath.Join(b.TempDir(), "a.sqlite")}
			if c.memory {
				o.Path = ""
			}
			db := open(b, o)
			must(b, db, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)")
			check(b, db.Commit())
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := db.Exec("INSERT INTO t(v) VALUES (?)", args); err != nil {
					b.Fatal(err)
				}
				if c.each || i%20000 == 19999 {
					check(b, db.Commit())
				}
			}
			check(b, db.Commit())
		})
	}
}

func BenchmarkKV(b *testing.B) {
	db := open(b, Options{Path: filepath.Join(b.TempDir(), "a.sqlite")})
	keys := make([]string, 1000)
	value := []byte(strings.Repeat("x", 100))
	for i := range keys {
		keys[i] = fmt.Sprintf("key%06d", i)
		check(b, db.Put(keys[i], value))
	}
	check(b, db.Commit())
	b.Run("get", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, ok, err := db.Get(keys[i%1000]); !ok || err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("put in one transaction", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			check(b, db.Put(keys[i%1000], value))
		}
		check(b, db.Commit())
	})
	b.Run("list 1000", func(b *testing.B) {
		for b.Loop() {
			if err := db.List(ListOptions{}, func(string, []byte) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSelect(b *testing.B) {
	db := memory(b)
	must(b, db, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO t SELECT i, 'value' || i FROM n")
	check(b, db.Commit())
	b.Run("by key", func(b *testing.B) {
		b.ReportAllocs()
		args := []any{500.0}
		for b.Loop() {
			r, err := db.Exec("SELECT v FROM t WHERE id = ?", args)
			check(b, err)
			if _, ok, err := r.Next(); !ok || err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("1000 rows", func(b *testing.B) {
		for b.Loop() {
			r, err := db.Exec("SELECT * FROM t", nil)
			check(b, err)
			for ok := true; ok; {
				_, ok, err = r.Next()
				check(b, err)
			}
		}
	})
}
