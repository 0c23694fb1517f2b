package v8

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/seed-36a2c969/emu/config/javascript"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// generator makes random trees with shared and cyclic references, from a source
// of choices that a fuzzer can steer.
type generator struct {
	n       func(n int) int // a number below n
	objects []driver.Value
	plain   bool // errors are plain
}

func random(seed uint64) *generator {
	return &generator{n: rand.New(rand.NewPCG(seed, 1)).IntN}
}

// steered takes its choices from data, and 0 after its end.
func steered(data []byte) *generator {
	return &generator{n: func(n int) int {
		if len(data) == 0 {
			return 0
		}
		b := data[0]
		data = data[1:]
		return int(b) % n
	}}
}

var someStrings = []string{"", "a", "é", "€", "\U0001F600", "\xED\xA0\xBD", "a\xED\xB8\x80", "id", "__proto__", "length", "-1", "01", "1.5", "4294967295", "\"\\\n\x00", "hello, world, this is more than a few characters"}

func (g *generator) text() string {
	if g.n(4) > 0 {
		return someStrings[g.n(len(someStrings))]
	}
	var out []byte
	for range g.n(200) {
		if g.n(3) == 0 {
			out = append(out, "é"...)
		} else {
			out = append(out, byte(g.n(128)))
		}
	}
	if g.n(2) == 0 {
		out = append(out, "€"...)
	}
	return string(out)
}

var someNumbers = []float64{0, 1, -1, 63, 64, -64, -65, 1<<30 - 1, -1 << 30, 1.5, -0.25, math.Copysign(0, -1), math.NaN(), math.Inf(1), math.Inf(-1), 1 << 31, -1<<31 - 1, 1 << 32, 1 << 53, 1e21, 1e-7, 5e-324, math.MaxFloat64}

func (g *generator) number() driver.Number {
	switch g.n(3) {
	case 0:
		return driver.Number(someNumbers[g.n(len(someNumbers))])
	case 1:
		return driver.Number(g.n(1<<20) - 1<<19)
	}
	return driver.Number(float64(g.n(1<<30)) / float64(1+g.n(1<<20)))
}

func (g *generator) bigint() driver.BigInt {
	n := big.NewInt(int64(g.n(1<<30) - 1<<29))
	return driver.BigInt{Int: n.Lsh(n, uint(g.n(200)))}
}

// properties have keys in JavaScript's order. Those without indexes are an array's.
func (g *generator) properties(depth int, indexes bool) []driver.Property {
	var list []driver.Property
	seen := map[string]bool{}
	add := func(key string) {
		if !seen[key] {
			seen[key] = true
			list = append(list, driver.Property{Key: key, Value: g.value(depth - 1)})
		}
	}
	if indexes && g.n(4) == 0 {
		for _, i := range []uint64{0, 7, 10, 1<<30 - 1, 1 << 30, 1<<31 + 5, 1<<32 - 2} {
			if g.n(2) == 0 {
				add(strconv.FormatUint(i, 10))
			}
		}
	}
	for range g.n(5) {
		key := g.text()
		if _, ok := javascript.ArrayIndex(key); !ok && (indexes || key != "length") {
			add(key)
		}
	}
	return list
}

func (g *generator) values(depth int) []driver.Value {
	var list []driver.Value
	numbers := g.n(3) == 0
	for range g.n(6) {
		if numbers {
			list = append(list, g.number())
		} else {
			list = append(list, g.value(depth-1))
		}
	}
	return list
}

func (g *generator) buffer() *driver.ArrayBuffer {
	b := &driver.ArrayBuffer{Data: make([]byte, 8*g.n(5))}
	for i := range b.Data {
		b.Data[i] = byte(g.n(256))
	}
	if g.n(4) == 0 {
		b.Resizable, b.MaxByteLength = true, len(b.Data)+g.n(10)
	}
	g.objects = append(g.objects, b)
	return b
}

