package emulator_test

// https://developers.cloudflare.com/durable-objects/reference/in-memory-state/

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
	"github.com/seed-36a2c969/emu/emulator/internal/store"
)

const violated = "Error: Durable Object was reset and rolled back to its last known good state because the application left the database in a state where constraints were violated: FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)"

// tables makes tables in which a commit can be made to fail.
func tables(_ context.Context, o *obj) (any, error) {
	_, err := o.st.Storage().SQL().Exec(`CREATE TABLE IF NOT EXISTS p(id INTEGER PRIMARY KEY);
		CREATE TABLE IF NOT EXISTS c(id INTEGER PRIMARY KEY, pid INT REFERENCES p(id))`)
	return nil, err
}

// violate makes a write that cannot be committed.
func violate(_ context.Context, o *obj) (any, error) {
	_, err := o.st.Storage().SQL().Exec("PRAGMA defer_foreign_keys = ON; INSERT INTO c VALUES (2, 42)")
	return "must never arrive", err
}

func TestOutputGate(t *testing.T) {
	t.Parallel()
	t.Run("LC-8 what was sent after a write waits for its commit", func(t *testing.T) {
		dir := t.TempDir()
		committed := func(id durable.ID) bool { // as another process would see it
			db, err := store.Open(store.Options{Path: filepath.Join(dir, "v3", "do", "test-Obj", id.String()+".sqlite")})
			if err != nil {
				t.Error(err)
				return false
			}
			defer db.Close()
			_, ok, err := db.Get("k")
			return ok && err == nil
		}
		s := newObjects(t, methods{
			"ws": func(ctx context.Context, o *obj) (any, error) {
				if err := o.st.Storage().Put(ctx, "k", 1); err != nil {
					return nil, err
				}
				if err := socketOf(ctx).Send("sent"); err != nil {
					return nil, err
				}
				o.rig.logf("in the turn: committed %v", committed(o.st.ID()))
				_, err := callOf(ctx, o.env.DurableObject("Obj").GetByName("b"), "look")
				return nil, err
			},
			"look": func(_ context.Context, o *obj) (any, error) {
				o.rig.logf("called: committed %v", committed(o.env.DurableObject("Obj").IDFromName("a")))
				return nil, nil
			},
		}, emutest.Persist(dir))
		c := s.Dial("/a")
		c.Send("go")
		c.Expect("sent")
		s.Settle()
		s.wantLog("in the turn: committed false", "called: committed true")
	})
	t.Run("LC-8 sends keep their order over several sockets and turns", func(t *testing.T) {
		s := newObjects(t, methods{"ws": func(ctx context.Context, o *obj) (any, error) {
			for _, text := range []string{"1", "2", "3"} {
				for _, ws := range o.st.WebSockets() {
					if err := ws.Send(text); err != nil {
						return nil, err
					}
				}
				if err := errors.Join(o.st.Storage().Put(ctx, "k", text), durable.Sleep(ctx, time.Millisecond)); err != nil {
					return nil, err
				}
			}
			return nil, nil
		}})
		a, b := s.Dial("/a"), s.Dial("/a")
		a.Send("go")
		a.Expect("1")
		b.Expect("1")
		s.Advance(time.Millisecond)
		a.Expect("2")
		b.Expect("2")
		a.ExpectNone()
		s.Advance(time.Second)
		a.Expect("3")
		b.Expect("3")
	})
	// workerd was asked: a transaction holds back nothing that is sent in it.
	t.Run("LC-8 what is sent in a transaction leaves, whatever becomes of it", func(t *testing.T) {
		s := newObjects(t, methods{"hello": logs, "ws": func(ctx context.Context, o *obj) (any, error) {
			ws := socketOf(ctx)
			err := o.st.Storage().Transaction(ctx, func(ctx context.Context) error {
				_, call := callOf(ctx, o.env.DurableObject("Obj").GetByName("other"), "hello out")
				err := errors.Join(o.st.Storage().Put(ctx, "k", 1), call, ws.Send("in"), durable.Sleep(ctx, time.Second), ws.Send("in 2"))
				if o.arg == "fail" {
					return errors.Join(err, errors.New("x"))
				}
				return err
			})
			return nil, ws.Send(caught(err))
		}})
		c := s.Dial("/a")
		c.Send("pass")
		c.Expect("in")
		s.Advance(time.Second)
		c.Expect("in 2", "ok")
		c.Send("fail")
		c.Expect("in")
		s.Advance(time.Second)
		c.Expect("in 2", "Go: x")
		s.wantLog("in out", "in out")
	})
}

