package emulator_test

// https://developers.cloudflare.com/durable-objects/api/legacy-kv-storage-api/

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
)

// listKeys is [...(await storage.list(opts)).keys()].
func listKeys(ctx context.Context, o *gold, opts durable.ListOptions) any {
	seq, err := o.storage.List(ctx, opts)
	if err != nil {
		return exceptionOf(err)
	}
	keys := []any{}
	for k := range seq {
		keys = append(keys, k)
	}
	return keys
}

// getMany is await storage.get(keys).
func getMany(ctx context.Context, o *gold, keys ...string) any {
	seq, err := o.storage.GetMany(ctx, keys...)
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
	if entries == nil {
		return map[string]any{"$": "Map", "v": []any{}}
	}
	return mapOf(entries...)
}

func TestGoldenGet(t *testing.T) {
	t.Parallel()
	golden(t, "KV03", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		r := map[string]any{}
		put := func(k string, v any) { r[""] = none(o.storage.Put(ctx, k, v)); delete(r, "") }
		if err := o.storage.PutMany(ctx, map[string]any{"b": 2, "a": 1, "c": 3}); err != nil {
			return nil, err
		}
		r["missing"], r["multi"], r["emptyArr"] = o.get(ctx, "zz"), getMany(ctx, o, "c", "zz", "a", "c"), getMany(ctx, o)
		for _, kv := range [][2]string{{"5", "five"}, {"null", "n"}, {"undefined", "u"}, {"", "emptykey"}, {"a\x00b", "nul"}} {
			put(kv[0], kv[1])
		}
		r["five"], r["nullkey"], r["undefkey"] = o.get(ctx, "5"), o.get(ctx, "null"), o.get(ctx, "undefined")
		r["emptykey"], r["nulkey"], r["nulkey2"] = o.get(ctx, ""), o.get(ctx, "a\x00b"), o.get(ctx, "a")
		r["keys"] = listKeys(ctx, o, durable.ListOptions{})
		return r, nil
	}})
}

func TestGoldenPut(t *testing.T) {
	t.Parallel()
	golden(t, "KV04", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		st := o.storage
		r := map[string]any{}
		r["undef"] = none(st.Put(ctx, "k", durable.Value{}))
		r["ret"] = none(st.Put(ctx, "k", 1))
		r["multi"] = none(st.PutMany(ctx, map[string]any{"x": 1, "y": durable.Value{}, "z": 3}))
		r["list"] = o.list(ctx)
		r["opts"] = none(st.PutMany(ctx, map[string]any{"q": 1}))
		r["empty"] = none(st.PutMany(ctx, nil))
		r["list2"] = o.list(ctx)
		// A value that cannot be cloned is refused by the conversion, in Go's words.
		if err := st.PutMany(ctx, map[string]any{"good": 1, "bad": func() {}}); err == nil || !strings.Contains(err.Error(), "func()") {
			return nil, fmt.Errorf("a function was stored: %v", err)
		}
		r["good"] = o.get(ctx, "good")
		return r, nil
	}})
}

