package v8

// Arrays: dense ones as their elements, those with holes as index and value pairs.

import (
	"slices"
	"strconv"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

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

func (d *decoder) denseArray() (driver.Value, error) {
	length, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	if uint64(length) > uint64(len(d.b)-d.at) {
		return nil, d.fail("the value ends early")
	}
	a := &driver.Array{}
	d.enter(a)
	holes := false
	if length > 0 {
		// Nested arrays can each announce the rest of the input.
		a.Elements = make([]driver.Value, 0, min(int(length), (len(d.b)-d.at)>>d.depth+8))
	}
	for range length {
		if hole, err := d.end(tagHole); err != nil {
			return nil, err
		} else if hole {
			a.Elements = append(a.Elements, driver.Hole{})
			holes = true
			continue
		}
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		a.Elements = append(a.Elements, v)
	}
	if a.Properties, err = d.properties(tagDenseArrayEnd); err != nil {
		return nil, err
	}
	if len(a.Properties) > 0 {
		if _, ok := driver.ArrayIndex(a.Properties[0].Key); ok {
			return nil, d.fail("a dense array has element %s beside its elements", a.Properties[0].Key)
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
	return a, d.count("elements", int(length))
}

func (d *decoder) sparseArray() (driver.Value, error) {
	length, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	a := &driver.Array{}
	d.enter(a)
	list, err := d.properties(tagSparseArrayEnd)
	if err != nil {
		return nil, err
	}
	n := 0 // the elements come first
	for n < len(list) {
		i, ok := driver.ArrayIndex(list[n].Key)
		if !ok {
			break
		}
		if i >= length {
			return nil, d.fail("element %d of an array of length %d", i, length)
		}
		n++
	}
	spread(a, length, list, n)
	return a, d.count("elements", int(length))
}

// spread makes a the sparse array of that length whose elements are the first n
// of list. An announced length alone does not cost memory.
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
		i, _ := driver.ArrayIndex(p.Key)
		a.Elements[i] = p.Value
	}
	if a.Properties = list[n:]; len(a.Properties) == 0 {
		a.Properties = nil
	}
}
