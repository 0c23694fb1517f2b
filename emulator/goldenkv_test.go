package emulator_test

// https://developers.cloudflare.com/durable-objects/api/legacy-kv-storage-api/

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// enc is a value as the recordings have it.
func enc(v driver.Value) any {
	switch v := v.(type) {
	case nil, driver.Undefined:
		return undefined
	case driver.Null, driver.Hole:
		return nil
	case driver.Bool:
		return bool(v)
	case driver.Number:
		switch n := float64(v); {
		case math.IsNaN(n):
			return map[string]any{"$": "NaN"}
		case math.IsInf(n, 1):
			return map[string]any{"$": "Infinity"}
		case math.IsInf(n, -1):
			return map[string]any{"$": "-Infinity"}
		case n == 0 && math.Signbit(n):
			return map[string]any{"$": "-0"}
		default:
			return n
		}
	case driver.String:
		return string(v)
	case driver.BigInt:
		return map[string]any{"$": "bigint", "v": v.Int.String()}
	case *driver.Date:
		return map[string]any{"$": "Date", "v": v.Milliseconds}
	case *driver.RegExp:
		flags := ""
		for i, c := range "gimy" {
			if v.Flags&(1<<i) != 0 {
				flags += string(c)
			}
		}
		return map[string]any{"$": "RegExp", "v": "/" + v.Source + "/" + flags}
	case *driver.ErrorValue:
		return map[string]any{"$": "Error", "name": v.Name, "message": *v.Message}
	case *driver.Map:
		var entries []any
		for _, e := range v.Entries {
			entries = append(entries, enc(e.Key), enc(e.Value))
		}
		return mapOf(entries...)
	case *driver.Set:
		return map[string]any{"$": "Set", "v": encAll(v.Values)}
	case *driver.ArrayBuffer:
		return encBytes("ArrayBuffer", v.Data)
	case *driver.View:
		return encBytes(v.Kind.String(), v.Bytes())
	case *driver.Array:
		return encAll(v.Elements)
	case *driver.Boxed:
		name := "String"
		if _, ok := v.Value.(driver.Bool); ok {
			name = "Boolean"
		}
		return map[string]any{"$": name, "v": enc(v.Value)}
	case *driver.Object:
		o := map[string]any{}
		for _, p := range v.Properties {
			o[p.Key] = enc(p.Value)
		}
		return o
	}
	return fmt.Sprintf("%T", v)
}

func encAll(list []driver.Value) any {
	out := []any{}
	for _, v := range list {
		out = append(out, enc(v))
	}
	return out
}

func encBytes(kind string, b []byte) any {
	out := []any{}
	for _, c := range b {
		out = append(out, float64(c))
	}
	return map[string]any{"$": kind, "v": out}
}

func ref[T any](v T) *T { return &v }

// valuesOfKV01 are the values of cases KV01 and KV01b.
func valuesOfKV01() map[string]driver.Value {
	number, text := driver.Number(1), driver.String("x")
	buffer := func(b ...byte) *driver.ArrayBuffer { return &driver.ArrayBuffer{Data: b} }
	view := func(kind driver.ViewKind, b ...byte) *driver.View {
		return &driver.View{Kind: kind, Buffer: buffer(b...), Length: len(b)}
	}
	large, _ := new(big.Int).SetString("12345678901234567890", 10)
	object := func(p ...driver.Property) *driver.Object { return &driver.Object{Properties: p} }
	return map[string]driver.Value{
		"str": text, "empty": driver.String(""), "num": driver.Number(1.5), "negz": driver.Number(math.Copysign(0, -1)),
		"nan": driver.Number(math.NaN()), "inf": driver.Number(math.Inf(-1)), "t": driver.Bool(true), "nul": driver.Null{},
		"big": driver.BigInt{Int: large}, "date": &driver.Date{Milliseconds: 86400000}, "re": &driver.RegExp{Source: "a+b", Flags: 3},
		"arr": &driver.Array{Elements: []driver.Value{number, driver.Hole{}, driver.Undefined{}, driver.String("z")}},
		"obj": object(driver.Property{Key: "a", Value: object(driver.Property{Key: "b", Value: &driver.Array{Elements: []driver.Value{number}}})}, driver.Property{Key: "u", Value: driver.Undefined{}}),
		"map": &driver.Map{Entries: []driver.MapEntry{{Key: driver.String("k"), Value: number}, {Key: object(), Value: driver.Number(2)}}},
		"set": &driver.Set{Values: []driver.Value{number, driver.String("a")}},
		"ab":  buffer(1, 2, 3), "u8": view(driver.Uint8Array, 9, 8), "u16": view(driver.Uint16Array, 1, 2),
		"f64": view(driver.Float64Array, 0, 0, 0, 0, 0, 0, 240, 63), "dv": view(driver.DataView, 7, 7),
		"err": &driver.ErrorValue{Name: "TypeError", Message: ref("boom")}, "bool": &driver.Boxed{Value: driver.Bool(false)},
		"strobj": &driver.Boxed{Value: driver.String("s")}, "undef_in_arr": &driver.Array{Elements: []driver.Value{driver.Undefined{}}},
	}
}