func TestGoldenDelete(t *testing.T) {
	t.Parallel()
	golden(t, "KV05", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		st := o.storage
		r := map[string]any{}
		del := func(key string) any {
			existed, err := st.Delete(ctx, key)
			return caughtOr(existed, err)
		}
		delMany := func(keys ...string) any {
			n, err := st.DeleteMany(ctx, keys...)
			return caughtOr(n, err)
		}
		tables := func() any {
			names := []any{}
			for row := range o.rows("SELECT name FROM sqlite_master WHERE name LIKE '!_cf!_%' ESCAPE '!'") {
				names = append(names, row[0])
			}
			return names
		}
		keys := func() any { return listKeys(ctx, o, durable.ListOptions{}) }
		r["tables0"], r["missing0"], r["tables1"] = tables(), o.get(ctx, "a"), tables()
		r["empty0"], r["tables2"] = delMany(), tables()
		r["del0"], r["tables3"] = del("a"), tables()
		entries := map[string]any{"5": "five", "null": "n", "undefined": "u", "": "empty", "x\x00y": "nul", "é": "latin", "\U0001F600": "emoji", "[object Object]": "o", "a,b": "ab"}
		for i, k := range "abcdefg" {
			entries[string(k)] = i + 1
		}
		if err := st.PutMany(ctx, entries); err != nil {
			return nil, err
		}
		r["one"], r["again"], r["gone"], r["missing"] = del("a"), del("a"), o.get(ctx, "a"), del("zz")
		r["many"], r["dup"], r["allMissing"], r["emptyArr"], r["oneArr"] = delMany("b", "c", "zz"), delMany("d", "d", "d"), delMany("b", "c"), delMany(), delMany("e")
		r["emptyKey"], r["emptyKey2"], r["nulPrefix"], r["nul"] = del(""), del(""), del("x"), del("x\x00y")
		r["latin"], r["emoji"], r["keys"] = del("é"), del("\U0001F600"), keys()
		r["num"], r["nullKey"], r["undefKey"], r["objKey"] = del("5"), del("null"), del("undefined"), del("[object Object]")
		r["set"], r["arrNum"], r["g"] = del("[object Set]"), delMany("5", "null", "f"), o.get(ctx, "g")
		del("g")
		r["keys2"] = keys()
		put := func(k string, v any) {
			if err := st.Put(ctx, k, v); err != nil {
				t.Error(err)
			}
		}
		put("h", 1)
		r["unawaitedPut"] = del("h")
		p := del("h")
		put("h", 2)
		r["unawaitedDel"] = []any{p, o.get(ctx, "h")}
		del("h")
		r["afterDel"] = o.get(ctx, "h")
		put("h", 3)
		r["putAgain"] = o.get(ctx, "h")
		put("n", nil)
		r["nullValue"] = del("n")
		err := st.KV().Put("u", durable.Value{})
		r["undefValue"] = del("u")
		sync := []any{}
		for _, k := range []string{"h", "h", ""} {
			existed, err := st.KV().Delete(k)
			sync = append(sync, caughtOr(existed, err))
		}
		r["sync"] = sync
		thousand := map[string]any{}
		var names []string
		for i := range 1001 {
			names = append(names, fmt.Sprint("k", i))
			if i < 1000 {
				thousand[names[i]] = i
			}
		}
		err = errors.Join(err, st.PutMany(ctx, thousand))
		r["thousand"] = delMany(names...)
		long := strings.Repeat("k", 100000)
		put(long, 1)
		r["long"] = []any{del(long), del(long)}
		put("p", 1)
		put("q", 2)
		r["rolledBack"] = none(st.Transaction(ctx, func(ctx context.Context) error { delMany("p", "q"); return errors.New("r") }))
		r["keys3"] = keys()
		r["rolledBackSync"] = none(st.TransactionSync(func() error { st.KV().Delete("p"); return errors.New("r") }))
		r["keys4"] = keys()
		del("p")
		r["keys5"] = keys()
		return r, err
	}})
}

func TestGoldenList(t *testing.T) {
	t.Parallel()
	golden(t, "KV06", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		entries := map[string]any{}
		for i, k := range []string{"a", "A", "b", "ab", "a:1", "a:2", "é", "\U0001F600", "\uFFFD", "~", "10", "9"} {
			entries[k] = i + 1
		}
		if err := o.storage.PutMany(ctx, entries); err != nil {
			return nil, err
		}
		r := map[string]any{"isMap": true}
		for name, opts := range map[string]durable.ListOptions{
			"all": {}, "rev": {Reverse: true}, "prefix": {Prefix: "a"}, "prefixc": {Prefix: "a:"}, "start": {Start: "a:1"}, "startAfter": {StartAfter: "a:1"},
			"end": {End: "a"}, "range": {Start: "A", End: "ab"}, "limit": {Limit: 2}, "revlimit": {Reverse: true, Limit: 2}, "revstart": {Reverse: true, Start: "a:1", End: "b"},
			"both": {Start: "a", StartAfter: "a"}, "limneg": {Limit: -1}, "limbig": {Limit: 5e9}, "empty": {Start: "b", End: "a"}, "eq": {Start: "a", End: "a"},
			"prefstart": {Prefix: "a", Start: "a:2"}, "prefstartout": {Prefix: "a", Start: "b"}, "prefend": {Prefix: "a", End: "a:2"}, "prefendout": {Prefix: "b", End: "a"},
			"prefempty": {Prefix: ""}, "emoji": {Prefix: "\U0001F600"}, "nul": {}, "undefs": {}, "nullprefix": {Prefix: "null"}, "prefAfter": {Prefix: "a", StartAfter: "a"},
		} {
			r[name] = listKeys(ctx, o, opts)
		}
		return r, nil
	}})
}

