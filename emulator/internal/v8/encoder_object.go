package v8

// Objects and what they hold. An array is written as its elements, one with holes as pairs of
// index and value; a view as its buffer, or a reference to it, and its place in that.

import "github.com/seed-36a2c969/emu/emulator/durable/driver"

func (e *encoder) object(v driver.Value) error {
	if isNil(v) {
		return errorf("a nil %T is no value", v)
	}
	if view, ok := v.(*driver.View); ok {
		return e.view(view)
	}
	if e.reference(v) {
		return nil
	}
	switch v := v.(type) {
	case *driver.Object:
		e.b = append(e.b, tagObject)
		if err := e.properties(v.Properties); err != nil {
			return err
		}
		e.b = append(e.b, tagObjectEnd)
		e.uvarint(uint64(len(v.Properties)))
		return nil
	case *driver.Array:
		return e.array(v)
	case *driver.Date:
		e.b = append(e.b, tagDate)
		e.double(v.Milliseconds)
		return nil
	case *driver.RegExp:
		e.b = append(e.b, tagRegExp)
		if err := e.text(v.Source); err != nil {
			return err
		}
		e.uvarint(uint64(v.Flags))
		return nil
	case *driver.Map:
		e.b = append(e.b, tagMap)
		for _, entry := range v.Entries {
			if err := e.value(entry.Key); err != nil {
				return err
			}
			if err := e.value(entry.Value); err != nil {
				return err
			}
		}
		e.b = append(e.b, tagMapEnd)
		e.uvarint(2 * uint64(len(v.Entries)))
		return nil
	case *driver.Set:
		e.b = append(e.b, tagSet)
		for _, member := range v.Values {
			if err := e.value(member); err != nil {
				return err
			}
		}
		e.b = append(e.b, tagSetEnd)
		e.uvarint(uint64(len(v.Values)))
		return nil
	case *driver.ArrayBuffer:
		return e.buffer(v)
	case *driver.Boxed:
		return e.boxed(v)
	case *driver.ErrorValue:
		return e.error(v)
	case *driver.Opaque:
		return e.host(v)
	}
	return errorf("unknown value %T", v)
}

func isNil(v driver.Value) bool {
	switch v := v.(type) {
	case nil:
		return true
	case *driver.Object:
		return v == nil
	case *driver.Array:
		return v == nil
	case *driver.Date:
		return v == nil
	case *driver.RegExp:
		return v == nil
	case *driver.Map:
		return v == nil
	case *driver.Set:
		return v == nil
	case *driver.ArrayBuffer:
		return v == nil
	case *driver.View:
		return v == nil
	case *driver.Boxed:
		return v == nil
	case *driver.ErrorValue:
		return v == nil
	case *driver.Opaque:
		return v == nil
	}
	return false
}

func (e *encoder) key(key string) error {
	if n, ok := driver.ArrayIndex(key); ok {
		e.number(float64(n))
		return nil
	}
	return e.text(key)
}

func (e *encoder) properties(list []driver.Property) error {
	for i := range list {
		if err := e.key(list[i].Key); err != nil {
			return err
		}
		if err := e.value(list[i].Value); err != nil {
			return err
		}
	}
	return nil
}

func (e *encoder) array(a *driver.Array) error {
	length := max(a.Length, len(a.Elements))
	if length > maxLength {
		return errorf("an array of length %d is too long", length)
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
		return e.sparseArray(a, length)
	}
	e.b = append(e.b, tagDenseArray)
	e.uvarint(uint64(length))
	// An array of numbers with a fraction among them is an array of doubles.
	if numbers && !smalls {
		for _, v := range a.Elements {
			e.b = append(e.b, tagDouble)
			e.double(float64(v.(driver.Number)))
		}
	} else {
		for _, v := range a.Elements {
			if err := e.value(v); err != nil {
				return err
			}
		}
	}
	if err := e.properties(a.Properties); err != nil {
		return err
	}
	e.b = append(e.b, tagDenseArrayEnd)
	e.uvarint(uint64(len(a.Properties)))
	e.uvarint(uint64(length))
	return nil
}

func (e *encoder) sparseArray(a *driver.Array, length int) error {
	e.b = append(e.b, tagSparseArray)
	e.uvarint(uint64(length))
	n := len(a.Properties)
	for i, v := range a.Elements {
		if _, hole := v.(driver.Hole); hole {
			continue
		}
		n++
		e.number(float64(i))
		if err := e.value(v); err != nil {
			return err
		}
	}
	if err := e.properties(a.Properties); err != nil {
		return err
	}
	e.b = append(e.b, tagSparseArrayEnd)
	e.uvarint(uint64(n))
	e.uvarint(uint64(length))
	return nil
}

func (e *encoder) buffer(b *driver.ArrayBuffer) error {
	if len(b.Data) > maxLength || b.MaxByteLength > maxLength {
		return errorf("a buffer of %d bytes is too long", max(len(b.Data), b.MaxByteLength))
	}
	if b.Resizable {
		if b.MaxByteLength < len(b.Data) {
			return errorf("a resizable buffer is longer than its maximum")
		}
		e.b = append(e.b, tagResizableBuffer)
		e.uvarint(uint64(len(b.Data)))
		e.uvarint(uint64(b.MaxByteLength))
	} else {
		e.b = append(e.b, tagArrayBuffer)
		e.uvarint(uint64(len(b.Data)))
	}
	e.b = append(e.b, b.Data...)
	return nil
}

func (e *encoder) view(v *driver.View) error {
	size := elementSize(byte(v.Kind))
	switch {
	case v.Buffer == nil:
		return errorf("a view has no buffer")
	case size == 0:
		return errorf("unknown view %q", byte(v.Kind))
	case v.Offset < 0 || v.Length < 0 || v.Offset > len(v.Buffer.Data) || v.Length > len(v.Buffer.Data)-v.Offset:
		return errorf("a view leaves its buffer")
	case v.Offset%size != 0 || v.Length%size != 0:
		return errorf("a view is not aligned to its elements")
	case v.LengthTracking && !v.Buffer.Resizable:
		return errorf("a view tracks the length of a buffer that is not resizable")
	}
	// V8 writes the buffer before the view refers to it.
	if _, ok := e.numberOf(v); !ok {
		if err := e.object(v.Buffer); err != nil {
			return err
		}
	}
	if e.reference(v) {
		return nil
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
	return nil
}

func (e *encoder) boxed(v *driver.Boxed) error {
	switch p := v.Value.(type) {
	case driver.Bool:
		if p {
			e.b = append(e.b, tagTrueObject)
		} else {
			e.b = append(e.b, tagFalseObject)
		}
		return nil
	case driver.Number:
		e.b = append(e.b, tagNumberObject)
		e.double(float64(p))
		return nil
	case driver.BigInt:
		e.b = append(e.b, tagBigIntObject)
		return e.bigint(p.Int)
	case driver.String:
		e.b = append(e.b, tagStringObject)
		return e.text(string(p))
	}
	return errorf("a %T cannot be boxed", v.Value)
}
