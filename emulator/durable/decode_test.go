package durable

import (
	"errors"
	"math"
	"math/big"
	"reflect"
	"testing"
	"testing/quick"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

func undefined() Value { return Value{driver.Undefined{}} }

func TestDecode(t *testing.T) {
	view := func(k driver.ViewKind, b ...byte) *driver.View {
		return &driver.View{Kind: k, Buffer: &driver.ArrayBuffer{Data: b}, Length: len(b)}
	}
	sub := &driver.View{Kind: driver.Uint8Array, Buffer: &driver.ArrayBuffer{Data: []byte{1, 2, 3, 4}}, Offset: 1, Length: 2}
	holes := &driver.Array{Elements: []driver.Value{driver.Number(1), driver.Hole{}}, Sparse: true}
	bigint := driver.BigInt{Int: big.NewInt(5)}
	date := &driver.Date{Milliseconds: 5}
	regexp := &driver.RegExp{Source: "a"}
	entries := &driver.Map{Entries: []driver.MapEntry{{Key: driver.Number(1), Value: driver.String("a")}}}
	set := &driver.Set{Values: []driver.Value{driver.String("a"), driver.String("b")}}
	one := 1
	text := pointerText{"x"}
	for name, c := range map[string]struct {
		in   driver.Value
		dst  any // a pointer to what is there before
		want any
	}{
		"int":                   {driver.Number(-7), new(int8), int8(-7)},
		"float":                 {driver.Number(1.5), new(float32), float32(1.5)},
		"NaN":                   {driver.Number(math.Inf(1)), new(float32), float32(math.Inf(1))},
		"bigint into int":       {bigint, new(int), 5},
		"number into big":       {driver.Number(1 << 60), new(big.Int), *big.NewInt(1 << 60)},
		"string":                {driver.String("x"), new(string), "x"},
		"boxed":                 {&driver.Boxed{Value: driver.String("x")}, new(string), "x"},
		"null keeps":            {driver.Null{}, &one, 1},
		"null into slice":       {driver.Null{}, &[]int{1}, []int(nil)},
		"null into pointer":     {driver.Null{}, ptrTo(&one), (*int)(nil)},
		"undefined":             {nil, new(Value), undefined()},
		"null into Value":       {object("a", nil), new(struct{ A *Value }), struct{ A *Value }{&Value{driver.Null{}}}},
		"text":                  {driver.String("1.5"), new(celsius), celsius(1.5)},
		"pointer text":          {driver.String("<x>"), new(*pointerText), &text},
		"time":                  {date, new(time.Time), time.UnixMilli(5).UTC()},
		"time of text":          {driver.String("1970-01-01T00:00:00.005Z"), new(time.Time), time.UnixMilli(5).UTC()},
		"bytes":                 {sub, new([]byte), []byte{2, 3}},
		"bytes of a buffer":     {sub.Buffer, new([]byte), []byte{1, 2, 3, 4}},
		"bytes into array":      {sub, new([3]byte), [3]byte{2, 3}},
		"bytes of numbers":      {array(1, 2), new([]byte), []byte{1, 2}},
		"slice":                 {array(1, 2), &[]int{5, 5, 5}, []int{1, 2}},
		"array":                 {array(1, 2, 3), &[2]int{5, 5}, [2]int{1, 2}},
		"short array":           {array(1), &[2]int{5, 5}, [2]int{1, 0}},
		"holes":                 {holes, new([]int), []int{1, 0}},
		"set":                   {set, new([]string), []string{"a", "b"}},
		"set into map":          {set, new(map[string]struct{}), map[string]struct{}{"a": {}, "b": {}}},
		"set into bools":        {set, new(map[string]bool), map[string]bool{"a": true, "b": true}},
		"Float64Array":          {view(driver.Float64Array, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F), new([]float64), []float64{1}},
		"Float16Array":          {view(driver.Float16Array, 0, 0x3E, 1, 0, 0, 0xFC), new([]float64), []float64{1.5, 0x1p-24, math.Inf(-1)}},
		"Int16Array":            {view(driver.Int16Array, 0xFE, 0xFF), new([]int), []int{-2}},
		"BigUint64Array":        {view(driver.BigUint64Array, 1, 0, 0, 0, 0, 0, 0, 0), new([]uint), []uint{1}},
		"struct":                {object("named", 1, "Plain", 2, "Skipped", 3, "other", regexp, "Quoted", "4611686018427387905"), new(tagged), tagged{Named: 1, Plain: 2, Quoted: 1<<62 + 1}},
		"struct keeps":          {object("Plain", 2), &tagged{Named: 1}, tagged{Named: 1, Plain: 2}},
		"case":                  {object("PLAIN", 2), new(tagged), tagged{Plain: 2}},
		"case of both":          {object("Plain", 1, "PLAIN", 2), new(tagged), tagged{Plain: 1}},
		"embedded":              {object("A", 1, "b", "x", "B", "y"), new(embeds), embeds{inner: inner{1, "x"}, B: "y"}},
		"map":                   {object("b", 2), &map[string]int{"a": 1}, map[string]int{"a": 1, "b": 2}},
		"map of ints":           {object("7", 2), new(map[int]int), map[int]int{7: 2}},
		"map of text":           {object("1.5", 2), new(map[celsius]int), map[celsius]int{1.5: 2}},
		"Map":                   {entries, new(map[int]string), map[int]string{1: "a"}},
		"any null":              {driver.Null{}, ptrTo(any(1)), nil},
		"any undefined":         {driver.Undefined{}, new(any), undefined()},
		"any number":            {driver.Number(1), new(any), 1.0},
		"any object":            {object("a", array(1, nil, "x", true)), new(any), map[string]any{"a": []any{1.0, nil, "x", true}}},
		"any in struct":         {object("X", bigint), new(struct{ X any }), struct{ X any }{big.NewInt(5)}},
		"any bytes":             {sub, new(any), []byte{2, 3}},
		"any date":              {date, new(any), time.UnixMilli(5).UTC()},
		"any invalid date":      {&driver.Date{Milliseconds: math.NaN()}, new(any), nil},
		"any Map":               {entries, new(any), map[any]any{1.0: "a"}},
		"any regexp":            {array(regexp), new(any), []any{Value{regexp}}},
		"any holes":             {holes, new(any), Value{holes}},
		"any set":               {set, new(any), Value{set}},
		"any with a pointer":    {driver.Number(7), ptrTo(any(new(int))), nil},
		"empty array into any":  {array(), new(any), []any{}},
		"empty object into any": {object(), new(any), map[string]any{}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := decodeValue(c.in, c.dst); err != nil {
				t.Fatal(err)
			}
			got := reflect.ValueOf(c.dst).Elem().Interface()
			switch name {
			case "any invalid date":
				if v, ok := got.(Value); !ok || v.v != c.in {
					t.Errorf("got %v", got)
				}
				return
			case "any with a pointer":
				if p, ok := got.(*int); !ok || *p != 7 {
					t.Errorf("got %v", got)
				}
				return
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %#v, want %#v", got, c.want)
			}
		})
	}
}