func TestGoldenKVLimits(t *testing.T) {
	t.Parallel()
	golden(t, "KV07", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		st := o.storage
		r := map[string]any{}
		for name, n := range map[string]int{"key2048": 2048, "key2049": 2049, "key100k": 100000} {
			r[name] = none(st.Put(ctx, strings.Repeat("k", n), 1))
		}
		for _, v := range []struct {
			name string
			n    int
		}{{"val128k", 131072}, {"val129k", 131073 + 1024}, {"val2m", 2<<20 - 100}, {"val2mplus", 2<<20 + 1000}, {"val4mminus", 4<<20 - 200}, {"val4m", 4 << 20}, {"val5m", 5 << 20}} {
			r[v.name] = none(st.Put(ctx, "v", make([]byte, v.n)))
		}
		var v []byte
		_, err := st.Get(ctx, "v", &v)
		r["vlen"] = len(v)
		keys := func(n int) (list []string) {
			for i := range n {
				list = append(list, fmt.Sprint("m", i))
			}
			return list
		}
		for _, n := range []int{128, 129, 1000} {
			entries := map[string]any{}
			for i, k := range keys(n) {
				entries[k] = i
			}
			r[fmt.Sprint("put", n)] = none(st.PutMany(ctx, entries))
		}
		for _, n := range []int{129, 1000} {
			seq, gerr := st.GetMany(ctx, keys(n)...)
			found := 0
			for range seq {
				found++
			}
			r[fmt.Sprint("get", n)] = found
			err = errors.Join(err, gerr)
		}
		for _, n := range []int{129, 1000} {
			existed, derr := st.DeleteMany(ctx, keys(n)...)
			r[fmt.Sprint("del", n)] = caughtOr(existed, derr)
		}
		return r, err
	}})
}

func TestGoldenSQLiteLimits(t *testing.T) {
	t.Parallel()
	golden(t, "KV07c", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		st, sql := o.storage, o.storage.SQL()
		r := map[string]any{}
		for _, mb := range []int{6, 8, 12, 16, 24, 31, 32, 33} {
			err := st.Put(ctx, "v", make([]byte, mb<<20))
			if err == nil {
				_, err = st.Delete(ctx, "v")
			}
			r[fmt.Sprintf("v%dMiB", mb)] = none(err)
		}
		big := errors.Join(o.exec("CREATE TABLE IF NOT EXISTS big(x)"), o.exec("INSERT INTO big VALUES (?)", make([]byte, 5<<20)))
		r["sql5"] = caughtOr("ok", big)
		// The largest that works, found by halving between the two.
		largest := func(lo, hi int, f func(n int) error) any {
			for lo+1 < hi {
				if m := (lo + hi) / 2; f(m) == nil {
					lo = m
				} else {
					hi = m
				}
			}
			return lo
		}
		one := func(query string, args ...any) error {
			rows, err := sql.Exec(query, args...)
			if err != nil {
				return err
			}
			var v any
			return rows.One(&v)
		}
		const around = 8388608
		r["maxZeroblob"] = largest(around-1000, around+1000, func(n int) error { return one(fmt.Sprintf("SELECT length(zeroblob(%d))", n)) })
		r["maxBoundBlob"] = largest(around, around+64, func(n int) error { return one("SELECT length(?)", make([]byte, n)) })
		r["maxRowBlob"] = largest(around, around+64, func(n int) error {
			return errors.Join(o.exec("DELETE FROM big"), o.exec(fmt.Sprintf("INSERT INTO big VALUES (zeroblob(%d))", n)), o.exec("DELETE FROM big"))
		})
		r["maxKvValueKey1"] = largest(around, around+64, func(n int) error {
			err := st.KV().Put("k", make([]byte, n))
			_, derr := st.KV().Delete("k")
			return errors.Join(err, derr)
		})
		r["maxLike"] = largest(1, 1000, func(n int) error { return one("SELECT 'a' LIKE ?", strings.Repeat("a", n)) })
		r["maxStmt"] = largest(100, 2e5, func(n int) error { return one("SELECT '" + strings.Repeat("a", n-9) + "'") })
		r["maxDepth"] = largest(10, 2000, func(n int) error { return one("SELECT 1" + strings.Repeat("+1", n-1)) })
		return r, nil
	}})
}

