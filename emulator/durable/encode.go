package durable

// Encoding: from Go to the value tree.

import (
	"bytes"
	"cmp"
	"encoding"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/seed-36a2c969/emu/config/javascript"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// maxInteger is the largest integer up to which every integer is a JavaScript number.
const maxInteger = 1 << 53

// valueOf encodes x as described at [Value]. The result shares memory with x only through a Value.
func valueOf(x any) (driver.Value, error) {
	switch x := x.(type) {
	case nil:
		return driver.Null{}, nil
	case string:
		return driver.String(x), nil
	case bool:
		return driver.Bool(x), nil
	case int:
		return integerValue(int64(x))
	case float64:
		return driver.Number(x), nil
	case []byte:
		return bytesValue(x), nil
	case Value:
		return x.tree(), nil
	}
	v := reflect.ValueOf(x)
	return (&encoder{}).value(typeOf(v.Type()), v)
}

func bytesValue(b []byte) driver.Value {
	return &driver.View{Kind: driver.Uint8Array, Buffer: &driver.ArrayBuffer{Data: bytes.Clone(b)}, Length: len(b)}
}

func integerValue(n int64) (driver.Value, error) {
	if n > maxInteger || n < -maxInteger {
		return nil, fmt.Errorf("integer %d is beyond 2^53 (use a *big.Int or a string)", n)
	}
	return driver.Number(n), nil
}

type encoder struct{ depth int }

func (e *encoder) value(g *goType, v reflect.Value) (driver.Value, error) {
	if g.marshals || g.pointerMarshals && v.CanAddr() {
		return marshalText(v)
	}
	switch g.form {
	case formValue:
		return v.Interface().(Value).tree(), nil
	case formTime:
		return dateOf(v.Interface().(time.Time))
	case formBigInt:
		n := v.Interface().(big.Int)
		return driver.BigInt{Int: new(big.Int).Set(&n)}, nil
	case formBytes:
		return bytesValue(v.Bytes()), nil
	case formBool:
		return driver.Bool(v.Bool()), nil
	case formInt:
		return integerValue(v.Int())
	case formUint:
		if n := v.Uint(); n > maxInteger {
			return nil, fmt.Errorf("integer %d is beyond 2^53 (use a *big.Int or a string)", n)
		}
		return driver.Number(v.Uint()), nil
	case formFloat:
		return driver.Number(v.Float()), nil
	case formString:
		return driver.String(v.String()), nil
	case formNone:
		return nil, &Error{Name: "DataCloneError", Message: g.t.String() + " could not be cloned."}
	}
	if e.depth++; e.depth > maxNesting {
		return nil, &nestingError{g.t}
	}
	defer func() { e.depth-- }()
	switch g.form {
	case formSlice, formArray:
		return e.array(g, v)
	case formMap:
		return e.mapValue(g, v)
	case formStruct:
		return e.object(g, v)
	}
	if v.IsNil() {
		return driver.Null{}, nil
	}
	if g.form == formInterface {
		v = v.Elem()
		return e.value(typeOf(v.Type()), v)
	}
	return e.value(g.elem, v.Elem())
}

// marshalText calls MarshalText.
func marshalText(v reflect.Value) (driver.Value, error) {
	m, ok := v.Interface().(encoding.TextMarshaler)
	if !ok {
		m = v.Addr().Interface().(encoding.TextMarshaler)
	}
	b, err := m.MarshalText()
	return driver.String(b), err
}

func dateOf(t time.Time) (driver.Value, error) {
	if ms := t.UnixMilli(); ms >= -8.64e15 && ms <= 8.64e15 && t.Year() < 1e6 && t.Year() > -1e6 {
		return &driver.Date{Milliseconds: float64(ms)}, nil
	}
	return nil, fmt.Errorf("time %v is beyond what a Date can hold", t)
}

func (e *encoder) array(g *goType, v reflect.Value) (driver.Value, error) {
	a := &driver.Array{}
	if n := v.Len(); n > 0 {
		a.Elements = make([]driver.Value, n)
	}
	for i := range a.Elements {
		x, err := e.value(g.elem, v.Index(i))
		if err != nil {
			return nil, atStep("["+strconv.Itoa(i)+"]", err)
		}
		a.Elements[i] = x
	}
	return a, nil
}

func (e *encoder) object(g *goType, v reflect.Value) (driver.Value, error) {
	o := &driver.Object{Properties: make([]driver.Property, 0, len(g.fields))}
	for i := range g.fields {
		f := &g.fields[i]
		fv, ok := f.of(v)
		if !ok || f.omitted(fv) {
			continue
		}
		x, err := driver.Value(nil), error(nil)
		if f.quoted && !f.typ.marshals {
			x = quote(fv)
		} else if x, err = e.value(f.typ, fv); err != nil {
			return nil, within(f.name, err)
		}
		o.Properties = append(o.Properties, driver.Property{Key: f.name, Value: x})
	}
	return o, nil
}

// quote makes a number or boolean a string, with all digits of an integer.
func quote(v reflect.Value) driver.Value {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case !v.IsValid():
		return driver.Null{}
	case v.CanInt():
		return driver.String(strconv.FormatInt(v.Int(), 10))
	case v.CanUint():
		return driver.String(strconv.FormatUint(v.Uint(), 10))
	case v.CanFloat():
		return driver.String(strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits()))
	}
	return driver.String(strconv.FormatBool(v.Bool()))
}

