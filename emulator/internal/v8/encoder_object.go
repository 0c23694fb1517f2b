package v8

// Objects with their properties and elements. A dense array is written as its elements, an array with
// holes as pairs of index and value. A view is written as its buffer, or a reference to that, with
// its offset and length.

import (
	"reflect"

	"github.com/seed-36a2c969/emu/config/javascript"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

func (e *encoder) object(v driver.Value) {
	if isNil(v) {
		panic(errorf("a nil %T is no value", v))
	}
	if view, ok := v.(*driver.View); ok {
		e.view(view)
		return
	}
	if e.reference(v) {
		return
	}
	switch v := v.(type) {
	case *driver.Object:
		e.b = append(e.b, tagObject)
		e.properties(v.Properties)
		e.b = append(e.b, tagObjectEnd)
		e.uvarint(uint64(len(v.Properties)))
	case *driver.Array:
		e.array(v)
	case *driver.Date:
		e.b = append(e.b, tagDate)
		e.double(v.Milliseconds)
	case *driver.RegExp:
		e.b = append(e.b, tagRegExp)
		e.text(v.Source)
		e.uvarint(uint64(v.Flags))
	case *driver.Map:
		e.b = append(e.b, tagMap)
		for _, entry := range v.Entries {
			e.value(entry.Key)
			e.value(entry.Value)
		}
		e.b = append(e.b, tagMapEnd)
		e.uvarint(2 * uint64(len(v.Entries)))
	case *driver.Set:
		e.b = append(e.b, tagSet)
		for _, member := range v.Values {
			e.value(member)
		}
		e.b = append(e.b, tagSetEnd)
		e.uvarint(uint64(len(v.Values)))
	case *driver.ArrayBuffer:
		e.buffer(v)
	case *driver.Boxed:
		e.boxed(v)
	case *driver.ErrorValue:
		e.error(v)
	case *driver.Opaque:
		e.host(v)
	case *driver.Ref:
		if !e.copies {
			panic(errorf("a function or an RpcTarget cannot be stored"))
		}
		e.b = append(e.b, tagHostObject)
		e.uvarint(hostRef)
		e.uvarint(uint64(len(e.refs)))
		e.refs = append(e.refs, v)
	default:
		panic(errorf("unknown value %T", v))
	}
}

// isNil reports whether v is no value, or a nil pointer to one.
func isNil(v driver.Value) bool {
	p := reflect.ValueOf(v)
	return !p.IsValid() || p.Kind() == reflect.Pointer && p.IsNil()
}

func (e *encoder) key(key string) {
	if n, ok := javascript.ArrayIndex(key); ok {
		e.number(float64(n))
	} else {
		e.text(key)
	}
}

func (e *encoder) properties(list []driver.Property) {
	for i := range list {
		e.key(list[i].Key)
		e.value(list[i].Value)
	}
}

func (e *encoder) array(a *driver.Array) {
	length := max(a.Length, len(a.Elements))
	if length > maxLength {
		panic(errorf("an array of length %d is too long", length))
	}
	sparse, numbers, smalls := a.Sparse || length > len(a.Elements), true, true
	for _, v := range a.Elements {
		switch v := v.(type) {
		case driver.Hole:
			sparse = true
		case driver.Number:
			smalls = smalls && small(float64(v))
		default:
			numbers = false
		}
	}
	if sparse {
		e.sparseArray(a, length)
		return
	}
	e.b = append(e.b, tagDenseArray)
	e.uvarint(uint64(length))
	// V8 keeps numbers as doubles if one of them has a fraction.
	if numbers && !smalls {
		for _, v := range a.Elements {
			e.b = append(e.b, tagDouble)
			e.double(float64(v.(driver.Number)))
		}
	} else {
		for _, v := range a.Elements {
			e.value(v)
		}
	}
	e.properties(a.Properties)
	e.b = append(e.b, tagDenseArrayEnd)
	e.uvarint(uint64(len(a.Properties)))
	e.uvarint(uint64(length))
}

func (e *encoder) sparseArray(a *driver.Array, length int) {
	e.b = append(e.b, tagSparseArray)
	e.uvarint(uint64(length))
	n := len(a.Properties)
	for i, v := range a.Elements {
		if _, hole := v.(driver.Hole); hole {
			continue
		}
		n++
		e.number(float64(i))
		e.value(v)
	}
	e.properties(a.Properties)
	e.b = append(e.b, tagSparseArrayEnd)
	e.uvarint(uint64(n))
	e.uvarint(uint64(length))
}

func (e *encoder) buffer(b *driver.ArrayBuffer) {
	if len(b.Data) > maxLength || b.MaxByteLength > maxLength {
		panic(errorf("a buffer of %d bytes is too long", max(len(b.Data), b.MaxByteLength)))
	}
	if b.Resizable {
		if b.MaxByteLength < len(b.Data) {
			panic(errorf("a resizable buffer is longer than its maximum"))
		}
		e.b = append(e.b, tagResizableBuffer)
		e.uvarint(uint64(len(b.Data)))
		e.uvarint(uint64(b.MaxByteLength))
	} else {
		e.b = append(e.b, tagArrayBuffer)
		e.uvarint(uint64(len(b.Data)))
	}
	e.b = append(e.b, b.Data...)
}

func (e *encoder) view(v *driver.View) {
	size := v.Kind.ElementSize()
	switch {
	case v.Buffer == nil:
		panic(errorf("a view has no buffer"))
	case size == 0:
		panic(errorf("unknown view %q", byte(v.Kind)))
	case v.Offset < 0 || v.Length < 0 || v.Offset > len(v.Buffer.Data) || v.Length > len(v.Buffer.Data)-v.Offset:
		panic(errorf("a view leaves its buffer"))
	case v.Offset%size != 0 || v.Length%size != 0:
		panic(errorf("a view is not aligned to its elements"))
	case v.LengthTracking && !v.Buffer.Resizable:
		panic(errorf("a view tracks the length of a buffer that is not resizable"))
	}
	// V8 writes the buffer before the view refers to it.
	if _, ok := e.numberOf(v); !ok {
		e.object(v.Buffer)
	}
	if e.reference(v) {
		return
	}
	length, flags := v.Length, uint64(0)
	if v.Buffer.Resizable {
		flags = viewOfResizableBuffer
	}
	if v.LengthTracking {
		length, flags = 0, flags|viewLengthTracking
	}
	e.b = append(e.b, tagView, byte(v.Kind))
	e.uvarint(uint64(v.Offset))
	e.uvarint(uint64(length))
	e.uvarint(flags)
}

func (e *encoder) boxed(v *driver.Boxed) {
	switch p := v.Value.(type) {
	case driver.Bool:
		e.bool(p, tagTrueObject, tagFalseObject)
	case driver.Number:
		e.b = append(e.b, tagNumberObject)
		e.double(float64(p))
	case driver.BigInt:
		e.b = append(e.b, tagBigIntObject)
		e.bigint(p.Int)
	case driver.String:
		e.b = append(e.b, tagStringObject)
		e.text(string(p))
	default:
		panic(errorf("a %T cannot be boxed", v.Value))
	}
}
