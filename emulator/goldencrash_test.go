package emulator_test

// https://developers.cloudflare.com/durable-objects/reference/in-memory-state/#error-handling:
// what is left after handlers that failed, statements that failed, and kill -9.

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
)

var farAlarm = time.UnixMilli(4102444800000)

// tooBig is a value beyond the limit.
var tooBig = make([]byte, 9<<20)

func (o *gold) insert(n int) error { return o.exec(fmt.Sprintf("INSERT INTO t VALUES (%d)", n)) }

func TestGoldenFailures(t *testing.T) {
	// thrown does what f does to the storage, none of which may fail, and throws.
	thrown := func(f func(ctx context.Context, o *gold) error, err error) run {
		return func(ctx context.Context, o *gold) (any, error) {
			o.mem++
			if ferr := f(ctx, o); ferr != nil {
				t.Error(ferr)
			}
			return nil, err
		}
	}
	named := func(name, message string) error { return &durable.Error{Name: name, Message: message} }
	golden(t, "DUR01", runs{
		"alarm": func(context.Context, *gold) (any, error) { return nil, nil },
		"setup": func(ctx context.Context, o *gold) (any, error) {
			o.mem++
			return o.mem, o.exec("CREATE TABLE t(x UNIQUE)")
		},
		"thr": func(ctx context.Context, o *gold) (any, error) {
			o.mem++
			if err := errors.Join(o.storage.Put(ctx, "a", 1)); err != nil {
				return nil, err
			}
			if err := o.insert(1); err != nil {
				return nil, err
			}
			return nil, errors.New("boom")
		},
		"thrLater": thrown(func(ctx context.Context, o *gold) error {
			return errors.Join(o.storage.Put(ctx, "b", 1), durable.Sleep(ctx, 5*time.Millisecond), o.insert(2))
		}, named("TypeError", "later")),
		"thrUnawaited": thrown(func(ctx context.Context, o *gold) error {
			return errors.Join(o.storage.Put(ctx, "c", 1), o.insert(3))
		}, named("RangeError", "unawaited")),
		"thrSql": func(ctx context.Context, o *gold) (any, error) {
			o.mem++
			if err := o.insert(4); err != nil {
				t.Error(err)
			}
			return nil, o.insert(1)
		},
		"thrSync": thrown(func(ctx context.Context, o *gold) error {
			return o.storage.TransactionSync(func() error { return o.insert(5) })
		}, errors.New("after sync")),
		"thrInSync": func(ctx context.Context, o *gold) (any, error) {
			o.mem++
			return nil, failing(o.insert(6), o.storage.TransactionSync(func() error { return failing(o.insert(7), errors.New("in sync")) }))
		},
		"thrTxn": thrown(func(ctx context.Context, o *gold) error {
			return o.storage.Transaction(ctx, func(ctx context.Context) error { return o.insert(8) })
		}, errors.New("after txn")),
		"thrInTxn": func(ctx context.Context, o *gold) (any, error) {
			o.mem++
			return nil, failing(o.insert(9), o.storage.Transaction(ctx, func(ctx context.Context) error { return failing(o.insert(10), errors.New("in txn")) }))
		},
		"thrAlarm":  thrown(func(ctx context.Context, o *gold) error { return o.storage.SetAlarm(ctx, farAlarm) }, errors.New("alarm set")),
		"thrDelete": thrown(func(ctx context.Context, o *gold) error { _, err := o.storage.Delete(ctx, "a"); return err }, errors.New("deleted")),
		"thrAll": thrown(func(ctx context.Context, o *gold) error {
			return errors.Join(o.storage.DeleteAll(ctx), o.storage.Put(ctx, "d", 1))
		}, errors.New("all deleted")),
		"wu": func(ctx context.Context, o *gold) (any, error) {
			o.mem++
			o.st.WaitUntil(func(ctx context.Context) error {
				return failing(errors.Join(durable.Sleep(ctx, 5*time.Millisecond), o.storage.Put(ctx, "w", 1)), errors.New("wait until"))
			})
			return "ok", nil
		},
		"look": func(ctx context.Context, o *gold) (any, error) {
			return map[string]any{"mem": o.mem, "list": o.list(ctx), "alarm": o.alarm(ctx), "t": o.ofColumn("SELECT x FROM t")}, nil
		},
	})
	// done does what f does and answers 1.
	done := func(f func(ctx context.Context, o *gold) error) run {
		return func(ctx context.Context, o *gold) (any, error) { return 1, f(ctx, o) }
	}
	golden(t, "DUR04", runs{
		"alarm":     func(context.Context, *gold) (any, error) { return nil, nil },
		"setup":     done(func(ctx context.Context, o *gold) error { return o.exec("CREATE TABLE IF NOT EXISTS t(x)") }),
		"put":       done(func(ctx context.Context, o *gold) error { return o.storage.Put(ctx, "awaited", 1) }),
		"unawaited": done(func(ctx context.Context, o *gold) error { return o.storage.Put(ctx, "unawaited", 1) }),
		"sql":       done(func(ctx context.Context, o *gold) error { return o.insert(1) }),
		"kv": done(func(ctx context.Context, o *gold) error {
			return o.storage.KV().Put("sync", map[string]any{"a": []any{1, "x"}})
		}),
		"synced": done(func(ctx context.Context, o *gold) error {
			return errors.Join(o.storage.Put(ctx, "synced", 1), o.storage.Sync(ctx))
		}),
		"txn": done(func(ctx context.Context, o *gold) error {
			return o.storage.Transaction(ctx, func(ctx context.Context) error { return errors.Join(o.storage.Put(ctx, "txn", 1), o.insert(2)) })
		}),
		"txnSync": done(func(ctx context.Context, o *gold) error {
			return o.storage.TransactionSync(func() error { return errors.Join(o.storage.KV().Put("txnSync", 1), o.insert(3)) })
		}),
		"del":      done(func(ctx context.Context, o *gold) error { _, err := o.storage.Delete(ctx, "awaited"); return err }),
		"thrown":   thrown(func(ctx context.Context, o *gold) error { return o.storage.Put(ctx, "thrown", 1) }, errors.New("boom")),
		"alarmSet": done(func(ctx context.Context, o *gold) error { return o.storage.SetAlarm(ctx, farAlarm) }),
		"alarmDel": done(func(ctx context.Context, o *gold) error { return o.storage.DeleteAlarm(ctx) }),
		"all": done(func(ctx context.Context, o *gold) error {
			return errors.Join(o.storage.DeleteAll(ctx), o.storage.Put(ctx, "after", 1))
		}),
		"inc": func(ctx context.Context, o *gold) (any, error) {
			var n int
			_, err := o.storage.Get(ctx, "n", &n)
			return n + 1, errors.Join(err, o.storage.Put(ctx, "n", n+1))
		},
		"look": func(ctx context.Context, o *gold) (any, error) {
			return map[string]any{"list": o.list(ctx), "alarm": o.alarm(ctx), "t": o.ofColumn("SELECT x FROM t")}, nil
		},
	})
}

