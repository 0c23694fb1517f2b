package v8

// Objects with their properties and elements; encoder_object.go describes the format.

import (
	"math"
	"slices"
	"strconv"

	"github.com/seed-36a2c969/emu/config/javascript"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// properties reads properties up to the tag end. It puts them into JavaScript's order: array indexes
// come first, in ascending order, and a key that occurs twice keeps its first place.
func (d *decoder) properties(end byte) []driver.Property {
	var list []driver.Property
	for !d.end(end) {
		key := d.key()
		list = append(list, driver.Property{Key: key, Value: d.value()})
	}
	n := len(list)
	byKey := func(a, b driver.Property) int { return javascript.CompareKeys(a.Key, b.Key) }
	if !slices.IsSortedFunc(list, byKey) {
		slices.SortStableFunc(list, byKey)
	}
	d.count("properties", n)
	return once(list)
}

// once removes keys that occur twice, which V8 never writes: the last value counts.
func once(list []driver.Property) []driver.Property {
	var at map[string]int
	if len(list) > 16 {
		at = make(map[string]int, len(list))
	}
	out := list[:0]
next:
	for _, p := range list {
		if at != nil {
			if i, ok := at[p.Key]; ok {
				out[i].Value = p.Value
				continue
			}
			at[p.Key] = len(out)
		} else {
			for i := range out {
				if out[i].Key == p.Key {
					out[i].Value = p.Value
					continue next
				}
			}
		}
		out = append(out, p)
	}
	return out
}

func (d *decoder) key() string {
	tag := d.tag()
	if tag == tagInt32 || tag == tagUint32 || tag == tagDouble {
		return javascript.NumberText(float64(d.valueOf(tag).(driver.Number)))
	}
	if tag != tagOneByteString || d.at == len(d.b) || d.b[d.at] >= 0x80 {
		return d.textOf(tag)
	}
	// The objects of a list have the same short keys: d.keys saves a copy of each.
	n := int(d.b[d.at])
	if n == 0 || n > len(d.b)-d.at-1 {
		return d.textOf(tag)
	}
	b := d.b[d.at+1 : d.at+1+n]
	known := &d.keys[(n+int(b[0])+int(b[n-1]))%len(d.keys)]
	if string(b) == *known {
		d.at += 1 + n
		return *known
	}
	key := d.textOf(tag)
	if len(key) == n { // all ASCII
		*known = key
	}
	return key
}

func (d *decoder) mapValue() driver.Value {
	v := &driver.Map{}
	d.enter(v)
	for {
		if d.end(tagMapEnd) {
			d.count("keys and values", 2*len(v.Entries))
			return v
		}
		key := d.value()
		value := d.value()
		v.Entries = append(v.Entries, driver.MapEntry{Key: key, Value: value})
	}
}

func (d *decoder) set() driver.Value {
	v := &driver.Set{}
	d.enter(v)
	for {
		if d.end(tagSetEnd) {
			d.count("values", len(v.Values))
			return v
		}
		v.Values = append(v.Values, d.value())
	}
}

func (d *decoder) denseArray() driver.Value {
	length := d.uvarint()
	if uint64(length) > uint64(len(d.b)-d.at) {
		panic(d.fail("the value ends early"))
	}
	a := &driver.Array{}
	d.enter(a)
	holes := false
	if length > 0 {
		// Each of many nested arrays can announce the whole rest of the input: the capacity
		// halves with each level, so that a hostile value costs no more memory than its bytes.
		a.Elements = make([]driver.Value, 0, min(int(length), (len(d.b)-d.at)>>d.depth+8))
	}
	for range length {
		if d.end(tagHole) {
			a.Elements = append(a.Elements, driver.Hole{})
			holes = true
			continue
		}
		a.Elements = append(a.Elements, d.value())
	}
	a.Properties = d.properties(tagDenseArrayEnd)
	if len(a.Properties) > 0 {
		if _, ok := javascript.ArrayIndex(a.Properties[0].Key); ok {
			panic(d.fail("a dense array has element %s beside its elements", a.Properties[0].Key))
		}
	}
	if holes {
		var list []driver.Property
		for i, v := range a.Elements {
			if v != (driver.Hole{}) {
				list = append(list, driver.Property{Key: strconv.Itoa(i), Value: v})
			}
		}
		spread(a, length, append(list, a.Properties...), len(list))
	}
	d.count("elements", int(length))
	return a
}

func (d *decoder) sparseArray() driver.Value {
	length := d.uvarint()
	a := &driver.Array{}
	d.enter(a)
	list := d.properties(tagSparseArrayEnd)
	n := 0 // the number of elements, which properties has put first
	for n < len(list) {
		i, ok := javascript.ArrayIndex(list[n].Key)
		if !ok {
			break
		}
		if i >= length {
			panic(d.fail("element %d of an array of length %d", i, length))
		}
		n++
	}
	spread(a, length, list, n)
	d.count("elements", int(length))
	return a
}

// spread makes a the sparse array of the given length. Its elements are the first n properties of
// list. A length far above n costs no memory.
func spread(a *driver.Array, length uint32, list []driver.Property, n int) {
	*a = driver.Array{Sparse: true, Properties: list}
	if uint64(length) > 4*uint64(n)+16 {
		a.Length = int(length)
		return
	}
	if length > 0 {
		a.Elements = slices.Repeat([]driver.Value{driver.Hole{}}, int(length))
	}
	for _, p := range list[:n] {
		i, _ := javascript.ArrayIndex(p.Key)
		a.Elements[i] = p.Value
	}
	if a.Properties = list[n:]; len(a.Properties) == 0 {
		a.Properties = nil
	}
}

func (d *decoder) buffer(resizable bool) driver.Value {
	n := d.uvarint()
	limit := n
	if resizable {
		if limit = d.uvarint(); limit < n {
			panic(d.fail("a resizable buffer is longer than its maximum"))
		}
	}
	b := &driver.ArrayBuffer{Data: slices.Clone(d.bytes(n)), Resizable: resizable}
	if resizable {
		b.MaxByteLength = int(limit)
	}
	d.enter(b)
	return b
}

func (d *decoder) view(b *driver.ArrayBuffer) driver.Value {
	kind := d.uvarint()
	offset := d.uvarint()
	length := d.uvarint()
	flags := uint32(0)
	if d.version >= 14 {
		flags = d.uvarint()
	}
	v := &driver.View{Kind: driver.ViewKind(kind), Buffer: b, Offset: int(offset), Length: int(length), LengthTracking: flags&viewLengthTracking != 0}
	size := v.Kind.ElementSize()
	switch {
	case size == 0:
		panic(d.fail("unknown view %#x", kind))
	case v.Offset > len(b.Data) || v.Length > len(b.Data)-v.Offset:
		panic(d.fail("a view leaves its buffer"))
	case v.Offset%size != 0 || v.Length%size != 0:
		panic(d.fail("a view is not aligned to its elements"))
	case b.Resizable != (flags&viewOfResizableBuffer != 0), v.LengthTracking && !b.Resizable:
		panic(d.fail("a view does not fit its buffer"))
	}
	if v.LengthTracking {
		v.Length = (len(b.Data) - v.Offset) / size * size
	}
	d.enter(v)
	return v
}

func (d *decoder) boxed(tag byte) driver.Value {
	v := &driver.Boxed{}
	d.enter(v)
	switch tag {
	case tagTrueObject, tagFalseObject:
		v.Value = driver.Bool(tag == tagTrueObject)
	case tagNumberObject:
		v.Value = driver.Number(d.double())
	case tagBigIntObject:
		v.Value = d.bigint()
	default:
		v.Value = driver.String(d.text())
	}
	return v
}

func (d *decoder) regexp() driver.Value {
	v := &driver.RegExp{}
	d.enter(v)
	v.Source = d.text()
	if v.Flags = d.uvarint(); v.Flags > 0x1FF {
		panic(d.fail("unknown regular expression flags %#x", v.Flags))
	}
	return v
}

// clip is TimeClip, https://tc39.es/ecma262/#sec-timeclip.
func clip(ms float64) float64 {
	if ms >= -8.64e15 && ms <= 8.64e15 {
		return math.Trunc(ms) + 0
	}
	return math.NaN()
}
