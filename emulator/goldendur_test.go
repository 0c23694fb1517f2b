package emulator_test

// https://developers.cloudflare.com/durable-objects/reference/in-memory-state/

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// exec runs statements for their effect.
func (o *gold) exec(query string, args ...any) error {
	_, err := o.storage.SQL().Exec(query, args...)
	return err
}

// rows are the rows of a query; an error is the test's.
func (o *gold) rows(query string, args ...any) iter.Seq[[]any] {
	rows, err := o.storage.SQL().Exec(query, args...)
	if err != nil {
		o.play.t.Errorf("%s: %v", query, err)
		return func(func([]any) bool) {}
	}
	return rows.Raw()
}

// ofColumn is toArray().map(row => the only column), or the exception.
func (o *gold) ofColumn(query string) any {
	return o.query(func(rows *durable.Rows) any {
		list := []any{}
		for row := range rows.Raw() {
			list = append(list, column(row[0]))
		}
		return caughtOr(list, rows.Err())
	}, query)
}

// alarm is await storage.getAlarm().
func (o *gold) alarm(ctx context.Context) any {
	at, err := o.storage.Alarm(ctx)
	if at.IsZero() {
		return caughtOr(nil, err)
	}
	return caughtOr(at.UnixMilli(), err)
}

// keys are the keys of storage.list().
func (o *gold) keys(ctx context.Context) any {
	seq, err := o.storage.List(ctx, durable.ListOptions{})
	if err != nil {
		return exceptionOf(err)
	}
	keys := []any{}
	for k := range seq {
		keys = append(keys, k)
	}
	return keys
}

// get is enc(await storage.get(key)).
func (o *gold) get(ctx context.Context, key string) any {
	var v any
	found, err := o.storage.Get(ctx, key, &v)
	if err == nil && !found {
		return undefined
	}
	return caughtOr(v, err)
}

// list is enc(await storage.list()).
func (o *gold) list(ctx context.Context) any {
	seq, err := o.storage.List(ctx, durable.ListOptions{})
	if err != nil {
		return exceptionOf(err)
	}
	var entries []any
	for k, v := range seq {
		var x any
		if err := v.Decode(&x); err != nil {
			return exceptionOf(err)
		}
		entries = append(entries, k, x)
	}
	return mapOf(entries...)
}

// abortAfter aborts an object unless what was done before has failed.
func abortAfter(err error, st *durable.State, reason string) error {
	if err == nil {
		st.Abort(reason)
	}
	return err
}

func listed(ctx context.Context, o *gold) (any, error) { return o.list(ctx), nil }

func TestGoldenAbortDropsWrites(t *testing.T) {
	t.Parallel()
	golden(t, "DUR02", runs{
		"setup": func(_ context.Context, o *gold) (any, error) { return 1, o.exec("CREATE TABLE IF NOT EXISTS t(x)") },
		"abortNow": func(ctx context.Context, o *gold) (any, error) {
			return nil, abortAfter(errors.Join(o.storage.Put(ctx, "a", 1), o.exec("INSERT INTO t VALUES (1)")), o.st, "my reason")
		},
		"abortLater": func(ctx context.Context, o *gold) (any, error) {
			return nil, abortAfter(errors.Join(o.storage.Put(ctx, "b", 1), o.exec("INSERT INTO t VALUES (2)"), durable.Sleep(ctx, 5*time.Millisecond)), o.st, "later")
		},
		"abortSynced": func(ctx context.Context, o *gold) (any, error) {
			return nil, abortAfter(errors.Join(o.storage.Put(ctx, "c", 1), o.storage.Sync(ctx)), o.st, "")
		},
		"look": func(ctx context.Context, o *gold) (any, error) {
			return map[string]any{"a": o.get(ctx, "a"), "b": o.get(ctx, "b"), "c": o.get(ctx, "c"), "t": o.toArray("SELECT x FROM t")}, nil
		},
	})
}

