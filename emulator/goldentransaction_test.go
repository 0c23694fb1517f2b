package emulator_test

// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#transaction

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

func TestGoldenTransactions(t *testing.T) {
	t.Parallel()
	golden(t, "KV10", runs{
		"alarm": func(context.Context, *gold) (any, error) { return nil, nil },
		"run":   func(ctx context.Context, o *gold) (any, error) { return transactions(ctx, o), nil },
		"rollback": func(ctx context.Context, o *gold) (any, error) {
			return rollbacks(ctx, o), o.exec("SELECT 1")
		},
		"txnObject": func(ctx context.Context, o *gold) (any, error) { return map[string]any{}, nil },
		"inc": func(ctx context.Context, o *gold) (v any, err error) {
			return v, o.storage.Transaction(ctx, func(ctx context.Context) error {
				var n int
				_, err := o.storage.Get(ctx, "n", &n)
				v = n + 1
				return errors.Join(err, durable.Sleep(ctx, 20*time.Millisecond), o.storage.Put(ctx, "n", n+1))
			})
		},
		"n": func(ctx context.Context, o *gold) (any, error) { return o.get(ctx, "n"), nil },
		"worker/many": func(ctx context.Context, o *gold) (any, error) {
			stub := o.env.DurableObject("OBJ").GetByName("c")
			list := make([]float64, 5)
			var group sync.WaitGroup
			for i := range list {
				group.Go(func() {
					v, err := fetchOf(ctx, stub, "inc")
					if err != nil {
						t.Error(err)
						return
					}
					list[i] = v.(float64)
				})
			}
			group.Wait()
			slices.Sort(list)
			n, err := fetchOf(ctx, stub, "n")
			return map[string]any{"inc": list, "n": n}, err
		},
	})
	golden(t, "KV11", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		st := o.storage
		r := map[string]any{}
		insert := func(n int) error { return o.exec(fmt.Sprintf("INSERT INTO t VALUES (%d)", n)) }
		if err := o.exec("CREATE TABLE t(x)"); err != nil {
			return nil, err
		}
		r["ret"] = caughtOr(map[string]any{"a": 1}, st.TransactionSync(func() error { return insert(1) }))
		r["thr"] = none(st.TransactionSync(func() error { return failing(insert(2), typeErrorQ) }))
		r["rows"] = o.toArray("SELECT x FROM t")
		r["nested"] = caughtOr("ok", st.TransactionSync(func() error {
			err := insert(3)
			st.TransactionSync(func() error { return failing(insert(4), errors.New("i")) })
			return errors.Join(err, st.TransactionSync(func() error { return insert(5) }))
		}))
		r["rows2"] = o.toArray("SELECT x FROM t")
		r["kv"] = none(st.TransactionSync(func() error { st.KV().Put("a", 1); return errors.New("z") }))
		r["kvA"] = o.get(ctx, "a")
		var rows *durable.Rows
		err := st.TransactionSync(func() (err error) { rows, err = st.SQL().Exec("SELECT x FROM t"); return err })
		n := 0
		for rows.Next() {
			n++
		}
		if n != 3 || err != nil {
			return nil, fmt.Errorf("a cursor of transactionSync has %d rows: %v", n, err)
		}
		r["errInside"] = none(st.TransactionSync(func() error {
			insert(9)
			return o.exec("SELECT * FROM nope")
		}))
		r["caught"] = caughtOr("kept", st.TransactionSync(func() error {
			err := insert(10)
			o.exec("SELECT * FROM nope")
			return err
		}))
		if got := jsonOf(o.toArray("SELECT x FROM t")); got != `[{"x":1},{"x":3},{"x":5},{"x":10}]` {
			return nil, errors.New(got)
		}
		return r, nil
	}})
	golden(t, "KV11b", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		st := o.storage
		r := map[string]any{}
		r["t"] = none(st.TransactionSync(func() error { st.Put(ctx, "a", 1); return errors.New("x") }))
		r["a"] = o.get(ctx, "a")
		r["t2"] = caughtOr(5, st.TransactionSync(func() error { return nil }))
		_, err := st.KV().Get("a", new(any))
		r["kv"], r["kvput"], r["sql"] = none(err), none(st.KV().Put("a", 1)), none(o.exec("SELECT 1"))
		b, err := st.CurrentBookmark(ctx)
		r["bm"] = caughtOr(map[bool]any{true: "string"}[b != ""], err)
		r["txn"] = none(st.Transaction(ctx, func(ctx context.Context) error { st.Put(ctx, "q", 1); return errors.New("r") }))
		r["q"] = o.get(ctx, "q")
		return r, nil
	}})
}

var typeErrorQ = &durable.Error{Name: "TypeError", Message: "q"}

// failing is the error after a step that must not fail.
func failing(step, err error) error {
	if step != nil {
		return step
	}
	return err
}

// steps are what a case does in a transaction: writes must not fail.
type steps struct {
	*gold
	ctx context.Context
	r   map[string]any
}

func (s *steps) ins(n int) {
	if err := s.insert(n); err != nil {
		s.play.t.Errorf("%d: %v", n, err)
	}
}