func TestFailedCommit(t *testing.T) {
	t.Parallel()
	t.Run("LC-8 a failed commit", func(t *testing.T) {
		s := newObjects(t, methods{"new": tables, "sleep": sleeper(time.Hour), "hello": logs, "violate": violate,
			"ws": func(ctx context.Context, o *obj) (any, error) {
				ws := socketOf(ctx)
				err := errors.Join(ws.Send("sent before"), second(violate(ctx, o)), ws.Send("must never arrive"), ws.Close(4000, "must never arrive"))
				if o.arg == "wait" {
					err = errors.Join(err, durable.Sleep(ctx, time.Second))
					o.rig.logf("%v %v", err, ws.Send("must never arrive"))
				}
				return nil, err
			},
			"out": func(ctx context.Context, o *obj) (any, error) {
				other := o.env.DurableObject("Obj").GetByName("other")
				_, before := callOf(ctx, other, "hello before")
				_, bad := violate(ctx, o)
				_, after := callOf(ctx, other, "hello after")
				o.rig.logf("%v %v %v", before, bad, after)
				return nil, durable.Await(ctx, func() error { o.rig.logf("went on"); return nil })
			},
		})
		waiting, overRPC := s.fetch("a", "sleep w"), s.call("a", "sleep r")
		c := s.Dial("/a")
		c.Send("go")
		c.Expect("sent before")
		c.ExpectLost()
		s.Settle()
		waiting.want(violated + " +remote")
		overRPC.want(violated)
		d := s.Dial("/a")
		d.Send("wait")
		d.Expect("sent before")
		d.ExpectLost()
		s.fetch("a", "violate").want(violated + " +remote")
		s.call("a", "violate").want(violated)
		s.Settle()
		s.wantLog("in w", "in r", "durable: the object was reset durable: the object was reset")
		s.call("a", "out").want(violated)
		s.wantLog("in before", "<nil> <nil> durable: the object was reset")
		if got := jsonOf(s.stored("a")); got != "{}" {
			t.Errorf("stored %s", got)
		}
		resets := 0
		for _, e := range s.Events() {
			if e.Type == emulator.EventReset && e.Message == violated {
				resets++
			}
		}
		if resets != 5 {
			t.Errorf("the log tells of %d resets, want 5", resets)
		}
	})
}