func ptrTo[T any](x T) *T { return &x }

func TestDecodeCycle(t *testing.T) {
	o := object("n", 1)
	o.Properties = append(o.Properties, driver.Property{Key: "self", Value: o})
	decodes := func(v driver.Value, want any) {
		t.Helper()
		var x struct{ V any }
		if err := decodeValue(object("V", v), &x); err != nil || !reflect.DeepEqual(x.V, want) {
			t.Errorf("got %v, %v", x.V, err)
		}
	}
	list := array(o, 1)
	decodes(list, Value{list}) // as a whole
	decodes(o, Value{o})
	// An inner cycle first, then the outer one.
	inner, outer := object(), object()
	inner.Properties = object("inner", inner, "outer", outer).Properties
	outer.Properties = object("inner", inner).Properties
	decodes(outer, Value{outer})
	// Through an object that no Go type holds.
	set := &driver.Set{}
	through := object("set", set)
	set.Values = []driver.Value{through}
	decodes(through, map[string]any{"set": Value{set}})
	o.Properties[1].Key = "next"
	var n node
	if err := decodeValue(o, &n); err == nil || err.Error() != "next: cannot decode a cycle into durable.node" {
		t.Errorf("got %v", err)
	}
	shared := object("n", 1)
	var two []any
	if err := decodeValue(array(shared, shared), &two); err != nil || len(two) != 2 {
		t.Errorf("got %v, %v", two, err)
	}
}