func (s *steps) wait() {
	if err := durable.Sleep(s.ctx, time.Millisecond); err != nil {
		s.play.t.Error(err)
	}
}

// txn is a transaction with a value.
func (s *steps) txn(f func() (any, error)) (v any) {
	err := s.storage.Transaction(s.ctx, func(context.Context) (err error) {
		v, err = f()
		return err
	})
	return caughtOr(v, err)
}

// ok is a transaction that ends well.
func (s *steps) ok(f func()) { s.txn(func() (any, error) { f(); return nil, nil }) }

func (s *steps) rows(name string) { s.r[name] = s.ofColumn("SELECT x FROM t") }

// transactions is /run of case KV10.
func transactions(ctx context.Context, o *gold) map[string]any {
	s := &steps{o, ctx, map[string]any{}}
	st, r := o.storage, s.r
	fail := func(text string) (any, error) { return nil, errors.New(text) }
	check := func(err error) {
		if err != nil {
			o.play.t.Error(err)
		}
	}
	check(o.exec("CREATE TABLE t(x)"))
	r["ret"] = s.txn(func() (any, error) { s.ins(1); s.wait(); return map[string]any{"a": 1}, nil })
	r["retSync"] = s.txn(func() (any, error) { s.ins(2); return "sync", nil })
	r["retNothing"] = s.txn(func() (any, error) { return undefined, nil })
	s.rows("rows1")
	r["thr"] = s.txn(func() (any, error) { s.ins(3); s.wait(); return nil, typeErrorQ })
	r["thrSync"] = s.txn(func() (any, error) { s.ins(4); return nil, &durable.Error{Name: "RangeError", Message: "s"} })
	r["thrSql"] = s.txn(func() (any, error) { s.ins(5); return nil, o.exec("SELECT * FROM nope") })
	s.rows("rows2")
	r["caughtSql"] = s.txn(func() (any, error) { s.ins(6); o.exec("SELECT * FROM nope"); s.wait(); return "kept", nil })
	s.rows("rows3")
	r["ddl"] = s.txn(func() (any, error) { check(o.exec("CREATE TABLE u(x)")); return fail("d") })
	r["noU"] = o.toArray("SELECT * FROM u")

	check(st.Put(ctx, "before", 1))
	s.ins(7)
	r["beforeKept"] = s.txn(func() (any, error) { check(st.Put(ctx, "in", 1)); s.ins(8); return fail("b") })
	r["keys1"] = o.keys(ctx)
	s.rows("rows4")
	r["ops"] = s.txn(func() (any, error) {
		check(st.PutMany(ctx, map[string]any{"a": 1, "b": 2, "c": 3}))
		_, err := st.Delete(ctx, "b")
		var c int
		_, kerr := st.KV().Get("c", &c)
		return []any{o.get(ctx, "a"), o.get(ctx, "b"), o.keys(ctx), c, len(o.ofColumn("SELECT x FROM t").([]any))}, errors.Join(err, kerr)
	})
	r["keys2"] = o.keys(ctx)

	r["nestedCommit"] = s.txn(func() (any, error) {
		s.ins(10)
		s.ok(func() { s.ins(11); s.wait() })
		s.ins(12)
		return "ok", nil
	})
	s.rows("rows5")
	r["innerThrow"] = s.txn(func() (any, error) {
		s.ins(13)
		e := s.txn(func() (any, error) { s.ins(14); s.wait(); return fail("i") })
		s.ins(15)
		return e, nil
	})
	s.rows("rows6")
	r["outerThrow"] = s.txn(func() (any, error) { s.ins(16); s.ok(func() { s.ins(17) }); return fail("o") })
	r["innerUncaught"] = s.txn(func() (any, error) {
		s.ins(18)
		return nil, st.Transaction(ctx, func(context.Context) error { s.ins(19); return errors.New("u") })
	})
	s.rows("rows7")
	r["three"] = s.txn(func() (any, error) {
		s.ins(20)
		s.ok(func() {
			s.ins(21)
			s.txn(func() (any, error) { s.ins(22); return fail("3") })
			s.ok(func() { s.ins(23) })
		})
		s.txn(func() (any, error) { s.ins(24); s.ok(func() { s.ins(25) }); return fail("2") })
		return "ok", nil
	})
	s.rows("rows8")
	inSync := func(n int, err error) error {
		return st.TransactionSync(func() error { s.ins(n); return err })
	}
	r["syncInside"] = s.txn(func() (any, error) { s.ins(26); inSync(27, errors.New("ts")); return "ok", inSync(28, nil) })
	r["syncInsideThrown"] = s.txn(func() (any, error) { return nil, failing(inSync(29, nil), errors.New("t")) })
	s.rows("rows9")

	alarmThen := func(err error) (any, error) {
		check(err)
		text := "null"
		if at, ok := o.alarm(ctx).(int64); ok {
			text = strconv.FormatInt(at, 10)
		}
		return fail(text)
	}
	check(st.SetAlarm(ctx, farAlarm))
	r["alarm"] = s.txn(func() (any, error) { return alarmThen(st.SetAlarm(ctx, farAlarm.Add(100*time.Second))) })
	r["alarm1"] = o.alarm(ctx)
	r["alarmDel"] = s.txn(func() (any, error) { return alarmThen(st.DeleteAlarm(ctx)) })
	r["alarm2"] = o.alarm(ctx)
	r["alarmKept"] = s.txn(func() (any, error) { return "ok", st.SetAlarm(ctx, farAlarm.Add(200*time.Second)) })
	r["alarm3"] = o.alarm(ctx)

	r["sync"] = s.txn(func() (any, error) { s.ins(30); check(st.Sync(ctx)); return fail("synced") })
	r["bookmark"] = s.txn(func() (any, error) {
		s.ins(31)
		_, err := st.CurrentBookmark(ctx)
		check(err)
		return fail("string")
	})
	r["deleteAll"] = s.txn(func() (any, error) { s.ins(32); return nil, st.DeleteAll(ctx) })
	r["tooBig"] = s.txn(func() (any, error) { check(st.Put(ctx, "ok", 1)); return nil, st.Put(ctx, "big", tooBig) })
	r["tooBigCaught"] = s.txn(func() (any, error) {
		check(st.Put(ctx, "ok2", 1))
		return none(st.PutMany(ctx, map[string]any{"z1": 1, "z2": tooBig})), nil
	})
	s.rows("rows10")
	r["keys3"] = o.keys(ctx)

	var cursor *durable.Rows
	x := func() any { return next(cursor, false).(map[string]any)["value"].(map[string]any)["x"] }
	r["cursor"] = s.txn(func() (_ any, err error) {
		if cursor, err = st.SQL().Exec("SELECT x FROM t ORDER BY x"); err != nil {
			return nil, err
		}
		return x(), nil
	})
	r["cursorAfter"] = x()
	check(o.st.BlockConcurrencyWhile(ctx, func(ctx context.Context) error {
		r["inBlock"] = s.txn(func() (any, error) { s.ins(33); return fail("bcw") })
		return nil
	}))
	s.rows("rows11")
	s.rows("rows12")
	return r
}

