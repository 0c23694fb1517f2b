package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	lib "modernc.org/sqlite/lib"
)

const batchRows = 5

// writeBatches commits n batches, each with rows of its number, its number under a key, and
// sometimes a table. Every third is followed by a checkpoint.
func writeBatches(t testing.TB, db *DB, d *disk, n int) {
	must(t, db, "CREATE TABLE t(batch INT, row INT, filler TEXT)")
	check(t, db.Commit())
	d.mark()
	for i := 1; i <= n; i++ {
		for row := range batchRows {
			must(t, db, "INSERT INTO t VALUES (?, ?, ?)", float64(i), float64(row), strings.Repeat("x", 100*i))
		}
		check(t, db.Put("batch", []byte(fmt.Sprint(i))))
		if i%4 == 0 {
			must(t, db, fmt.Sprintf("CREATE TABLE t%d(x); DELETE FROM t WHERE row = 99", i))
		}
		check(t, db.Commit())
		d.mark()
		if i%3 == 0 {
			check(t, db.conn.Exec("PRAGMA wal_checkpoint(PASSIVE)"))
		}
	}
}

// checkBatches looks at a database after a crash: it holds the first k
// batches, whole, with k at least committed.
func checkBatches(t *testing.T, path string, committed int) {
	t.Helper()
	db, err := Open(Options{Path: path})
	if err != nil {
		if committed == 0 {
			return // not even the empty database was on the disk
		}
		t.Fatal(err)
	}
	defer db.Close()
	if n := number(t, db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"); n != 0 {
		t.Fatalf("damaged: %v", raw(db, "PRAGMA quick_check"))
	}
	if number(t, db, "SELECT count(*) FROM sqlite_schema WHERE name = 't'") == 0 {
		if committed > 0 {
			t.Fatal("the table is gone")
		}
		return
	}
	k := number(t, db, "SELECT coalesce(max(batch), 0) FROM t")
	if rows := number(t, db, "SELECT count(*) FROM t"); rows != k*batchRows || k < int64(committed-1) {
		t.Fatalf("%d rows up to batch %d; %d commits had returned", rows, k, committed)
	}
	v, _, err := db.Get("batch")
	if check(t, err); k > 0 && string(v) != fmt.Sprint(k) {
		t.Fatalf("batch %d with key %q", k, v)
	}
}

// recordBatches records a run of 13 batches with checkpoints in between.
func recordBatches(t *testing.T) *disk {
	d := newDisk(t)
	db := open(t, Options{Path: filepath.Join(t.TempDir(), "a.sqlite"), vfs: diskName})
	writeBatches(t, db, d, 12)
	check(t, db.conn.Exec("PRAGMA wal_checkpoint(TRUNCATE)"))
	must(t, db, "INSERT INTO t VALUES (13, 0, ''), (13, 1, ''), (13, 2, ''), (13, 3, ''), (13, 4, '')")
	check(t, db.Put("batch", []byte("13")))
	check(t, db.Commit())
	d.mark()
	check(t, db.Close())
	return d
}

// checkCrash opens what the operations leave.
func checkCrash(t *testing.T, ops []diskOp, committed int) {
	t.Helper()
	dir := t.TempDir()
	replay(t, dir, ops)
	checkBatches(t, filepath.Join(dir, "a.sqlite"), committed)
	os.RemoveAll(dir)
}

// TestKillAtEveryWrite opens what a killed process leaves after each write, which is whole
// or torn: every commit that had returned is there, synced or not.
func TestKillAtEveryWrite(t *testing.T) {
	d := recordBatches(t)
	random := rand.New(rand.NewPCG(3, 4))
	committed := 0
	for i, op := range d.log {
		switch op.kind {
		case opMark:
			committed++
		case opWrite:
			if random.IntN(2) == 0 {
				op.data = op.data[:random.IntN(len(op.data)+1)]
			}
			checkCrash(t, append(slices.Clone(d.log[:i]), op), committed)
		}
	}
	if committed != 14 {
		t.Errorf("%d commits", committed)
	}
}