func TestDecodeErrors(t *testing.T) {
	type user struct {
		ID   int               `json:"id"`
		Tags []string          `json:"tags"`
		More map[string]uint16 `json:"more"`
	}
	type attachment struct {
		User *user `json:"user"`
	}
	for want, c := range map[string]struct {
		in  driver.Value
		dst any
	}{
		"user.id: cannot decode number 1.5 into int":                             {object("user", object("id", 1.5)), new(attachment)},
		"user.tags[1]: cannot decode boolean true into string":                   {object("user", object("tags", array("a", true))), new(attachment)},
		"user.more['a b']: cannot decode number 65536 into uint16":               {object("user", object("more", object("a b", 65536))), new(attachment)},
		"user.more.a: cannot decode number -1 into uint16":                       {object("user", object("more", object("a", -1))), new(attachment)},
		`cannot decode string "x" into int`:                                      {driver.String("x"), new(int)},
		"cannot decode number 300 into int8":                                     {driver.Number(300), new(int8)},
		"cannot decode number NaN into int":                                      {driver.Number(math.NaN()), new(int)},
		"cannot decode number 9.223372036854776e+18 into int64":                  {driver.Number(1 << 63), new(int64)},
		"cannot decode number 1e+300 into float32":                               {driver.Number(1e300), new(float32)},
		"cannot decode bigint 5 into float64":                                    {driver.BigInt{Int: big.NewInt(5)}, new(float64)},
		"cannot decode invalid Date into time.Time":                              {&driver.Date{Milliseconds: math.NaN()}, new(time.Time)},
		"cannot decode Object into []int":                                        {object(), new([]int)},
		"cannot decode Array into durable.attachment":                            {array(), new(attachment)},
		"cannot decode Map into durable.attachment":                              {&driver.Map{}, new(attachment)},
		"cannot decode Set into map[string]int":                                  {&driver.Set{}, new(map[string]int)},
		"cannot decode TypeError into string":                                    {&driver.ErrorValue{Name: "TypeError"}, new(string)},
		"cannot decode Float64Array into string":                                 {&driver.View{Kind: driver.Float64Array, Buffer: &driver.ArrayBuffer{}}, new(string)},
		"cannot decode DataView into []int":                                      {&driver.View{Kind: driver.DataView, Buffer: &driver.ArrayBuffer{}}, new([]int)},
		"cannot decode a sparse Array of length 4294967295 into []int":           {&driver.Array{Length: 1<<32 - 1}, new([]int)},
		"cannot decode number 1 into error":                                      {driver.Number(1), new(error)},
		"cannot decode number 1 into func()":                                     {driver.Number(1), new(func())},
		"cannot decode into int (use a pointer that is not nil)":                 {driver.Number(1), 1},
		"cannot decode into *int (use a pointer that is not nil)":                {driver.Number(1), (*int)(nil)},
		"cannot decode into <nil> (use a pointer that is not nil)":               {driver.Number(1), nil},
		"[string \"a\"]: cannot decode string \"a\" into int":                    {object("a", 1), new(map[int]int)},
		`T: strconv.ParseFloat: parsing "x": invalid syntax`:                     {object("T", "x"), new(struct{ T celsius })},
		"C: cannot set embedded pointer to unexported struct durable.unexported": {object("C", 1), new(embeds)},
	} {
		err := decodeValue(c.in, c.dst)
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	var e *placeError
	if err := decodeValue(object("user", array()), new(attachment)); !errors.As(err, &e) {
		t.Errorf("%v has no place", err)
	}
}

func TestDecodeCopies(t *testing.T) {
	v := uint8Array(1)
	n := driver.BigInt{Int: big.NewInt(1)}
	var got []any
	if err := decodeValue(array(v, n), &got); err != nil {
		t.Fatal(err)
	}
	got[0].([]byte)[0] = 2
	got[1].(*big.Int).SetInt64(2)
	if v.Buffer.Data[0] != 1 || n.Int.Int64() != 1 {
		t.Error("the value shares memory with what was decoded")
	}
}

// everything has a field of every kind of type that converts without loss.
type everything struct {
	Bool    bool
	Int8    int8
	Int32   int32 `json:"i32,string"`
	Uint16  uint16
	Float32 float32
	Float64 float64 `json:"f"`
	String  string  `json:",omitempty"`
	Bytes   []byte
	List    []int16
	Array   [3]string
	Map     map[string]float64
	Ints    map[int16]string
	Nested  []map[string]*Inner
	Pointer **int32
	Inner
	Zero Inner `json:",omitzero"`
}

type Inner struct{ A, B int16 }

func TestRoundTrip(t *testing.T) {
	check := func(in everything) bool {
		v, err := valueOf(in)
		if err != nil {
			t.Fatal(err)
		}
		var out everything
		if err := decodeValue(v, &out); err != nil {
			t.Fatal(err)
		}
		// A nil slice or map comes back empty.
		if in.Bytes == nil {
			in.Bytes = []byte{}
		}
		if in.List == nil {
			in.List = []int16{}
		}
		if in.Map == nil {
			in.Map = map[string]float64{}
		}
		if in.Ints == nil {
			in.Ints = map[int16]string{}
		}
		if in.Nested == nil {
			in.Nested = []map[string]*Inner{}
		}
		for i, m := range in.Nested {
			if m == nil {
				in.Nested[i] = map[string]*Inner{}
			}
		}
		if in.Pointer != nil && *in.Pointer == nil {
			in.Pointer = nil
		}
		if !reflect.DeepEqual(in, out) {
			t.Logf("in  %+v\nout %+v", in, out)
			return false
		}
		again, err := valueOf(out)
		return err == nil && reflect.DeepEqual(again, v)
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 300}); err != nil {
		t.Error(err)
	}
}

