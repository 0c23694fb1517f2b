package v8

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// recorded is a value of fixtures/v8/values.json: a JavaScript expression, and
// what workerd stored for it. Node is set where Node's bytes differ.
type recorded struct{ Name, JS, Hex, Node, Refused string }

func corpus(t testing.TB) []recorded {
	data, err := os.ReadFile("../../../fixtures/v8/values.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Values []recorded }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Values) < 150 {
		t.Fatalf("%d values recorded", len(file.Values))
	}
	return file.Values
}

func bytesOf(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// byHistory are values whose bytes depend on more than the value.
var byHistory = map[string]string{
	"object double field": "the field held a fraction before",
}

// unreadable are values that workerd stores and then cannot read.
var unreadable = map[string]string{
	"error message number": "v8: byte 5: 0x49 is no string",
}

// TestRecorded reads every recorded value and writes its bytes again.
func TestRecorded(t *testing.T) {
	for _, r := range corpus(t) {
		t.Run(r.Name, func(t *testing.T) {
			if r.Hex != "" {
				v, err := Decode(bytesOf(t, r.Hex))
				if want := unreadable[r.Name]; want != "" {
					if err == nil || err.Error() != want {
						t.Errorf("%v, want %s", err, want)
					}
					return
				}
				if err != nil {
					t.Fatalf("%s: %v", r.JS, err)
				}
				b, err := Encode(v)
				if got := hex.EncodeToString(b); err != nil || got != r.Hex && byHistory[r.Name] == "" {
					t.Errorf("%s\nreal: %s\nemu:  %s, %v", r.JS, r.Hex, got, err)
				}
			}
			if r.Node != "" {
				v, err := Decode(bytesOf(t, r.Node))
				if err != nil {
					t.Fatalf("%s from node: %v", r.JS, err)
				}
				if _, err := Encode(v); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func num(list ...float64) (out []driver.Value) {
	for _, f := range list {
		out = append(out, driver.Number(f))
	}
	return out
}

func object(pairs ...any) *driver.Object {
	o := &driver.Object{}
	for i := 0; i < len(pairs); i += 2 {
		o.Properties = append(o.Properties, driver.Property{Key: pairs[i].(string), Value: pairs[i+1].(driver.Value)})
	}
	return o
}

func array(list ...driver.Value) *driver.Array { return &driver.Array{Elements: list} }

func ptr(s string) *string { return &s }

func bigInt(s string) driver.BigInt {
	n, _ := new(big.Int).SetString(s, 0)
	return driver.BigInt{Int: n}
}

// trees are recorded values as Go builds them.
func trees() map[string]driver.Value {
	const negativeZero = "-0"
	date := &driver.Date{Milliseconds: 5}
	shared := object()
	cycle := object("n", driver.Number(1))
	cycle.Properties = append(cycle.Properties, driver.Property{Key: "self", Value: cycle})
	self := array()
	self.Elements = append(self.Elements, self)
	mapSelf := &driver.Map{}
	mapSelf.Entries = []driver.MapEntry{{Key: driver.String("m"), Value: mapSelf}, {Key: mapSelf, Value: driver.Number(1)}}
	setSelf := &driver.Set{}
	setSelf.Values = []driver.Value{setSelf}
	eight := &driver.ArrayBuffer{Data: make([]byte, 8)}
	u8 := &driver.View{Kind: driver.Uint8Array, Buffer: &driver.ArrayBuffer{Data: []byte{1}}, Length: 1}
	resizable := func(n int) *driver.ArrayBuffer {
		return &driver.ArrayBuffer{Data: make([]byte, n), Resizable: true, MaxByteLength: 8}
	}
	stack := func(s string) []driver.Property { return []driver.Property{{Key: "stack", Value: driver.String(s)}} }
	fail := &driver.ErrorValue{Name: "Error", Message: ptr("m"), Properties: stack("S")}
	order := &driver.ErrorValue{Name: "Error", Message: ptr("m")}
	order.Properties = append(stack("S"), driver.Property{Key: "b", Value: driver.Number(1)}, driver.Property{Key: "a", Value: array(order)}, driver.Property{Key: "cause", Value: driver.Number(1)})
	boxed := &driver.Boxed{Value: driver.Number(1)}
	u := driver.Undefined{}
	return map[string]driver.Value{
		"undefined": u, "null": driver.Null{}, "true": driver.Bool(true), "false": driver.Bool(false),
		negativeZero: driver.Number(math.Copysign(0, -1)), "2^30-1": driver.Number(1<<30 - 1), "2^30": driver.Number(1 << 30), "-2^30": driver.Number(-1 << 30), "-2^30-1": driver.Number(-1<<30 - 1),
		"NaN": driver.Number(math.Float64frombits(0xFFF8000000000001)), "-Infinity": driver.Number(math.Inf(-1)), "-65": driver.Number(-65),
		"string latin1": driver.String("héllo ÿ"), "string two-byte emoji": driver.String("\U0001F600"), "string lone high": driver.String("a\xED\xA0\xBD"),
		"string reversed pair": driver.String("\xED\xB8\x80\xED\xA0\xBD"), "string two-byte 64": driver.String(strings.Repeat("€", 64)), "string 128": driver.String(strings.Repeat("a", 128)),
		"two-byte padding": array(driver.String(""), driver.String("€"), driver.String("a"), driver.String("€"), driver.String("€€"), driver.String("ab"), driver.String("€")),
		"two-byte key":     object("€", driver.Number(1), "b", driver.String("€")),
		"bigint 0":         bigInt("0"), "bigint -1": bigInt("-1"), "bigint 2^64": bigInt("0x10000000000000000"), "bigint -2^200": driver.BigInt{Int: new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 200))},
		"date": &driver.Date{Milliseconds: 86400000}, "date invalid": &driver.Date{Milliseconds: math.NaN()}, "date twice": object("a", date, "b", date),
		"regexp": &driver.RegExp{Source: "a+b", Flags: 3}, "regexp two-byte": &driver.RegExp{Source: `\u20ac|€`, Flags: 4},
		"object order":        object("b", driver.Number(1), "a", driver.String("x"), "c", driver.Null{}),
		"object integer keys": object("9", driver.String("y"), "10", driver.String("x"), "b", driver.Number(1), "-1", driver.String("z"), "01", driver.String("w"), "1.5", driver.String("v")),
		"object large keys":   object("1073741823", driver.Number(0), "1073741824", driver.Number(1), "2147483647", driver.Number(2), "2147483648", driver.Number(2.5), "4294967294", driver.Number(3), "4294967296", driver.Number(5), "4294967295", driver.Number(4)),
		"object empty key":    object("", driver.Number(1)), "object latin1 key": object("é", driver.Number(1)),
		"array": array(num(1, 2, 3)...), "array empty": array(), "array doubles": array(num(1.5, 2)...), "array -0": array(num(1, math.Copysign(0, -1))...), "array NaN": array(num(math.NaN(), 1)...), "array big": array(num(1, 1<<31)...),
		"array double then string": array(append(num(1.5, 2), driver.String("x"))...),
		"array hole":               array(driver.Number(1), driver.Hole{}, u, driver.String("z")), "array holes only": array(driver.Hole{}, driver.Hole{}, driver.Hole{}),
		"array length":     &driver.Array{Length: 1<<32 - 1},
		"array far":        &driver.Array{Length: 1000001, Properties: object("5", driver.Number(1), "1000000", driver.String("x")).Properties},
		"array properties": &driver.Array{Elements: num(1), Properties: object("x", driver.String("y")).Properties}, "array cycle": self,
		"map": &driver.Map{Entries: []driver.MapEntry{{Key: driver.String("k"), Value: driver.Number(1)}, {Key: object(), Value: driver.Number(2)}}}, "map self": mapSelf,
		"set": &driver.Set{Values: []driver.Value{driver.Number(1), driver.String("a")}}, "set self": setSelf,
		"shared": array(shared, shared, object("o", shared)), "cycle": cycle,
		"boxed true": &driver.Boxed{Value: driver.Bool(true)}, "boxed string two-byte": &driver.Boxed{Value: driver.String("€")}, "boxed bigint": &driver.Boxed{Value: bigInt("5")}, "boxed twice": array(boxed, boxed),
		"buffer": &driver.ArrayBuffer{Data: []byte{1, 2, 3}}, "buffer resizable": &driver.ArrayBuffer{Data: []byte{0, 0}, Resizable: true, MaxByteLength: 8}, "buffer resizable empty": &driver.ArrayBuffer{Resizable: true},
		"views of a buffer":      object("a", &driver.View{Kind: driver.Uint8Array, Buffer: eight, Offset: 1, Length: 3}, "b", &driver.View{Kind: driver.Float64Array, Buffer: eight, Length: 8}, "b2", eight, "c", &driver.View{Kind: driver.DataView, Buffer: eight, Offset: 4, Length: 4}),
		"view twice":             array(u8, u8),
		"view tracking":          &driver.View{Kind: driver.Uint8Array, Buffer: resizable(4), Length: 4, LengthTracking: true},
		"view resizable":         &driver.View{Kind: driver.Uint8Array, Buffer: resizable(4), Offset: 1, Length: 2},
		"Float16Array":           &driver.View{Kind: driver.Float16Array, Buffer: &driver.ArrayBuffer{Data: []byte{0, 0x3E}}, Length: 2},
		"error":                  fail,
		"error type":             &driver.ErrorValue{Name: "TypeError", Message: ptr("boom"), Properties: stack("S")},
		"error empty":            &driver.ErrorValue{Name: "Error", Properties: stack("S")},
		"error name":             &driver.ErrorValue{Name: "Custom", Message: ptr("m"), Properties: stack("S")},
		"error twice":            array(fail, fail),
		"object after error":     array(fail, shared, shared),
		"error properties order": order,
		"headers":                &driver.Opaque{Data: []byte("\x04\x03\x02\x11\ntext/plain\x00\x01a\x01b")},
	}
}

func TestEncode(t *testing.T) {
	real := map[string]recorded{}
	for _, r := range corpus(t) {
		real[r.Name] = r
	}
	for name, v := range trees() {
		t.Run(name, func(t *testing.T) {
			r, ok := real[name]
			if !ok {
				t.Fatal("not recorded")
			}
			b, err := Encode(v)
			if got := hex.EncodeToString(b); err != nil || got != r.Hex {
				t.Errorf("%s\nreal: %s\nemu:  %s, %v", r.JS, r.Hex, got, err)
			}
			back, err := Decode(bytesOf(t, r.Hex))
			if err != nil || describe(back) != describe(v) {
				t.Errorf("%s\nwant: %s\ngot:  %s, %v", r.JS, describe(v), describe(back), err)
			}
		})
	}
}

// TestPlainError has the form for compatibility dates before 2026-04-21, whose
// bytes are also Node's.
func TestPlainError(t *testing.T) {
	stack := driver.Property{Key: "stack", Value: driver.String("S")}
	self := &driver.ErrorValue{Name: "Error", Message: ptr("m"), Plain: true}
	self.Properties = []driver.Property{stack, {Key: "cause", Value: self}}
	for name, v := range map[string]*driver.ErrorValue{
		"error type":            {Name: "TypeError", Message: ptr("boom"), Properties: []driver.Property{stack}, Plain: true},
		"error empty":           {Name: "Error", Properties: []driver.Property{stack}, Plain: true},
		"error no stack":        {Name: "Error", Message: ptr("m"), Plain: true},
		"error cause undefined": {Name: "Error", Message: ptr("m"), Properties: []driver.Property{{Key: "cause", Value: driver.Undefined{}}, stack}, Plain: true},
		"error cause self":      self,
		"error property":        {Name: "Error", Message: ptr("m"), Properties: []driver.Property{stack, {Key: "extra", Value: driver.Number(1)}}, Plain: true},
	} {
		for _, r := range corpus(t) {
			if r.Name == name {
				b, err := Encode(v)
				if got := hex.EncodeToString(b); err != nil || got != r.Node {
					t.Errorf("%s\nreal: %s\nemu:  %s, %v", r.JS, r.Node, got, err)
				}
			}
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	deep := driver.Value(driver.Null{})
	for range maxDepth + 1 {
		deep = array(deep)
	}
	buffer := &driver.ArrayBuffer{Data: make([]byte, 4)}
	for want, v := range map[string]driver.Value{
		"v8: a nil <nil> is no value":                                    nil,
		"v8: a nil *driver.Object is no value":                           (*driver.Object)(nil),
		"v8: a hole outside an array":                                    object("a", driver.Hole{}),
		"v8: value nested deeper than 5100 levels":                       deep,
		"v8: a view leaves its buffer":                                   &driver.View{Kind: driver.Int8Array, Buffer: buffer, Offset: 2, Length: 3},
		"v8: a view is not aligned to its elements":                      &driver.View{Kind: driver.Int32Array, Buffer: buffer, Offset: 1, Length: 3},
		"v8: a view has no buffer":                                       &driver.View{Kind: driver.Int8Array},
		"v8: unknown view '!'":                                           &driver.View{Kind: '!', Buffer: buffer},
		"v8: a view tracks the length of a buffer that is not resizable": &driver.View{Kind: driver.Int8Array, Buffer: buffer, LengthTracking: true},
		"v8: a resizable buffer is longer than its maximum":              &driver.ArrayBuffer{Data: make([]byte, 2), Resizable: true, MaxByteLength: 1},
		"v8: a driver.Null cannot be boxed":                              &driver.Boxed{Value: driver.Null{}},
		"v8: a BigInt has no value":                                      driver.BigInt{},
		"v8: an array of length 4294967296 is too long":                  &driver.Array{Length: 1 << 32},
	} {
		if b, err := Encode(v); err == nil || err.Error() != want || b != nil {
			t.Errorf("got %x, %v, want %s", b, err, want)
		}
	}
}

func TestDecodeVersions(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"4902", "1"}, {"ff0d4902", "1"}, {"ff0e4902", "1"}, {"ff0f4902", "1"}, {"ff0f490299", "1"},
		{"ff0c4902", "v8: unsupported version 12"}, {"ff104902", "v8: unsupported version 16"},
		{"5302c3a9", `"é"`}, {"5301ff", "\"\uFFFD\""}, {"55ffffffff0f", "4294967295"}, {"3f05" + "4902", "1"},
		// Views have no flags in version 13, or, by a mistake of V8's, have them.
		{"41024201015642000149022400" + "02", "[#0 #1 Uint8Array(0,1 of #2 buffer 01),1]"},
		{"ff0d41024201015642000100490224" + "0002", "[#0 #1 Uint8Array(0,1 of #2 buffer 01),1]"},
		{"6f2201614902220161490449024906" + "7b03", `{#0 "1":3,"a":2}`},
		{"6f220162490249044904" + "4902490622016249087b04", `{#0 "1":3,"2":2,"b":4}`},
		{"6f4e000000000000f83f49027b01", `{#0 "1.5":1}`},
		{"41022d4902240002", "[#0 ,1 length 2]"},
		{"44000000000000f83f", "date(#0 1)"},
		{"440000000000000000", "date(#0 0)"},
	} {
		v, err := Decode(bytesOf(t, c.in))
		got := fmt.Sprint(err)
		if err == nil {
			got = describe(v)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.in, got, c.want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":                            "v8: byte 0: the value ends early",
		"ff":                          "v8: byte 1: the value ends early",
		"ff0f":                        "v8: byte 2: the value ends early",
		"ff0f2205":                    "v8: byte 4: the value ends early",
		"ff0f6301ac":                  "v8: byte 5: half a character",
		"ff0f41ffffffff0f":            "v8: byte 8: the value ends early",
		"ff0f42ffffffff0f":            "v8: byte 8: the value ends early",
		"ff0f7e0201":                  "v8: byte 5: a resizable buffer is longer than its maximum",
		"ff0f5e00":                    "v8: byte 4: a reference to object 0, which is not there",
		"ff0f21":                      "v8: byte 2: unknown tag 0x21",
		"ff0f2d":                      "v8: byte 2: unknown tag 0x2d",
		"ff0f6f2201617b01":            "v8: byte 6: unknown tag 0x7b",
		"ff0f6f2201615f7b02":          "v8: byte 9: 1 properties, announced 2",
		"ff0f6f5f5f7b01":              "v8: byte 3: 0x5f is no string",
		"ff0f410149022400" + "02":     "v8: byte 9: 1 elements, announced 2",
		"ff0f6101490249024" + "00101": "v8: element 1 of an array of length 1",
		"ff0f3b49025f3a01":            "v8: byte 8: 2 keys and values, announced 1",
		"ff0f5200":                    "v8: byte 4: the value ends early",
		"ff0f52220161ff07":            "v8: byte 8: unknown regular expression flags 0x3ff",
		"ff0f4201ff5642000200":        "v8: byte 10: a view leaves its buffer",
		"ff0f4201ff5664000100":        "v8: byte 10: a view is not aligned to its elements",
		"ff0f4201ff5642000102":        "v8: byte 10: a view does not fit its buffer",
		"ff0f5c07":                    "v8: byte 4: unsupported host object 7",
		"ff0f5c0a01490a":              "v8: byte 5: 0x49 is no string",
		"ff0f7500":                    "v8: byte 2: unknown tag 0x75",
	} {
		v, err := Decode(bytesOf(t, in))
		if err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(want, "v8: ")) {
			t.Errorf("%s: %v, %v, want %s", in, v, err, want)
		}
	}
	if _, err := Decode([]byte(strings.Repeat("A\x01", 1<<20))); err == nil || !strings.Contains(err.Error(), "nested deeper") {
		t.Errorf("deep: %v", err)
	}
}

// TestDecodeMemory has inputs that announce more than they hold.
func TestDecodeMemory(t *testing.T) {
	nested := func(open string) string { return "\xff\x0f" + strings.Repeat(open, maxDepth) }
	rest := func(n int) string { return strings.Repeat("A\xff\xff\x01", n) + strings.Repeat("0", 1<<15) }
	for name, in := range map[string]string{
		"arrays that announce the rest": "\xff\x0f" + rest(5000),
		"arrays that announce more":     nested("A\xff\xff\xff\xff\x0f"),
		"sparse arrays":                 "\xff\x0fA\x88\x27" + strings.Repeat("a\xff\xff\xff\xff\x0f@\x00\xff\xff\xff\xff\x0f", 5000),
		"small sparse arrays":           "\xff\x0fA\x88\x27" + strings.Repeat("a\x10@\x00\x10", 5000),
		"buffers":                       nested("o\"\x00B\xff\xff\xff\x7f"),
		"maximum of a buffer":           "\xff\x0fA\x88\x27" + strings.Repeat("~\x00\xff\xff\xff\xff\x0f", 5000),
		"bigint":                        "\xff\x0fZ\xfe\xff\xff\xff\x0f",
		"objects":                       "\xff\x0fA\x88\x27" + strings.Repeat("o{\x00", 5000),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		Decode([]byte(in))
		runtime.ReadMemStats(&after)
		if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(100*len(in)+64<<10); got > limit {
			t.Errorf("%s: %d bytes took %d, more than %d", name, len(in), got, limit)
		}
	}
}
