package emulator_test

// https://developer.mozilla.org/en-US/docs/Web/API/Web_Workers_API/Structured_clone_algorithm

import (
	"fmt"
	"math"
	"math/big"
	"testing"
	"testing/synctest"

	"github.com/seed-36a2c969/emu/emulator"
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
	t.Parallel()
	for _, id := range []string{"KV01", "KV01b"} {
		t.Run(id, func(t *testing.T) {
			var recorded []answer
			readJSON(t, caseDir(t, id)+"/expected.json", &recorded)
			synctest.Test(t, func(t *testing.T) {
				p := &player{t: t, dir: caseDir(t, id), runs: runs{}, source: readText(t, caseDir(t, id)+"/worker.js")}
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
