package durable

// Decoding into an any.

import (
	"bytes"
	"errors"
	"math/big"
	"reflect"
	"slices"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// errCyclic ends anyValue at an object that holds itself.
var errCyclic = errors.New("cyclic value")

// any makes the nearest Go value. A value with a cycle is kept whole in a Value, so that
// code that walks the result comes to its end.
func (d *decoder) any(v driver.Value) (any, error) {
	x, err := d.anyValue(v)
	if err == errCyclic {
		return Value{v}, nil
	}
	return x, err
}

func (d *decoder) anyValue(v driver.Value) (any, error) {
	switch v := v.(type) {
	case driver.Null:
		return nil, nil
	case driver.Bool:
		return bool(v), nil
	case driver.Number:
		return float64(v), nil
	case driver.String:
		return string(v), nil
	case driver.BigInt:
		return new(big.Int).Set(v.Int), nil
	case *driver.Date:
		if v.Milliseconds == v.Milliseconds {
			return time.UnixMilli(int64(v.Milliseconds)).UTC(), nil
		}
	case *driver.ArrayBuffer:
		return bytes.Clone(v.Data), nil
	case *driver.View:
		if v.Kind == driver.Uint8Array {
			b, _ := bytesIn(v)
			return b, nil
		}
	case *driver.Array:
		if v.Length <= len(v.Elements) && len(v.Properties) == 0 && !slices.Contains(v.Elements, driver.Value(driver.Hole{})) {
			return d.anyObject(v)
		}
	case *driver.Object, *driver.Map:
		return d.anyObject(v)
	}
	return Value{v}, nil // Go has no type for it
}

// anyObject makes a slice of an Array, and a map of an Object or a Map.
func (d *decoder) anyObject(v driver.Value) (any, error) {
	inside, err := d.enter(v)
	if err != nil {
		return nil, err
	}
	if inside {
		return nil, errCyclic
	}
	defer d.leave()
	switch v := v.(type) {
	case *driver.Array:
		list := make([]any, len(v.Elements))
		for i, e := range v.Elements {
			x, err := d.anyValue(e)
			if err != nil {
				return nil, err
			}
			list[i] = x
		}
		return list, nil
	case *driver.Object:
		m := make(map[string]any, len(v.Properties))
		for _, p := range v.Properties {
			x, err := d.anyValue(p.Value)
			if err != nil {
				return nil, err
			}
			m[p.Key] = x
		}
		return m, nil
	}
	entries := v.(*driver.Map).Entries
	m := make(map[any]any, len(entries))
	for _, e := range entries {
		key, err := d.anyValue(e.Key)
		if err != nil {
			return nil, err
		}
		if key != nil && !reflect.TypeOf(key).Comparable() {
			key = Value{e.Key}
		}
		if m[key], err = d.anyValue(e.Value); err != nil {
			return nil, err
		}
	}
	return m, nil
}