func TestFailedCommitOfQueuedEvents(t *testing.T) {
	t.Parallel()
	for name, doom := range map[string]string{"a violated constraint": "violate", "an open RETURNING": "returning"} {
		t.Run("LC-8 "+name, func(t *testing.T) {
			s := newObjects(t, methods{"new": tables, "violate": violate, "hello": logs, "put": func(ctx context.Context, o *obj) (any, error) {
				for _, ws := range o.st.WebSockets() {
					if err := ws.Send("put " + o.arg); err != nil {
						return nil, err
					}
				}
				return o.arg, errors.Join(o.st.Storage().Put(ctx, o.arg, 1), second(setIn(time.Hour)(ctx, o)))
			}, "doom": func(ctx context.Context, o *obj) (any, error) {
				for _, ws := range o.st.WebSockets() {
					if err := ws.Send("sent before"); err != nil {
						return nil, err
					}
				}
				if o.arg == "returning" {
					_, err := o.st.Storage().SQL().Exec("INSERT INTO p VALUES (7) RETURNING id")
					return nil, errors.Join(err, deleteAlarmOf(ctx, o))
				}
				return violate(ctx, o)
			}, "block": func(ctx context.Context, o *obj) (any, error) {
				return nil, o.st.BlockConcurrencyWhile(ctx, func(ctx context.Context) error { return durable.Sleep(ctx, time.Second) })
			}, "alarm": count, "get": getAlarm})
			c := s.Dial("/a")
			s.call("a", "block")
			a, b, bad, late := s.call("a", "put a"), s.call("a", "put b"), s.call("a", "doom "+doom), s.call("a", "put late")
			s.Advance(time.Second)
			if got := bad.result(); !strings.HasPrefix(got, "Error: ") {
				t.Error(got)
			}
			// As real workerd did it, 6 of 6 times: what was written before stays, and its answers are lost.
			for name, other := range map[string]*pending{"first": a, "second": b, "behind it": late} {
				if got := other.result(); got != bad.result() {
					t.Errorf("%s: %s", name, got)
				}
			}
			c.Expect("put a", "put b", "sent before")
			c.ExpectLost()
			if got := jsonOf(s.stored("a")); got != `{"a":1,"b":1}` {
				t.Error(got)
			}
			s.call("a", "get").want("3601000")
		})
	}
}

func TestStubOfFailedCommit(t *testing.T) {
	t.Parallel()
	t.Run("LC-8 the stub of a failed commit stays broken", func(t *testing.T) {
		s := newObjects(t, methods{"new": tables, "hello": logs, "violate": violate})
		s.start(func(ctx context.Context, env *durable.Env) (any, error) {
			stub := env.DurableObject("Obj").GetByName("a")
			var got []string
			for _, name := range []string{"violate", "hello x", "hello y"} {
				_, err := fetchOf(ctx, stub, name)
				got = append(got, caught(err))
			}
			_, err := callOf(ctx, stub, "hello z")
			return append(got, caught(err)), nil
		}).want(jsonOf([]string{violated + " +remote", violated, violated, violated}))
	})
}

func deleteAlarmOf(ctx context.Context, o *obj) error { return o.st.Storage().DeleteAlarm(ctx) }

// TestDamage: damage that shows only after the open is reported with the file's name.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	put := func(ctx context.Context, o *obj) (any, error) { return nil, o.st.Storage().Put(ctx, "k", 1) }
	t.Run("before", func(t *testing.T) {
		newObjects(t, methods{"put": put}, emutest.Persist(dir)).call("a", "put").want("null")
	})
	files, err := filepath.Glob(filepath.Join(dir, "v3", "do", "test-Obj", strings.Repeat("[0-9a-f]", 64)+".sqlite"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	f, err := os.OpenFile(files[0], os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xff}, 4096), 4096); err != nil {
		t.Fatal(err)
	}
	s := newObjects(t, methods{"put": put}, emutest.Persist(dir))
	s.call("a", "put")
	reported := func(e emulator.Event) bool {
		return e.Type == emulator.EventError && strings.HasPrefix(e.Message, "database "+files[0]+" is damaged")
	}
	if events := s.Events(); !slices.ContainsFunc(events, reported) {
		t.Error(events)
	}
}

func second(_ any, err error) error { return err }

// stored returns the key-value pairs that are stored for an object.
func (s *rig) stored(name string) map[string]any {
	s.t.Helper()
	all := map[string]any{}
	s.Object("Obj", name).Storage(func(st *durable.Storage) error {
		list, err := st.List(context.Background(), durable.ListOptions{})
		if err != nil {
			return err
		}
		for k, v := range list {
			var x any
			if err := v.Decode(&x); err != nil {
				return err
			}
			all[k] = x
		}
		return nil
	})
	return all
}