// TestCrashAtEverySync opens what a loss of power leaves behind around each sync: what was
// synced, and of the rest, which the system may have put on the disk or not, nothing, some,
// or all with a torn last write. The database is whole and holds the first batches, among
// them all that a checkpoint has synced.
func TestCrashAtEverySync(t *testing.T) {
	d := recordBatches(t)
	random := rand.New(rand.NewPCG(1, 2))
	committed, synced, syncs := 0, 0, 0
	for i, op := range d.log {
		if op.kind == opMark {
			committed++
		}
		if op.kind != opSync {
			continue
		}
		syncs++
		if strings.HasSuffix(op.file, "-wal") {
			synced = committed
		}
		next := i + 1
		for next < len(d.log) && d.log[next].kind != opSync {
			next++
		}
		// keep returns the operations before the next sync, and of the writes that are not synced those chosen.
		keep := func(chosen func() bool) (ops []diskOp) {
			for at, op := range d.log[:next] {
				isSync := func(later diskOp) bool { return later.kind == opSync && later.file == op.file }
				if op.kind != opWrite || at <= i && slices.ContainsFunc(d.log[at:i+1], isSync) || chosen() {
					ops = append(ops, op)
				}
			}
			return ops
		}
		checkCrash(t, keep(func() bool { return false }), synced)
		checkCrash(t, keep(func() bool { return random.IntN(2) == 0 }), synced)
		all := slices.Clone(d.log[:next])
		if last := &all[next-1]; last.kind == opWrite {
			last.data = last.data[:random.IntN(len(last.data)+1)]
			checkCrash(t, all, synced)
		}
	}
	if syncs < 6 || committed != 14 || synced != 14 {
		t.Errorf("%d syncs, %d commits, %d of them synced", syncs, committed, synced)
	}
}

// TestDiskFull: a commit that finds no room is undone as a whole, and goes
// through when there is room again.
func TestDiskFull(t *testing.T) {
	for name, rc := range map[string]int32{"full": lib.SQLITE_FULL, "write error": lib.SQLITE_IOERR_WRITE} {
		t.Run(name, func(t *testing.T) {
			d := newDisk(t)
			path := filepath.Join(t.TempDir(), "a.sqlite")
			db := open(t, Options{Path: path, vfs: diskName})
			writeBatches(t, db, d, 2)
			for n := range 6 { // the n-th operation fails
				left := n
				d.fail = func(op diskOp) int32 {
					if op.kind != opSync {
						if left--; left < 0 {
							return rc
						}
					}
					return 0
				}
				must(t, db, "INSERT INTO t VALUES (3, 0, ?)", strings.Repeat("y", 10000))
				err := db.Commit()
				d.fail = nil
				if err == nil {
					must(t, db, "DELETE FROM t WHERE batch = 3")
					check(t, db.Commit())
					continue
				}
				if e, ok := err.(*Error); !ok || e.Code != int(rc&0xff) {
					t.Errorf("error %v", err)
				}
				if db.Dirty() {
					t.Error("dirty")
				}
				same(t, "rows", raw(db, "SELECT max(batch), count(*) FROM t"), []any{[]any{2.0, 2.0 * batchRows}})
			}
			must(t, db, "INSERT INTO t VALUES (3,0,''), (3,1,''), (3,2,''), (3,3,''), (3,4,'')")
			check(t, db.Put("batch", []byte("3")))
			check(t, db.Commit())
			check(t, db.Close())
			checkBatches(t, path, 4)
		})
	}
}

// TestDeletedUnderneath: who deletes the file of an open database gets no
// crash, and the database goes on without a name.
func TestDeletedUnderneath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.sqlite")
	db := open(t, Options{Path: path})
	must(t, db, "CREATE TABLE t(x)")
	check(t, db.Commit())
	if err := removeFiles(path); err != nil {
		t.Skip(err) // a system that keeps open files
	}
	if _, err := db.Exec("INSERT INTO t VALUES (1)", nil); err == nil {
		if err := db.Commit(); err != nil {
			t.Logf("commit: %v", err)
		}
	}
	check(t, db.DeleteAll())
	must(t, db, "CREATE TABLE t(x)")
	check(t, db.Commit())
}