func TestGoldenSyncKVBigValue(t *testing.T) {
	t.Parallel()
	golden(t, "KV07d", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		kv := o.storage.KV()
		r := map[string]any{}
		for _, mb := range []int{1, 3, 4, 5, 16} {
			err := kv.Put("v", make([]byte, mb<<20))
			if err == nil {
				_, err = kv.Delete("v")
			}
			r[fmt.Sprintf("v%dMiB", mb)] = none(err)
		}
		r["key"] = none(kv.Put(strings.Repeat("k", 3000), 1))
		return r, nil
	}})
}

func TestGoldenDeleteAll(t *testing.T) {
	t.Parallel()
	golden(t, "KV09", runs{"alarm": func(context.Context, *gold) (any, error) { return nil, nil }, "run": func(ctx context.Context, o *gold) (any, error) {
		st := o.storage
		r := map[string]any{}
		if err := errors.Join(st.PutMany(ctx, map[string]any{"a": 1, "b": 2}), o.exec("CREATE TABLE t(x)"), o.exec("INSERT INTO t VALUES (1)"), st.SetAlarm(ctx, durable.Now(ctx).Add(time.Hour))); err != nil {
			return nil, err
		}
		r["ret"] = none(st.DeleteAll(ctx))
		r["list"] = getMany(ctx, o)
		r["table"] = o.toArray("SELECT * FROM t")
		at, err := st.Alarm(ctx)
		r["alarm"] = caughtOr(map[bool]any{false: at}[at.IsZero()], err)
		r["tables"] = o.toArray("SELECT name FROM sqlite_master")
		r["size"] = st.SQL().DatabaseSize()
		r["intxn"] = none(st.Transaction(ctx, func(ctx context.Context) error { return st.DeleteAll(ctx) }))
		if err := st.TransactionSync(func() error { return st.DeleteAll(ctx) }); caught(err) != "Error: Cannot call deleteAll() within a transaction" {
			return nil, fmt.Errorf("in transactionSync: %v", err)
		}
		if err := o.exec("CREATE TABLE t(x); INSERT INTO t VALUES (1),(2),(3)"); err != nil {
			return nil, err
		}
		rows, err := st.SQL().Exec("SELECT * FROM t")
		if err != nil || !rows.Next() {
			return nil, fmt.Errorf("no row: %v", err)
		}
		r["again"] = none(st.DeleteAll(ctx))
		rows.Next()
		r["cursorAfter"] = none(rows.Err())
		err = st.Put(ctx, "z", 1)
		r["putAfter"] = caughtOr(o.get(ctx, "z"), err)
		return r, nil
	}})
}

func TestGoldenDeleteAllKeepsAlarm(t *testing.T) {
	t.Parallel()
	golden(t, "KV09b", runs{"alarm": func(context.Context, *gold) (any, error) { return nil, nil }, "run": func(ctx context.Context, o *gold) (any, error) {
		st := o.storage
		r := map[string]any{}
		err := errors.Join(st.SetAlarm(ctx, time.UnixMilli(4102444800000)), st.DeleteAll(ctx))
		at, aerr := st.Alarm(ctx)
		r["alarm"], r["t"] = at.UnixMilli(), o.toArray("SELECT name FROM sqlite_master")
		err = errors.Join(err, aerr, st.DeleteAlarm(ctx))
		at, aerr = st.Alarm(ctx)
		r["alarm2"] = map[bool]any{false: at}[at.IsZero()]
		return r, errors.Join(err, aerr)
	}})
}