func (g *generator) view() *driver.View {
	var buffers []*driver.ArrayBuffer
	for _, o := range g.objects {
		if b, ok := o.(*driver.ArrayBuffer); ok {
			buffers = append(buffers, b)
		}
	}
	var b *driver.ArrayBuffer
	if len(buffers) > 0 && g.n(2) == 0 {
		b = buffers[g.n(len(buffers))]
	} else {
		b = g.buffer()
	}
	kinds := []driver.ViewKind{driver.Int8Array, driver.Uint8Array, driver.Uint8ClampedArray, driver.Int16Array, driver.Uint16Array, driver.Int32Array, driver.Uint32Array, driver.Float32Array, driver.Float64Array, driver.BigInt64Array, driver.BigUint64Array, driver.DataView}
	v := &driver.View{Kind: kinds[g.n(len(kinds))], Buffer: b}
	v.Offset = 8 * g.n(len(b.Data)/8+1)
	v.Length = 8 * g.n((len(b.Data)-v.Offset)/8+1)
	if b.Resizable && g.n(2) == 0 {
		v.LengthTracking, v.Length = true, len(b.Data)-v.Offset
	}
	return v
}

// value makes a tree. Its objects enter g.objects before their parts are made,
// so that these can refer to them.
func (g *generator) value(depth int) driver.Value {
	kinds := 20
	if depth <= 0 {
		kinds = 8
	}
	switch g.n(kinds) {
	case 0:
		return driver.Null{}
	case 1:
		return driver.Undefined{}
	case 2:
		return driver.Bool(g.n(2) == 0)
	case 3, 4:
		return g.number()
	case 5:
		return driver.String(g.text())
	case 6:
		return g.bigint()
	case 7:
		if len(g.objects) > 0 {
			return g.objects[g.n(len(g.objects))]
		}
		return driver.Null{}
	case 8, 9, 10:
		o := &driver.Object{}
		g.objects = append(g.objects, o)
		o.Properties = g.properties(depth, true)
		return o
	case 11, 12:
		a := &driver.Array{}
		g.objects = append(g.objects, a)
		a.Elements = g.values(depth)
		if g.n(4) == 0 {
			a.Elements = slices.Insert(a.Elements, g.n(len(a.Elements)+1), driver.Value(driver.Hole{}))
			a.Sparse = true
		}
		if g.n(4) == 0 {
			a.Properties = g.properties(depth, false)
		}
		return a
	case 13:
		m := &driver.Map{}
		g.objects = append(g.objects, m)
		for i := range g.n(4) {
			m.Entries = append(m.Entries, driver.MapEntry{Key: driver.Number(i), Value: g.value(depth - 1)})
		}
		return m
	case 14:
		s := &driver.Set{}
		g.objects = append(g.objects, s)
		for i := range g.n(4) {
			s.Values = append(s.Values, driver.Number(i))
		}
		return s
	case 15:
		d := &driver.Date{Milliseconds: float64(g.n(1<<40)) - 1<<39}
		g.objects = append(g.objects, d)
		return d
	case 16:
		r := &driver.RegExp{Source: []string{"a", `\d+`, "€", `a\/b`}[g.n(4)], Flags: uint32(g.n(64))}
		g.objects = append(g.objects, r)
		return r
	case 17:
		return g.view()
	case 18:
		boxed := &driver.Boxed{Value: []driver.Value{driver.Bool(true), g.number(), driver.String(g.text()), g.bigint()}[g.n(4)]}
		g.objects = append(g.objects, boxed)
		return boxed
	}
	return g.error(depth)
}

func (g *generator) error(depth int) driver.Value {
	names := []string{"Error", "TypeError", "RangeError", "URIError", "SyntaxError", "EvalError", "ReferenceError"}
	message := g.text()
	e := &driver.ErrorValue{Name: names[g.n(len(names))], Message: &message, Plain: g.plain}
	g.objects = append(g.objects, e)
	e.Properties = append(e.Properties, driver.Property{Key: "stack", Value: driver.String(g.text())})
	if g.n(2) == 0 {
		e.Properties = append(e.Properties, driver.Property{Key: "cause", Value: g.value(depth - 1)})
	}
	return e
}