func TestGoldenBlockThatFails(t *testing.T) {
	t.Parallel()
	golden(t, "DUR03", runs{
		"new": func(ctx context.Context, o *gold) (any, error) {
			return nil, o.st.BlockConcurrencyWhile(ctx, func(ctx context.Context) error {
				var n, poison int
				_, err := o.storage.Get(ctx, "starts", &n)
				found, perr := o.storage.Get(ctx, "poison", &poison)
				if err := errors.Join(err, perr, o.storage.Put(ctx, "starts", n+1)); err != nil {
					return err
				}
				if found && poison == n {
					return errors.Join(o.storage.Put(ctx, "lost", 1), errors.New("ctor fail"))
				}
				return nil
			})
		},
		"look": listed,
		"poison": func(ctx context.Context, o *gold) (any, error) {
			var n int
			_, err := o.storage.Get(ctx, "starts", &n)
			return "poisoned", errors.Join(err, o.storage.Put(ctx, "poison", n))
		},
		"bcw": func(ctx context.Context, o *gold) (any, error) {
			if err := o.storage.Put(ctx, "inBcw", 1); err != nil {
				return nil, err
			}
			return nil, o.st.BlockConcurrencyWhile(ctx, func(ctx context.Context) error {
				if err := o.storage.Put(ctx, "inBcw2", 1); err != nil {
					return err
				}
				return errors.New("bcw fail")
			})
		},
	})
}

func TestGoldenKillLosesBatch(t *testing.T) {
	t.Parallel()
	golden(t, "DUR05", runs{
		"setup": func(_ context.Context, o *gold) (any, error) { return 1, o.exec("CREATE TABLE t(x)") },
		"spin": func(ctx context.Context, o *gold) (any, error) {
			err := errors.Join(o.exec("INSERT INTO t VALUES (1)"), o.storage.Put(ctx, "k", 1))
			o.spin()
			return nil, err
		},
		"waiting": func(ctx context.Context, o *gold) (any, error) {
			return 1, errors.Join(o.exec("INSERT INTO t VALUES (2)"), durable.Sleep(ctx, 20*time.Second))
		},
		"inTxn": func(ctx context.Context, o *gold) (any, error) {
			return nil, o.storage.Transaction(ctx, func(ctx context.Context) error {
				return errors.Join(o.exec("INSERT INTO t VALUES (3)"), durable.Sleep(ctx, 20*time.Second))
			})
		},
		"look": func(ctx context.Context, o *gold) (any, error) {
			return map[string]any{"k": o.get(ctx, "k"), "t": o.toArray("SELECT x FROM t")}, nil
		},
	})
}

func TestGoldenBatchIsVisible(t *testing.T) {
	t.Parallel()
	golden(t, "DUR07", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		if err := errors.Join(o.exec("CREATE TABLE t(x)"), o.storage.Put(ctx, "a", 1), o.exec("INSERT INTO t VALUES (1)")); err != nil {
			return nil, err
		}
		return map[string]any{"sameTurn": o.toArray("SELECT x FROM t"), "kvSame": o.get(ctx, "a")}, o.storage.Sync(ctx)
	}})
}

func TestGoldenInputGate(t *testing.T) {
	t.Parallel()
	inc := func(key string, wait time.Duration) run {
		return func(ctx context.Context, o *gold) (any, error) {
			var n int
			_, err := o.storage.Get(ctx, key, &n)
			if wait > 0 {
				err = errors.Join(err, durable.Sleep(ctx, wait))
			}
			return n + 1, errors.Join(err, o.storage.Put(ctx, key, n+1))
		}
	}
	golden(t, "DUR08", runs{"inc": inc("n", 0), "incTimer": inc("m", 30*time.Millisecond), "look": listed,
		"worker/many": func(ctx context.Context, o *gold) (any, error) {
			stub := o.env.DurableObject("OBJ").GetByName("a")
			all := func(n int, path string) (list []float64) {
				var mu sync.Mutex
				var group sync.WaitGroup
				for range n {
					group.Go(func() {
						v, err := fetchOf(ctx, stub, path)
						if err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						defer mu.Unlock()
						list = append(list, v.(float64))
					})
				}
				group.Wait()
				slices.Sort(list)
				return list
			}
			one, two := all(20, "inc"), all(5, "incTimer")
			final, err := fetchOf(ctx, stub, "look")
			return map[string]any{"inc": one, "incTimer": two, "final": final}, err
		}})
}

func TestGoldenAbortInTransaction(t *testing.T) {
	t.Parallel()
	golden(t, "DUR10", runs{
		"w": func(ctx context.Context, o *gold) (any, error) {
			return nil, abortAfter(o.storage.Put(ctx, "u", 1), o.st, "x")
		},
		"w2": func(ctx context.Context, o *gold) (any, error) {
			return nil, abortAfter(errors.Join(o.storage.Put(ctx, "u2", 1), durable.Sleep(ctx, time.Millisecond)), o.st, "x")
		},
		"w3": func(ctx context.Context, o *gold) (any, error) {
			return nil, o.storage.Transaction(ctx, func(ctx context.Context) error {
				return abortAfter(o.storage.Put(ctx, "u3", 1), o.st, "in txn")
			})
		},
		"w4": func(ctx context.Context, o *gold) (any, error) {
			return nil, abortAfter(o.storage.TransactionSync(func() error { return o.storage.KV().Put("u4", 1) }), o.st, "after txnsync")
		},
		"look": listed,
	})
}

