package durable

// Decoding into slices, arrays and maps.

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// list decodes Arrays, Sets and typed arrays into slices and arrays.
func (d *decoder) list(g *goType, v driver.Value, dst reflect.Value) error {
	var elements []driver.Value
	switch v := v.(type) {
	case *driver.Array:
		if v.Length > len(v.Elements) {
			return fmt.Errorf("cannot decode a sparse Array of length %d into %s", v.Length, g.t)
		}
		elements = v.Elements
	case *driver.Set:
		elements = v.Values
	case *driver.View:
		if v.Kind == driver.DataView {
			return mismatch(v, g.t)
		}
		elements = elementsOf(v)
	default:
		return mismatch(v, g.t)
	}
	if inside, err := d.enter(v); inside || err != nil {
		return d.refuse(g, err)
	}
	defer d.leave()
	n := len(elements)
	if g.form == formArray {
		n = min(n, dst.Len())
		dst.SetZero()
	} else {
		dst.Set(reflect.MakeSlice(g.t, n, n))
	}
	for i, x := range elements[:n] {
		if x == (driver.Hole{}) {
			continue
		}
		if err := d.value(g.elem, x, dst.Index(i)); err != nil {
			return atStep("["+strconv.Itoa(i)+"]", err)
		}
	}
	return nil
}

func (d *decoder) mapValue(g *goType, v driver.Value, dst reflect.Value) error {
	var entries []driver.MapEntry
	switch v := v.(type) {
	case *driver.Object:
		entries = make([]driver.MapEntry, len(v.Properties))
		for i, p := range v.Properties {
			entries[i] = driver.MapEntry{Key: driver.String(p.Key), Value: p.Value}
		}
	case *driver.Map:
		entries = v.Entries
	case *driver.Set:
		return d.set(g, v, dst)
	default:
		return mismatch(v, g.t)
	}
	if inside, err := d.enter(v); inside || err != nil {
		return d.refuse(g, err)
	}
	defer d.leave()
	if dst.IsNil() {
		dst.Set(reflect.MakeMapWithSize(g.t, len(entries)))
	}
	for _, e := range entries {
		key, err := d.key(g, e.Key)
		if err != nil {
			return err
		}
		x := reflect.New(g.elem.t).Elem()
		if err := d.value(g.elem, e.Value, x); err != nil {
			if s, ok := e.Key.(driver.String); ok {
				return within(string(s), err)
			}
			return atStep("["+nameOf(e.Key)+"]", err)
		}
		dst.SetMapIndex(key, x)
	}
	return nil
}

// set decodes a Set into a map whose elements are empty structs, or true.
func (d *decoder) set(g *goType, v *driver.Set, dst reflect.Value) error {
	x := reflect.New(g.elem.t).Elem()
	switch {
	case g.elem.form == formBool:
		x.SetBool(true)
	case g.elem.form != formStruct || g.elem.t.NumField() > 0:
		return mismatch(v, g.t)
	}
	if inside, err := d.enter(v); inside || err != nil {
		return d.refuse(g, err)
	}
	defer d.leave()
	if dst.IsNil() {
		dst.Set(reflect.MakeMapWithSize(g.t, len(v.Values)))
	}
	for _, member := range v.Values {
		key, err := d.key(g, member)
		if err != nil {
			return err
		}
		dst.SetMapIndex(key, x)
	}
	return nil
}

// key decodes v into a key of the map type g.
func (d *decoder) key(g *goType, v driver.Value) (reflect.Value, error) {
	key := reflect.New(g.key.t).Elem()
	if s, ok := v.(driver.String); ok && !g.key.unmarshals && (g.key.form == formInt || g.key.form == formUint) {
		if n, ok := unquote(string(s), g.key); ok {
			v = n // encoding/json, too, writes integer keys as strings
		}
	}
	if err := d.value(g.key, v, key); err != nil {
		return key, atStep("["+nameOf(v)+"]", err)
	}
	if !key.Comparable() {
		if g.key.form != formInterface {
			return key, mismatch(v, g.key.t)
		}
		key.Set(reflect.ValueOf(Value{v}))
	}
	return key, nil
}