// rollbacks is /rollback of case KV10: txn.rollback(), which the Go front end does
// not have.
func rollbacks(ctx context.Context, o *gold) map[string]any {
	s := &steps{o, ctx, map[string]any{}}
	st, r := o.storage, s.r
	type undo = func() error
	txn := func(f func(rollback undo) (any, error)) (v any) {
		t, err := o.driver.Storage().BeginTransaction(ctx, driver.Place{})
		if err != nil {
			return caughtOr(nil, err)
		}
		v, err = f(t.Rollback)
		return caughtOr(v, t.End(err))
	}
	check := func(err error) {
		if err != nil {
			o.play.t.Error(err)
		}
	}
	check(o.exec("DELETE FROM t"))
	r["ret"] = txn(func(rollback undo) (any, error) { s.ins(1); return "value", rollback() })
	r["twice"] = txn(func(rollback undo) (any, error) { s.ins(2); return "twice", errors.Join(rollback(), rollback()) })
	s.rows("rows1")
	r["after"] = txn(func(rollback undo) (any, error) { s.ins(3); check(rollback()); s.ins(4); return "after", nil })
	s.rows("rows2")
	r["afterThrow"] = txn(func(rollback undo) (any, error) { s.ins(5); check(rollback()); s.ins(6); return nil, errors.New("t") })
	s.rows("rows3")
	r["undef"] = txn(func(rollback undo) (any, error) { return undefined, rollback() })

	r["inner"] = txn(func(undo) (any, error) {
		s.ins(7)
		txn(func(rollback undo) (any, error) { s.ins(8); return nil, rollback() })
		s.ins(9)
		return "inner", nil
	})
	s.rows("rows4")
	r["outer"] = txn(func(rollback undo) (any, error) {
		s.ins(10)
		e := txn(func(undo) (any, error) { s.ins(11); return nil, rollback() })
		s.ins(12)
		return e, nil
	})
	s.rows("rows5")
	r["outerCaught"] = txn(func(rollback undo) (any, error) {
		s.ins(13)
		return txn(func(undo) (any, error) { s.ins(14); e := none(rollback()); s.ins(15); return e, nil }), nil
	})
	s.rows("rows6")
	r["outerAfterInner"] = txn(func(rollback undo) (any, error) {
		s.ins(16)
		s.ok(func() { s.ins(17) })
		return "ok", rollback()
	})
	s.rows("rows7")

	check(st.SetAlarm(ctx, farAlarm))
	r["alarm"] = txn(func(rollback undo) (any, error) {
		check(errors.Join(st.SetAlarm(ctx, farAlarm.Add(100*time.Second)), rollback()))
		return o.alarm(ctx), nil
	})
	r["alarm2"] = o.alarm(ctx)
	var late undo
	txn(func(rollback undo) (any, error) { late = rollback; return nil, nil })
	r["late"] = none(late())
	txn(func(rollback undo) (any, error) { late = rollback; return nil, rollback() })
	r["lateRolledBack"] = none(late())
	txn(func(rollback undo) (any, error) { late = rollback; return nil, errors.New("t") })
	r["lateThrown"] = none(late())
	s.rows("rows8")
	return r
}