// Asked of the real one: a transaction is durable when it has ended.
func TestAbortAfterTransaction(t *testing.T) {
	t.Parallel()
	s := newObjects(t, methods{"abort": func(ctx context.Context, o *obj) (any, error) {
		st := o.st.Storage()
		return nil, abortAfter(errors.Join(st.Transaction(ctx, func(ctx context.Context) error { return st.Put(ctx, "tb", 1) }), st.Put(ctx, "tc", 1)), o.st, "tb")
	}})
	s.call("a", "abort").want("Error: tb +durableObjectReset")
	if got := jsonOf(s.stored("a")); got != `{"tb":1}` {
		t.Error(got)
	}
}

func TestGoldenOutputGate(t *testing.T) {
	t.Parallel()
	var recorded []struct {
		Messages []string
		Close    *struct{ Code int }
	}
	readJSON(t, filepath.Join(caseDir(t, "DUR06"), "expected.json"), &recorded)
	s := newObjects(t, methods{"new": tables, "rows": func(ctx context.Context, o *obj) (any, error) {
		rows, err := o.st.Storage().SQL().Exec("SELECT * FROM c")
		n := 0
		for err == nil && rows.Next() {
			n++
		}
		return n, err
	}, "ws": func(ctx context.Context, o *obj) (any, error) {
		ws := socketOf(ctx)
		if o.arg == "good" {
			_, err := o.st.Storage().SQL().Exec("INSERT INTO p VALUES (?)", 1)
			return nil, errors.Join(err, ws.Send("sent after good write"))
		}
		err := ws.Send("sent before bad write")
		_, bad := violate(ctx, o)
		return nil, errors.Join(err, bad, ws.Send("must never arrive"))
	}}, emutest.CheckUnread())
	for i, send := range []string{"good", "bad"} {
		want := recorded[i+1]
		c := s.Dial("/a")
		c.Send(send)
		c.Expect(want.Messages...)
		if want.Close != nil {
			c.ExpectLost()
		} else {
			c.ExpectNone()
		}
	}
	s.fetch("a", "rows").want("0")
}

func TestGoldenDisk(t *testing.T) {
	t.Parallel()
	persisted := runs{
		"alarm": func(context.Context, *gold) (any, error) { return nil, nil },
		"touch": func(context.Context, *gold) (any, error) { return "touched", nil },
		"w": func(ctx context.Context, o *gold) (any, error) {
			return o.st.ID().String(), errors.Join(o.storage.Put(ctx, "a", map[string]any{"b": 1}), o.storage.SetAlarm(ctx, time.UnixMilli(4102444800000)),
				o.exec("CREATE TABLE IF NOT EXISTS mine(x INTEGER)"), o.exec("INSERT INTO mine VALUES (7)"))
		},
		"look": func(ctx context.Context, o *gold) (any, error) {
			at, err := o.storage.Alarm(ctx)
			var alarm any
			if !at.IsZero() {
				alarm = at.UnixMilli()
			}
			return map[string]any{"a": o.get(ctx, "a"), "alarm": alarm, "mine": o.toArray("SELECT x FROM mine"), "id": o.st.ID().String(), "name": o.st.ID().Name()}, err
		},
	}
	golden(t, "DISK02", persisted)
	golden(t, "DISK03", persisted)
	golden(t, "DISK04", persisted)
	golden(t, "DISK07", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		ns := o.env.DurableObject("OBJ")
		a := ns.IDFromName("a")
		r := map[string]any{"fromName": a.String(), "self": o.st.ID().String(), "eq": a.Equals(o.st.ID()), "uniqLen": len(ns.NewUniqueID().String()),
			"nameOf": a.Name(), "emptyName": ns.IDFromName("").String(), "emoji": ns.IDFromName("\U0001F600").String()}
		_, err := ns.IDFromString("zz")
		r["bad"] = none(err)
		_, err = ns.IDFromString(strings.Repeat("0", 64))
		r["bad2"] = none(err)
		upper, err := ns.IDFromString(strings.ToUpper(a.String()))
		r["upper"] = caughtOr(upper.Equals(a), err)
		_, err = ns.Jurisdiction("eu")
		r["jur"] = none(err)
		return r, nil
	}})
}
