package alarms

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/clock"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// rig is a scheduler with one namespace and a manual clock. Its handlers are functions that
// say whether they fail.
type rig struct {
	t     *testing.T
	clock *clock.Manual
	s     *Scheduler
	n     *Namespace
	file  string // "" is in memory

	handler func(r *Run) (failed bool)
	log     []string
}

func newRig(t *testing.T, file string) *rig {
	t.Helper()
	r := &rig{t: t, clock: clock.NewManual(start), file: file, handler: func(*Run) bool { return false }}
	h := host.New(host.Options{Clock: r.clock, Seed: 1})
	r.clock.Settle = func() bool { return h.Activity.Settle(nil) }
	r.s = New(h)
	var alarms *store.Alarms
	if file != "" {
		var err error
		if alarms, err = store.OpenAlarms(store.Options{Path: file}); err != nil {
			t.Fatal(err)
		}
	}
	n, err := r.s.Open(alarms, r)
	if err != nil {
		t.Fatal(err)
	}
	r.n = n
	r.s.Start()
	t.Cleanup(r.end)
	return r
}

func (r *rig) end() {
	r.s.Stop()
	r.s.Close()
}

func (r *rig) Ring(run *Run) {
	r.logf("%s %d", run.ID.Name, run.Retries)
	run.Begin()
	var failed *driver.Error
	if r.handler(run) {
		failed = driver.PlainError("failed")
	}
	run.End(failed)
}

func (r *rig) GiveUp(run *Run) { r.logf("%s given up", run.ID.Name) }

func (r *rig) Report(_ [32]byte, err error) { r.t.Error(err) }

func (r *rig) logf(format string, args ...any) { r.log = append(r.log, fmt.Sprintf(format, args...)) }

func (r *rig) want(want ...string) {
	r.t.Helper()
	if !slices.Equal(r.log, want) {
		r.t.Errorf("got %q, want %q", r.log, want)
	}
	r.log = nil
}

func (r *rig) advance(d time.Duration) {
	r.t.Helper()
	if err := r.clock.Advance(d); err != nil {
		r.t.Fatal(err)
	}
}

func id(name string) driver.ID {
	id := driver.ID{Name: name, HasName: true}
	copy(id.Bytes[:], name)
	return id
}

func at(d time.Duration) int64 { return start.Add(d).UnixNano() }

func committed() error { return nil }

func (r *rig) set(name string, d time.Duration) {
	r.t.Helper()
	if err := r.n.Commit(id(name), at(d), true, committed); err != nil {
		r.t.Fatal(err)
	}
}

func TestOrder(t *testing.T) {
	r := newRig(t, "")
	r.set("late", 2*time.Second)
	r.set("first", time.Second)
	r.set("second", time.Second)
	r.set("moved", time.Second)
	r.set("moved", 3*time.Second)
	r.set("deleted", time.Second)
	r.n.Delete(id("deleted"))
	if next, ok := r.s.Next(); !ok || !next.Equal(start.Add(time.Second)) {
		t.Error("next", next, ok)
	}
	r.advance(time.Minute)
	r.want("first 0", "second 0", "late 0", "moved 0")
	if next, ok := r.s.Next(); ok {
		t.Error("rings again", next)
	}
}

func TestRetries(t *testing.T) {
	t.Run("six, then given up", func(t *testing.T) {
		r := newRig(t, "")
		r.handler = func(*Run) bool { return true }
		r.set("a", 0)
		r.advance(time.Hour)
		r.want("a 0", "a 1", "a 2", "a 3", "a 4", "a 5", "a 6", "a given up")
	})
	t.Run("none of one that must not", func(t *testing.T) {
		r := newRig(t, "")
		r.handler = func(run *Run) bool { r.n.NoRetry(run.ID); return true }
		r.set("a", 0)
		r.advance(time.Hour)
		r.want("a 0")
	})
	t.Run("none of one that was deleted meanwhile", func(t *testing.T) {
		r := newRig(t, "")
		r.handler = func(*Run) bool { return true }
		r.set("a", 0)
		r.advance(time.Second)
		r.n.Delete(id("a"))
		r.advance(time.Hour)
		r.want("a 0")
	})
	t.Run("another that was set meanwhile rings instead", func(t *testing.T) {
		r := newRig(t, "")
		r.handler = func(run *Run) bool {
			if run.Scheduled == at(0) {
				r.set("a", time.Minute)
			}
			return run.Scheduled == at(0)
		}
		r.set("a", 0)
		r.advance(time.Hour)
		r.want("a 0", "a 0")
	})
}

// TestFile: what the namespace's file holds rings after a restart.
func TestFile(t *testing.T) {
	lost := errors.New("lost")
	for _, tt := range []struct {
		name string
		does func(r *rig)
		want []string // after the restart
	}{
		{"set", func(r *rig) { r.set("a", time.Second) }, []string{"a 0"}},
		{"deleted", func(r *rig) { r.set("a", time.Second); r.n.Delete(id("a")) }, nil},
		{"unset by a commit", func(r *rig) {
			r.set("a", time.Second)
			r.n.Commit(id("a"), 0, false, committed)
		}, nil},
		{"set by a commit that failed", func(r *rig) { r.n.Commit(id("a"), at(time.Second), true, func() error { return lost }) }, []string{"a 0"}},
		{"set later by a commit that failed", func(r *rig) {
			r.set("a", time.Second)
			r.n.Commit(id("a"), at(time.Hour), true, func() error { return lost })
		}, []string{"a 0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "metadata.sqlite")
			before := newRig(t, file)
			tt.does(before)
			before.end()
			after := newRig(t, file)
			after.advance(time.Minute)
			after.want(tt.want...)
		})
	}
}

// TestSavedBeforeCommit: a crash in the commit loses no alarm.
func TestSavedBeforeCommit(t *testing.T) {
	file := filepath.Join(t.TempDir(), "metadata.sqlite")
	r := newRig(t, file)
	times := func() (list []int64) {
		rows, err := r.n.file.All()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			list = append(list, (row.Time-at(0))/int64(time.Second))
		}
		return list
	}
	for _, tt := range []struct {
		to           time.Duration
		during, then int64
	}{{10 * time.Second, 10, 10}, {5 * time.Second, 5, 5}, {20 * time.Second, 5, 20}} {
		err := r.n.Commit(id("a"), at(tt.to), true, func() error {
			if got := times(); !slices.Equal(got, []int64{tt.during}) {
				t.Errorf("to %v: in the commit the file has %v, want %d", tt.to, got, tt.during)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := times(); !slices.Equal(got, []int64{tt.then}) {
			t.Errorf("to %v: the file has %v, want %d", tt.to, got, tt.then)
		}
	}
}
