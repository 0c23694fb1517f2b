package durable

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/v8"
)

func object(pairs ...any) *driver.Object {
	o := &driver.Object{Properties: []driver.Property{}}
	for i := 0; i < len(pairs); i += 2 {
		o.Properties = append(o.Properties, driver.Property{Key: pairs[i].(string), Value: tree(pairs[i+1])})
	}
	return o
}

func array(list ...any) *driver.Array {
	a := &driver.Array{}
	for _, x := range list {
		a.Elements = append(a.Elements, tree(x))
	}
	return a
}

func tree(x any) driver.Value {
	switch x := x.(type) {
	case nil:
		return driver.Null{}
	case int:
		return driver.Number(x)
	case float64:
		return driver.Number(x)
	case string:
		return driver.String(x)
	case bool:
		return driver.Bool(x)
	}
	return x.(driver.Value)
}

func uint8Array(b ...byte) *driver.View {
	return &driver.View{Kind: driver.Uint8Array, Buffer: &driver.ArrayBuffer{Data: b}, Length: len(b)}
}

type celsius float64

func (c celsius) MarshalText() ([]byte, error) {
	if c < -273.15 {
		return nil, errors.New("below absolute zero")
	}
	return strconv.AppendFloat(nil, float64(c), 'f', 1, 64), nil
}

func (c *celsius) UnmarshalText(b []byte) error {
	f, err := strconv.ParseFloat(string(b), 64)
	*c = celsius(f)
	return err
}

type pointerText struct{ s string }

func (p *pointerText) MarshalText() ([]byte, error) { return []byte("<" + p.s + ">"), nil }
func (p *pointerText) UnmarshalText(b []byte) error {
	p.s = strings.Trim(string(b), "<>")
	return nil
}

type sometimes struct{ n int }

func (s sometimes) IsZero() bool { return s.n < 10 }

type inner struct {
	A int
	B string `json:"b"`
}

type unexported struct{ C int }

type tagged struct {
	Plain     int
	Named     int `json:"named"`
	Skipped   int `json:"-"`
	hidden    int
	Empty     string    `json:",omitempty"`
	EmptyList []int     `json:",omitempty"`
	EmptyOne  inner     `json:",omitempty"`
	Zero      inner     `json:",omitzero"`
	ZeroTime  time.Time `json:",omitzero"`
	Some      sometimes `json:",omitzero"`
	Quoted    int64     `json:",string"`
	Second    int       `json:"2"`
	First     int       `json:"1"`
}

type embeds struct {
	inner
	*unexported
	B string
}

type ambiguousA struct{ X, Y int }
type ambiguousB struct{ X, Z int }
type ambiguous struct {
	ambiguousA
	ambiguousB
}

type node struct {
	Next *node `json:"next"`
}