func TestGoldenBookmarks(t *testing.T) {
	t.Parallel()
	golden(t, "PITR01", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		st := o.storage
		r := map[string]any{}
		for _, name := range []string{"cur", "cur2", "cur3"} {
			if name == "cur3" {
				if err := st.Put(ctx, "a", 1); err != nil {
					return nil, err
				}
			}
			b, err := st.CurrentBookmark(ctx)
			r[name] = caughtOr(b, err)
		}
		_, err := st.BookmarkForTime(ctx, durable.Now(ctx))
		r["time"], r["timeDate"] = none(err), none(err)
		_, err = st.OnNextSessionRestoreBookmark(ctx, r["cur"].(string))
		r["restore"] = none(err)
		return r, nil
	}})
}

func TestGoldenSyncKV(t *testing.T) {
	t.Parallel()
	golden(t, "SK01", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		kv := o.storage.KV()
		r := map[string]any{}
		get := func(k string) any {
			var v durable.Value
			found, err := kv.Get(k, &v)
			if err != nil || !found {
				return none(err)
			}
			var x any
			if v.Decode(&x) != nil {
				return "?"
			}
			if u, ok := x.(durable.Value); ok && jsonOf(u) == "{}" {
				return undefined
			}
			return x
		}
		list := func(opts durable.ListOptions) any {
			seq, err := kv.List(opts)
			if err != nil {
				return exceptionOf(err)
			}
			all := []any{}
			for k, v := range seq {
				var x any
				v.Decode(&x)
				if _, ok := x.(durable.Value); ok {
					x = undefined
				}
				all = append(all, []any{k, x})
			}
			return all
		}
		del := func(k string) any {
			existed, err := kv.Delete(k)
			return caughtOr(existed, err)
		}
		r["put"] = none(kv.Put("a", map[string]any{"x": 1}))
		r["get"], r["miss"], r["asyncSee"] = get("a"), get("zz"), o.get(ctx, "a")
		r["undef"], r["undefGet"] = none(kv.Put("u", durable.Value{})), get("u")
		keys := []any{}
		for _, e := range list(durable.ListOptions{}).([]any) {
			keys = append(keys, e.([]any)[0])
		}
		r["undefHas"] = keys
		r["del"], r["del2"] = del("a"), del("a")
		for _, k := range []string{"d", "b", "c", "a"} {
			if err := kv.Put(k, k); err != nil {
				return nil, err
			}
		}
		r["list"], r["rev"] = list(durable.ListOptions{}), list(durable.ListOptions{Reverse: true, Limit: 2})
		r["pre"], r["empty"] = list(durable.ListOptions{Prefix: "b"}), list(durable.ListOptions{Start: "z", End: "a"})
		r["lim0"], r["both"] = list(durable.ListOptions{Limit: -1}), list(durable.ListOptions{Start: "a", StartAfter: "b"})
		one, err := kv.List(durable.ListOptions{})
		if err != nil {
			return nil, err
		}
		func() {
			defer func() {
				if p, ok := recover().(error); ok {
					r["inval"] = exceptionOf(p)
				}
			}()
			for range one {
				if _, err := kv.List(durable.ListOptions{}); err != nil {
					panic(err)
				}
			}
		}()
		seen := []any{}
		live, err := kv.List(durable.ListOptions{})
		if err != nil {
			return nil, err
		}
		for k := range live {
			seen = append(seen, k)
			del("c")
			if err := kv.Put("zz", 1); err != nil {
				return nil, err
			}
		}
		r["mut"] = seen
		r["big"] = none(kv.Put("big", bytes.Repeat([]byte{0}, 5<<20)))
		return r, nil
	}})
}