// TestGoldenValues stores each type of value, past the conversions of Go.
func TestGoldenValues(t *testing.T) {
	for _, id := range []string{"KV01", "KV01b"} {
		t.Run(id, func(t *testing.T) {
			var recorded []answer
			readJSON(t, caseDir(t, id)+"/expected.json", &recorded)
			synctest.Test(t, func(t *testing.T) {
				p := &player{t: t, dir: caseDir(t, id), work: "", runs: runs{}}
				p.startIn("wrangler.jsonc", "")
				defer p.stop()
				o, err := p.world.Object("OBJ", "a")
				if err != nil {
					t.Fatal(err)
				}
				got := answer{Status: 200, Body: storeAndRead(t, o)}
				p.compare(1, got, recorded[1], notForGo(t, id))
			})
		})
	}
}

func storeAndRead(t *testing.T, o *emulator.Object) map[string]any {
	t.Helper()
	r := map[string]any{}
	put := func(key string, v driver.Value) (back driver.Value) {
		if err := o.Storage(func(s driver.Storage) error { return s.Put([]driver.Entry{{Key: key, Value: v}}) }); err != nil {
			t.Errorf("%s: %v", key, err)
			return nil
		}
		if err := o.Storage(func(s driver.Storage) error {
			list, err := s.Get([]string{key})
			if len(list) == 1 {
				back = list[0].Value
			}
			return err
		}); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		return back
	}
	for k, v := range valuesOfKV01() {
		r[k] = enc(put(k, v))
	}
	sub, _ := put("sub", &driver.View{Kind: driver.Uint8Array, Buffer: &driver.ArrayBuffer{Data: []byte{1, 2, 3, 4, 5}}, Offset: 1, Length: 2}).(*driver.View)
	r["sub"], r["subBuf"] = enc(sub), float64(len(sub.Buffer.Data))
	cycle := &driver.Object{Properties: []driver.Property{{Key: "n", Value: driver.Number(1)}}}
	cycle.Properties = append(cycle.Properties, driver.Property{Key: "self", Value: cycle})
	again, _ := put("cyc", cycle).(*driver.Object)
	r["cyc"] = again.Get("self") == driver.Value(again)
	e := &driver.ErrorValue{Name: "Error", Message: ref("m"), Properties: []driver.Property{
		{Key: "stack", Value: driver.String("Error: m")}, {Key: "cause", Value: driver.String("c")}, {Key: "extra", Value: driver.Number(1)}}}
	back, _ := put("e", e).(*driver.ErrorValue)
	props := map[string]driver.Value{}
	for _, p := range back.Properties {
		props[p.Key] = p.Value
	}
	_, isText := props["stack"].(driver.String)
	r["errProps"] = []any{true, *back.Message, map[bool]any{true: "string"}[isText], enc(props["cause"]), enc(props["extra"])}
	return r
}