// TestLostFile: that the file was deleted is told at the end, with its name.
func TestLostFile(t *testing.T) {
	for name, replace := range map[string]bool{"deleted": false, "replaced": true} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.sqlite")
			db := open(t, Options{Path: path})
			must(t, db, "CREATE TABLE t(x)")
			check(t, db.Commit())
			if err := os.Rename(path, path+".away"); err != nil {
				t.Skip(err) // a system that keeps open files
			}
			if replace {
				check(t, os.WriteFile(path, nil, 0o666))
			}
			must(t, db, "INSERT INTO t VALUES (1)")
			check(t, db.Commit())
			if err := db.Close(); err == nil || !strings.Contains(err.Error(), path+" was deleted or replaced") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestCommitCalls: what one commit asks of the system.
func TestCommitCalls(t *testing.T) {
	for _, c := range []struct {
		name          string
		write         func(t *testing.T, db *DB, i int)
		writes, locks int
	}{
		// A page is written as its frame's head and the frame. Four locks are those of the
		// reader and of the writer, two more those of the reader's mark, which moves.
		{"a key", func(t *testing.T, db *DB, i int) { check(t, db.Put("k", []byte(fmt.Sprint(i)))) }, 2, 6},
		{"a key with the value it has", func(t *testing.T, db *DB, i int) { check(t, db.Put("k", []byte("first"))) }, 0, 4},
		{"a row", func(t *testing.T, db *DB, i int) { must(t, db, "INSERT INTO t VALUES (?)", float64(i)) }, 2, 6},
		{"a row and a key", func(t *testing.T, db *DB, i int) {
			must(t, db, "INSERT INTO t VALUES (?)", float64(i))
			check(t, db.Put("k", []byte(fmt.Sprint(i))))
		}, 4, 6},
		{"nothing", func(t *testing.T, db *DB, i int) {}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDisk(t)
			db := open(t, Options{Path: filepath.Join(t.TempDir(), "a.sqlite"), vfs: diskName})
			must(t, db, "CREATE TABLE t(x)")
			check(t, db.Put("k", []byte("first")))
			check(t, db.Commit())
			commit := func(i int) {
				c.write(t, db, i)
				check(t, db.Commit())
			}
			commit(0) // compiles
			const commits = 10
			before, reads, locks := len(d.log), d.reads, d.locks
			for i := range commits {
				commit(i + 1)
			}
			if n := len(d.log) - before; n != c.writes*commits {
				t.Errorf("%d writes and syncs for %d commits, not %d each", n, commits, c.writes)
			}
			if n := d.locks - locks; n != c.locks*commits {
				t.Errorf("%d locks for %d commits, not %d each", n, commits, c.locks)
			}
			if n := d.reads - reads; n != 0 {
				t.Errorf("%d reads for %d commits", n, commits)
			}
		})
	}
}

// TestSyncs: a commit is written once and waits for no sync; a checkpoint syncs.
func TestSyncs(t *testing.T) {
	d := newDisk(t)
	db := open(t, Options{Path: filepath.Join(t.TempDir(), "a.sqlite"), vfs: diskName})
	check(t, db.Put("k", []byte("first")))
	check(t, db.Commit())
	syncsSince := func(from int) (n int) {
		for _, op := range d.log[from:] {
			if op.kind == opSync {
				n++
			}
		}
		return n
	}
	before := len(d.log)
	for i := range 5 {
		check(t, db.Put("k", []byte(fmt.Sprint(i))))
		check(t, db.Commit())
	}
	if n := syncsSince(before); n != 0 {
		t.Errorf("%d syncs for 5 commits, want none", n)
	}
	before = len(d.log)
	check(t, db.Close())
	if syncsSince(before) == 0 {
		t.Error("the checkpoint of Close syncs nothing")
	}
}