// FuzzDecodeValue: no panic; a value that went through an any is unchanged from
// then on.
func FuzzDecodeValue(f *testing.F) {
	f.Add([]byte{7, 3, 1, 2, 8, 2, 0, 5})
	f.Add([]byte{8, 2, 9, 1, 10, 3, 6, 6})
	f.Fuzz(func(t *testing.T, data []byte) {
		v := grow(&data, nil, 6)
		for _, dst := range []any{new(everything), new(tagged), new(node), new(map[string]any), new([]any), new(map[any]any), new([]byte), new(int), new(*big.Int), new(time.Time), new(Value), new([2]celsius)} {
			if decodeValue(v, dst) == nil {
				valueOf(dst)
			}
		}
		var x, y any
		if err := decodeValue(v, &x); err != nil {
			t.Fatal(err)
		}
		first, err := valueOf(x)
		if err != nil {
			t.Fatal(err)
		}
		if err := decodeValue(first, &y); err != nil {
			t.Fatal(err)
		}
		second, err := valueOf(y)
		if err != nil || !reflect.DeepEqual(first, second) {
			t.Fatalf("%s became %s, %v", show(first), show(second), err)
		}
	})
}

// grow makes a tree out of data.
func grow(data *[]byte, open []driver.Value, depth int) driver.Value {
	n := func() int {
		if len(*data) == 0 {
			return 0
		}
		b := (*data)[0]
		*data = (*data)[1:]
		return int(b)
	}
	keys := []string{"Bool", "Int8", "i32", "next", "List", "Map", "a b", "9", "10", "named"}
	kind := n() % 16
	if depth == 0 {
		kind %= 6
	}
	switch kind {
	case 0:
		return driver.Null{}
	case 1:
		return driver.Undefined{}
	case 2:
		return driver.Bool(n()%2 == 0)
	case 3:
		return driver.Number(float64(n()-128) / float64(1+n()%3))
	case 4:
		return driver.String(keys[n()%len(keys)])
	case 5:
		return driver.BigInt{Int: new(big.Int).Lsh(big.NewInt(int64(n()-128)), uint(n()))}
	case 6:
		if len(open) > 0 {
			return open[n()%len(open)]
		}
		return driver.Null{}
	case 7, 8:
		o := &driver.Object{}
		seen := map[string]bool{}
		for range n() % 6 {
			key := keys[n()%len(keys)]
			if x := grow(data, append(open, o), depth-1); !seen[key] {
				o.Properties = append(o.Properties, driver.Property{Key: key, Value: x})
				seen[key] = true
			}
		}
		return o
	case 9:
		a := &driver.Array{}
		for range n() % 6 {
			a.Elements = append(a.Elements, grow(data, append(open, a), depth-1))
		}
		return a
	case 10:
		m := &driver.Map{}
		for i := range n() % 6 {
			m.Entries = append(m.Entries, driver.MapEntry{Key: driver.Number(i), Value: grow(data, append(open, m), depth-1)})
		}
		return m
	case 11:
		s := &driver.Set{}
		for range n() % 6 {
			s.Values = append(s.Values, grow(data, append(open, s), depth-1))
		}
		return s
	case 12:
		return &driver.Date{Milliseconds: float64(n() * n())}
	case 13:
		kinds := []driver.ViewKind{driver.Uint8Array, driver.Int8Array, driver.Float16Array, driver.Float64Array, driver.DataView, driver.BigInt64Array}
		return &driver.View{Kind: kinds[n()%len(kinds)], Buffer: &driver.ArrayBuffer{Data: make([]byte, 16)}, Offset: 8, Length: 8}
	case 14:
		return &driver.Boxed{Value: driver.Number(n())}
	}
	return &driver.Array{Elements: []driver.Value{driver.Hole{}}, Sparse: true, Length: n()}
}

type attachment struct {
	ID string `json:"id"`
}

func BenchmarkValueOf(b *testing.B) {
	b.Run("attachment", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			valueOf(attachment{"8c3b4cf9-1b58-4e4f-9d3f-6ba1b16e8a60"})
		}
	})
	b.Run("map", func(b *testing.B) {
		m := map[string]any{"id": "x", "n": 1.0, "list": []any{1.0, 2.0}}
		b.ReportAllocs()
		for b.Loop() {
			valueOf(m)
		}
	})
}

func BenchmarkDecodeValue(b *testing.B) {
	v := object("id", "8c3b4cf9-1b58-4e4f-9d3f-6ba1b16e8a60")
	b.Run("attachment", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var a attachment
			if err := decodeValue(v, &a); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("any", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var a any
			decodeValue(v, &a)
		}
	})
}