func TestValueOf(t *testing.T) {
	seven := 7
	type named string
	type list []any
	for name, c := range map[string]struct {
		in   any
		want driver.Value
	}{
		"nil":                 {nil, driver.Null{}},
		"nil pointer":         {(*int)(nil), driver.Null{}},
		"pointer":             {&seven, driver.Number(7)},
		"string":              {named("x"), driver.String("x")},
		"bool":                {true, driver.Bool(true)},
		"int":                 {-1 << 53, driver.Number(-1 << 53)},
		"uint":                {uint8(200), driver.Number(200)},
		"float32":             {float32(0.5), driver.Number(0.5)},
		"infinity":            {math.Inf(-1), driver.Number(math.Inf(-1))},
		"bytes":               {[]byte{1, 2}, uint8Array(1, 2)},
		"bytes in a list":     {[][]byte{{1}}, array(uint8Array(1))},
		"named bytes":         {reflect.ValueOf(struct{ B [2]byte }{[2]byte{3, 4}}).Field(0).Interface(), array(3, 4)},
		"time":                {time.UnixMilli(5).Add(999 * time.Microsecond), &driver.Date{Milliseconds: 5}},
		"big":                 {big.NewInt(7), driver.BigInt{Int: big.NewInt(7)}},
		"big by value":        {*big.NewInt(7), driver.BigInt{Int: big.NewInt(7)}},
		"nil big":             {(*big.Int)(nil), driver.Null{}},
		"undefined":           {Value{}, driver.Undefined{}},
		"value":               {[]any{Value{driver.Undefined{}}, Value{}}, array(driver.Undefined{}, driver.Undefined{})},
		"list":                {list{1, "a", nil, 1.5}, array(1, "a", nil, 1.5)},
		"nil slice":           {[]int(nil), array()},
		"nil map":             {map[string]int(nil), object()},
		"map":                 {map[string]any{"b": 1, "a": nil, "10": 2, "9": 3, "01": 4}, object("9", 3, "10", 2, "01", 4, "a", nil, "b", 1)},
		"map of ints":         {map[int]string{10: "b", 9: "a"}, &driver.Map{Entries: []driver.MapEntry{{Key: driver.Number(9), Value: driver.String("a")}, {Key: driver.Number(10), Value: driver.String("b")}}}},
		"map of text keys":    {map[celsius]int{1.5: 1}, object("1.5", 1)},
		"map of any":          {map[any]any{true: 1, "x": 2, 3: 3}, &driver.Map{Entries: []driver.MapEntry{{Key: driver.Number(3), Value: driver.Number(3)}, {Key: driver.String("x"), Value: driver.Number(2)}, {Key: driver.Bool(true), Value: driver.Number(1)}}}},
		"text":                {celsius(1), driver.String("1.0")},
		"text by pointer":     {&pointerText{"x"}, driver.String("<x>")},
		"text not reached":    {pointerText{"x"}, object()},
		"text reached":        {&struct{ P pointerText }{pointerText{"x"}}, object("P", "<x>")},
		"tags":                {tagged{hidden: 1}, object("1", 0, "2", 0, "Plain", 0, "named", 0, "EmptyOne", object("A", 0, "b", ""), "Quoted", "0")},
		"tags set":            {tagged{Some: sometimes{9}, Zero: inner{A: 1}, Quoted: 1<<62 + 1, Empty: "x"}, object("1", 0, "2", 0, "Plain", 0, "named", 0, "Empty", "x", "EmptyOne", object("A", 0, "b", ""), "Zero", object("A", 1, "b", ""), "Quoted", "4611686018427387905")},
		"embedded":            {embeds{inner: inner{1, "in"}, B: "out"}, object("A", 1, "b", "in", "B", "out")},
		"embedded pointer":    {embeds{unexported: &unexported{2}}, object("A", 0, "b", "", "C", 2, "B", "")},
		"ambiguous":           {ambiguous{}, object("Y", 0, "Z", 0)},
		"recursive type":      {node{&node{}}, object("next", object("next", nil))},
		"shared pointer":      {[]*inner{{1, ""}, nil}, array(object("A", 1, "b", ""), nil)},
		"interface in struct": {struct{ X any }{[]int{1}}, object("X", array(1))},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := valueOf(c.in)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %s, %v\nwant %s", show(got), err, show(c.want))
			}
		})
	}
}

// show is for messages.
func show(v driver.Value) string {
	switch v := v.(type) {
	case *driver.Object:
		s := "{"
		for _, p := range v.Properties {
			s += strconv.Quote(p.Key) + ":" + show(p.Value) + " "
		}
		return s + "}"
	case *driver.Array:
		s := "["
		for _, e := range v.Elements {
			s += show(e) + " "
		}
		return s + "]"
	case nil:
		return "nil"
	}
	return nameOf(v)
}