func TestGoldenKV(t *testing.T) {
	list := func(ctx context.Context, o *gold, opts durable.ListOptions) any {
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
	many := func(ctx context.Context, o *gold, keys ...string) any {
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
	golden(t, "KV03", runs{"run": func(ctx context.Context, o *gold) (any, error) {
		r := map[string]any{}
		put := func(k string, v any) { r[""] = none(o.storage.Put(ctx, k, v)); delete(r, "") }
		if err := o.storage.PutMany(ctx, map[string]any{"b": 2, "a": 1, "c": 3}); err != nil {
			return nil, err
		}
		r["missing"], r["multi"], r["emptyArr"] = o.get(ctx, "zz"), many(ctx, o, "c", "zz", "a", "c"), many(ctx, o)
		for _, kv := range [][2]string{{"5", "five"}, {"null", "n"}, {"undefined", "u"}, {"", "emptykey"}, {"a\x00b", "nul"}} {
			put(kv[0], kv[1])
		}
		r["five"], r["nullkey"], r["undefkey"] = o.get(ctx, "5"), o.get(ctx, "null"), o.get(ctx, "undefined")
		r["emptykey"], r["nulkey"], r["nulkey2"] = o.get(ctx, ""), o.get(ctx, "a\x00b"), o.get(ctx, "a")
		r["keys"] = list(ctx, o, durable.ListOptions{})
		return r, nil
	}})
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
			r[name] = list(ctx, o, opts)
		}
		return r, nil
	}})
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
	golden(t, "KV09", runs{"alarm": func(context.Context, *gold) (any, error) { return nil, nil }, "run": func(ctx context.Context, o *gold) (any, error) {
		st := o.storage
		r := map[string]any{}
		if err := errors.Join(st.PutMany(ctx, map[string]any{"a": 1, "b": 2}), o.exec("CREATE TABLE t(x)"), o.exec("INSERT INTO t VALUES (1)"), st.SetAlarm(ctx, durable.Now(ctx).Add(time.Hour))); err != nil {
			return nil, err
		}
		r["ret"] = none(st.DeleteAll(ctx))
		r["list"] = many(ctx, o)
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
	golden(t, "KV13", runs{"alarm": func(context.Context, *gold) (any, error) { return nil, nil }, "run": func(ctx context.Context, o *gold) (any, error) {
		st := o.storage
		r := map[string]any{}
		set := func(ms int64) any { return none(st.SetAlarm(ctx, time.UnixMilli(ms))) }
		get := func() any {
			at, err := st.Alarm(ctx)
			if at.IsZero() {
				return caughtOr(nil, err)
			}
			return at.UnixMilli()
		}
		r["none"], r["zero"], r["neg"] = get(), set(0), set(-5)
		r["set"], r["get"] = set(4102444800000), get()
		r["date"], r["get2"] = set(4102444800123), get()
		err := st.SetAlarm(ctx, time.UnixMilli(4102444800000).Add(700*time.Microsecond))
		r["frac"] = caughtOr(get(), err)
		r["del"], r["get3"] = none(st.DeleteAlarm(ctx)), get()
		r["del2"] = none(st.DeleteAlarm(ctx))
		r["big"] = set(8640000000000000)
		return r, nil
	}})
	golden(t, "KV13b", runs{
		"new": func(ctx context.Context, o *gold) (any, error) {
			o.failed = o.storage.SetAlarm(ctx, durable.Now(ctx).Add(time.Hour))
			return nil, nil
		},
		"run": func(ctx context.Context, o *gold) (any, error) {
			r := map[string]any{"set": none(o.storage.SetAlarm(ctx, durable.Now(ctx).Add(time.Second)))}
			at, err := o.storage.Alarm(ctx)
			r["get"] = caughtOr(map[bool]any{false: "number"}[at.IsZero()], err)
			r["del"] = none(o.storage.DeleteAlarm(ctx))
			r["ctor"] = caughtOr("ctor set ok", o.failed)
			return r, nil
		},
	})
	golden(t, "KV14b", runs{
		"run": func(ctx context.Context, o *gold) (any, error) {
			return "set", o.storage.SetAlarm(ctx, durable.Now(ctx).Add(4*time.Second))
		},
		"alarm": func(ctx context.Context, o *gold) (any, error) {
			info := ctx.Value(infoKey{}).(durable.AlarmInfo)
			return nil, o.storage.Put(ctx, "fired", map[string]any{"name": o.st.ID().Name(), "retry": info.RetryCount})
		},
		"log": func(ctx context.Context, o *gold) (any, error) {
			at, err := o.storage.Alarm(ctx)
			return map[string]any{"fired": o.get(ctx, "fired"), "alarm": map[bool]any{false: at}[at.IsZero()]}, err
		},
	})
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

var typeErrorQ = &durable.Error{Name: "TypeError", Message: "q"}

// failing is the error after a step that must not fail.
func failing(step, err error) error {
	if step != nil {
		return step
	}
	return err
}