// TestGoldenBatch: what fails in a batch does not take the rest with it, unless it
// rolls the transaction back.
func TestGoldenBatch(t *testing.T) {
	put := func(ctx context.Context, o *gold, key string) {
		if err := o.storage.Put(ctx, key, 1); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	insert := func(o *gold, n int) {
		if err := o.insert(n); err != nil {
			t.Error(err)
		}
	}
	// written is rowsWritten of a statement.
	written := func(query string) run {
		return func(ctx context.Context, o *gold) (any, error) {
			return o.query(func(rows *durable.Rows) any { return rows.RowsWritten() }, query), nil
		}
	}
	const rollback = "INSERT OR ROLLBACK INTO t VALUES (0)"
	golden(t, "DUR09", runs{
		"setup": func(ctx context.Context, o *gold) (any, error) {
			o.mem++
			return o.mem, o.exec("CREATE TABLE t(x UNIQUE); CREATE TABLE g(x); CREATE TRIGGER tr BEFORE INSERT ON g WHEN NEW.x < 0 BEGIN SELECT RAISE(ROLLBACK, 'rolled back'); END; INSERT INTO t VALUES (0)")
		},
		"caught": func(ctx context.Context, o *gold) (any, error) {
			put(ctx, o, "a")
			e := o.toArray("INSERT INTO t VALUES (1), (0)")
			insert(o, 2)
			put(ctx, o, "b")
			return e, nil
		},
		"uncaught": func(ctx context.Context, o *gold) (any, error) {
			put(ctx, o, "c")
			insert(o, 3)
			return nil, o.insert(0)
		},
		"unawaited": func(ctx context.Context, o *gold) (any, error) {
			insert(o, 4)
			o.storage.Put(ctx, "fn", func() {})
			put(ctx, o, "d")
			return "ok", nil
		},
		"rejected": func(ctx context.Context, o *gold) (any, error) {
			insert(o, 5)
			o.storage.Put(ctx, "fn", func() {})
			put(ctx, o, "e")
			return "ok", nil
		},
		"big": func(ctx context.Context, o *gold) (any, error) {
			put(ctx, o, "f")
			o.storage.Put(ctx, "big", tooBig)
			put(ctx, o, "g")
			return "ok", nil
		},
		"bigThrown": func(ctx context.Context, o *gold) (any, error) {
			put(ctx, o, "h")
			return nil, o.storage.Put(ctx, "big", tooBig)
		},
		"bigRejected": func(ctx context.Context, o *gold) (any, error) {
			put(ctx, o, "i")
			o.storage.Put(ctx, "big", tooBig)
			insert(o, 6)
			return "ok", nil
		},
		"many": func(ctx context.Context, o *gold) (any, error) {
			put(ctx, o, "j")
			err := o.storage.PutMany(ctx, map[string]any{"k1": 1, "k2": tooBig, "k3": 1})
			put(ctx, o, "l")
			return none(err), nil
		},
		"sync": func(ctx context.Context, o *gold) (any, error) {
			kv := o.storage.KV()
			err := kv.Put("m", 1)
			e := none(kv.Put("big", tooBig))
			return e, errors.Join(err, kv.Put("n", 1))
		},
		"orFail": func(ctx context.Context, o *gold) (any, error) {
			put(ctx, o, "o")
			return o.toArray("INSERT OR FAIL INTO t VALUES (7), (0), (8)"), nil
		},
		"orIgnore":  written("INSERT OR IGNORE INTO t VALUES (9), (0), (10)"),
		"orReplace": written("INSERT OR REPLACE INTO t VALUES (0)"),
		"multi": func(ctx context.Context, o *gold) (any, error) {
			return o.toArray("INSERT INTO t VALUES (11); INSERT INTO t VALUES (0); INSERT INTO t VALUES (12)"), nil
		},
		"syntax": func(ctx context.Context, o *gold) (any, error) {
			put(ctx, o, "p")
			e := []any{o.toArray("INSERT INTO t VALUES"), o.toArray("INSERT INTO nope VALUES (1)"), o.toArray("INSERT INTO t VALUES (?)")}
			insert(o, 13)
			return e, nil
		},
		"synced": func(ctx context.Context, o *gold) (any, error) {
			put(ctx, o, "q")
			return o.toArray("INSERT INTO t VALUES (0)"), o.storage.Sync(ctx)
		},
		"inTxn": func(ctx context.Context, o *gold) (any, error) {
			return caughtOr("ok", o.storage.Transaction(ctx, func(ctx context.Context) error {
				insert(o, 14)
				o.insert(0)
				put(ctx, o, "r")
				return nil
			})), nil
		},
		"aborted": func(ctx context.Context, o *gold) (any, error) {
			put(ctx, o, "s")
			o.insert(0)
			o.st.Abort("aborted")
			return nil, nil
		},
		"orRollback": func(ctx context.Context, o *gold) (any, error) {
			o.mem++
			put(ctx, o, "x1")
			insert(o, 20)
			return o.toArray(rollback), nil
		},
		"orRollbackGoesOn": func(ctx context.Context, o *gold) (any, error) {
			o.mem++
			insert(o, 21)
			o.exec(rollback)
			e := o.toArray("INSERT INTO t VALUES (22)")
			return e, o.storage.Put(ctx, "x2", 1)
		},
		"orRollbackSync": func(ctx context.Context, o *gold) (any, error) {
			o.mem++
			return caughtOr("ok", o.storage.TransactionSync(func() error {
				insert(o, 23)
				o.exec(rollback)
				return nil
			})), nil
		},
		"orRollbackTxn": func(ctx context.Context, o *gold) (any, error) {
			o.mem++
			return caughtOr("ok", o.storage.Transaction(ctx, func(ctx context.Context) error {
				insert(o, 24)
				o.exec(rollback)
				return nil
			})), nil
		},
		"orRollbackSyncThrow": func(ctx context.Context, o *gold) (any, error) {
			o.mem++
			return caughtOr("ok", o.storage.TransactionSync(func() error { insert(o, 26); return o.exec(rollback) })), nil
		},
		"orRollbackTxnThrow": func(ctx context.Context, o *gold) (any, error) {
			o.mem++
			return caughtOr("ok", o.storage.Transaction(ctx, func(context.Context) error { insert(o, 27); return o.exec(rollback) })), nil
		},
		"orRollbackTxnInner": func(ctx context.Context, o *gold) (any, error) {
			o.mem++
			return caughtOr("ok", o.storage.Transaction(ctx, func(ctx context.Context) error {
				insert(o, 28)
				o.storage.Transaction(ctx, func(context.Context) error { return o.exec(rollback) })
				return nil
			})), nil
		},
		"orRollbackFirst": func(ctx context.Context, o *gold) (any, error) { o.mem++; return o.toArray(rollback), nil },
		"raise": func(ctx context.Context, o *gold) (any, error) {
			o.mem++
			insert(o, 25)
			return o.toArray("INSERT INTO g VALUES (-1)"), nil
		},
		"rows": func(ctx context.Context, o *gold) (any, error) {
			return map[string]any{"mem": o.mem, "t": o.ofColumn("SELECT x FROM t ORDER BY x"), "keys": o.keys(ctx)}, nil
		},
	})
}