func TestValueOfErrors(t *testing.T) {
	cycle := &node{}
	cycle.Next = cycle
	var self any
	self = &self
	loop := []any{nil}
	loop[0] = loop
	type user struct {
		ID   int64 `json:"id"`
		Odd  map[string][]any
		Ch   chan int
		F    func() `json:",omitempty"`
		Temp celsius
	}
	ok := user{F: nil}
	for name, c := range map[string]struct {
		in   any
		want string
	}{
		"2^53+1":        {int64(1<<53 + 1), "integer 9007199254740993 is beyond 2^53 (use a *big.Int or a string)"},
		"-2^53-1":       {[]int64{0, -1<<53 - 1}, "[1]: integer -9007199254740993 is beyond 2^53 (use a *big.Int or a string)"},
		"uint64":        {map[string]uint64{"a b": math.MaxUint64}, "['a b']: integer 18446744073709551615 is beyond 2^53 (use a *big.Int or a string)"},
		"place":         {map[string]any{"user": []any{user{ID: 1 << 60}}}, "user[0].id: integer 1152921504606846976 is beyond 2^53 (use a *big.Int or a string)"},
		"chan":          {ok, "Ch: chan int could not be cloned."},
		"func":          {func() {}, "func() could not be cloned."},
		"complex":       {[]complex128{1}, "[0]: complex128 could not be cloned."},
		"cycle":         {cycle, "cyclic value, or nested too deeply: durable.node"},
		"pointer cycle": {self, "cyclic value, or nested too deeply: *interface {}"},
		"slice cycle":   {loop, "cyclic value, or nested too deeply: []interface {}"},
		"text":          {struct{ T celsius }{-300}, "T: below absolute zero"},
		"time":          {time.Date(300000, 1, 1, 0, 0, 0, 0, time.UTC), "time 300000-01-01 00:00:00 +0000 UTC is beyond what a Date can hold"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := valueOf(c.in)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if strings.HasPrefix(c.want, "cyclic") && strings.HasPrefix(got, "cyclic value, or nested too deeply: ") {
				return // which type of the cycle it names is of no matter
			}
			if v != nil || got != c.want {
				t.Errorf("got %v, %q\nwant %q", v, got, c.want)
			}
		})
	}
	var e *Error
	if _, err := valueOf(ok); !errors.As(err, &e) || e.Name != "DataCloneError" {
		t.Errorf("%v is no DataCloneError", err)
	}
}

func TestValueOfCopies(t *testing.T) {
	b, n := []byte{1}, big.NewInt(1)
	v, _ := valueOf([]any{b, n})
	b[0] = 2
	n.SetInt64(2)
	if want := array(uint8Array(1), driver.BigInt{Int: big.NewInt(1)}); !reflect.DeepEqual(v, driver.Value(want)) {
		t.Errorf("got %s", show(v))
	}
}

// TestValueOfAsJavaScript compares the bytes of Go values with what workerd
// stored for the JavaScript value that they stand for.
func TestValueOfAsJavaScript(t *testing.T) {
	data, err := os.ReadFile("../../fixtures/v8/values.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Values []struct{ Name, JS, Hex string }
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	type deep struct {
		A struct {
			B []any `json:"b"`
		} `json:"a"`
		U Value `json:"u"`
	}
	nested := deep{}
	nested.A.B = []any{1, map[string]string{"c": "d"}}
	large, _ := new(big.Int).SetString("12345678901234567890", 10)
	in := map[string]any{
		"undefined":        Value{},
		"null":             nil,
		"true":             true,
		"-65":              int8(-65),
		"2^30":             1 << 30,
		"2^53":             int64(1 << 53),
		"1.5":              float32(1.5),
		"string latin1":    "h\u00e9llo \u00ff",
		"string two-byte":  "h\u0101",
		"string lone high": "a\xed\xa0\xbd",
		"date":             time.UnixMilli(86400000),
		"object": struct {
			B int `json:"b"`
		}{1},
		"object order": struct {
			B int    `json:"b"`
			A string `json:"a"`
			C *int   `json:"c"`
		}{1, "x", nil},
		"object integer keys": struct {
			B     int    `json:"b"`
			Ten   string `json:"10"`
			Nine  string `json:"9"`
			Minus string `json:"-1"`
			Zero  string `json:"01"`
			Half  string `json:"1.5"`
		}{1, "x", "y", "z", "w", "v"},
		"object empty":                struct{}{},
		"array":                       [3]int{1, 2, 3},
		"array empty":                 []int{},
		"array doubles":               []float64{1.5, 2},
		"array mixed":                 []any{nil, true, 1, 1.5, "x", struct{}{}},
		"array nested":                [][][]int{{{}}, {{1}}},
		"nested":                      nested,
		"Uint8Array":                  []byte{9, 8},
		"view empty":                  []byte(nil),
		"map empty":                   map[int]int{},
		"bigint -1":                   big.NewInt(-1),
		"bigint 12345678901234567890": large,
	}
	for _, r := range file.Values {
		x, ok := in[r.Name]
		if !ok {
			continue
		}
		delete(in, r.Name)
		v, err := valueOf(x)
		if err != nil {
			t.Fatal(err)
		}
		b, err := v8.Encode(v)
		if got := hex.EncodeToString(b); err != nil || got != r.Hex {
			t.Errorf("%s\nreal: %s\nemu:  %s, %v", r.JS, r.Hex, got, err)
		}
	}
	if len(in) > 0 {
		t.Errorf("not recorded: %v", in)
	}
}