func (e *encoder) mapValue(g *goType, v reflect.Value) (driver.Value, error) {
	if g.key.form != formString && !g.key.marshals {
		return e.mapObject(g, v)
	}
	o := &driver.Object{Properties: make([]driver.Property, 0, v.Len())}
	for it := v.MapRange(); it.Next(); {
		key := it.Key().String()
		if g.key.form != formString {
			s, err := marshalText(it.Key())
			if err != nil {
				return nil, err
			}
			key = string(s.(driver.String))
		}
		x, err := e.value(g.elem, it.Value())
		if err != nil {
			return nil, within(key, err)
		}
		o.Properties = append(o.Properties, driver.Property{Key: key, Value: x})
	}
	slices.SortFunc(o.Properties, func(a, b driver.Property) int {
		return cmp.Or(javascript.CompareKeys(a.Key, b.Key), cmp.Compare(a.Key, b.Key))
	})
	return o, nil
}

// mapObject makes a Map. Its keys are sorted by their type, and numbers, strings and dates among
// themselves.
func (e *encoder) mapObject(g *goType, v reflect.Value) (driver.Value, error) {
	m := &driver.Map{Entries: make([]driver.MapEntry, 0, v.Len())}
	for it := v.MapRange(); it.Next(); {
		key, err := e.value(g.key, it.Key())
		if err != nil {
			return nil, atStep(" key", err)
		}
		x, err := e.value(g.elem, it.Value())
		if err != nil {
			return nil, atStep(fmt.Sprintf("[%v]", it.Key()), err)
		}
		m.Entries = append(m.Entries, driver.MapEntry{Key: key, Value: x})
	}
	slices.SortStableFunc(m.Entries, func(a, b driver.MapEntry) int {
		i, x, s := order(a.Key)
		j, y, t := order(b.Key)
		return cmp.Or(cmp.Compare(i, j), cmp.Compare(x, y), cmp.Compare(s, t))
	})
	return m, nil
}

// order returns by what keys of a Map are sorted: the rank of the type, then a number or a text.
func order(key driver.Value) (rank int, number float64, text driver.String) {
	switch key := key.(type) {
	case driver.Number:
		return 0, float64(key), ""
	case driver.String:
		return 1, 0, key
	case *driver.Date:
		return 2, key.Milliseconds, ""
	case driver.Bool:
		if key {
			return 3, 1, ""
		}
		return 3, 0, ""
	}
	return 4, 0, ""
}
