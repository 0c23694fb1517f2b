package durable

// Decoding: from the value tree to Go.

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// decodeValue decodes v into what dst points at, as described at [Value]. The result shares memory
// with v only in a Value. After an error a part of the result may have been stored.
func decodeValue(v driver.Value, dst any) error {
	if v == nil {
		v = driver.Undefined{}
	}
	if dst, ok := dst.(*Value); ok && dst != nil {
		dst.v = v
		return nil
	}
	p := reflect.ValueOf(dst)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("cannot decode into %T (use a pointer that is not nil)", dst)
	}
	return (&decoder{}).value(typeOf(p.Type().Elem()), v, p.Elem())
}

type decoder struct {
	open []driver.Value // the objects being decoded, outermost first
	made int            // how many objects were begun, a shared one as often as it occurs
}

// maxMade bounds the size of the result: an object that occurs twice is decoded twice, so that a short
// value can grow without end. No stored value has as many objects.
const maxMade = 1 << 22

// enter begins an object. inside is set if the object holds itself.
func (d *decoder) enter(v driver.Value) (inside bool, err error) {
	if slices.Contains(d.open, v) {
		return true, nil
	}
	if d.made++; d.made > maxMade {
		return false, errors.New("value has too many shared objects")
	}
	d.open = append(d.open, v)
	return false, nil
}

func (d *decoder) leave() { d.open = d.open[:len(d.open)-1] }

func mismatch(v driver.Value, t reflect.Type) error {
	return fmt.Errorf("cannot decode %s into %s", nameOf(v), t)
}

// nameOf returns the name of v for an error.
func nameOf(v driver.Value) string {
	switch v := v.(type) {
	case driver.Undefined:
		return "undefined"
	case driver.Null:
		return "null"
	case driver.Bool:
		return "boolean " + strconv.FormatBool(bool(v))
	case driver.Number:
		return "number " + strconv.FormatFloat(float64(v), 'g', -1, 64)
	case driver.String:
		if len(v) > 40 {
			return "string"
		}
		return "string " + strconv.Quote(string(v))
	case driver.BigInt:
		if v.Int.BitLen() > 128 {
			return "bigint"
		}
		return "bigint " + v.Int.String()
	case *driver.Date:
		if v.Milliseconds != v.Milliseconds {
			return "invalid Date"
		}
	case *driver.View:
		return v.Kind.String()
	case *driver.Opaque:
		return "host object"
	case *driver.ErrorValue:
		return v.Name
	case *driver.Boxed:
		return "boxed " + nameOf(v.Value)
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", v), "*driver.")
}

func (d *decoder) value(g *goType, v driver.Value, dst reflect.Value) error {
	switch g.form {
	case formValue:
		dst.Set(reflect.ValueOf(Value{v}))
		return nil
	case formPointer:
		return d.pointer(g, v, dst)
	case formInterface:
		return d.iface(g, v, dst)
	}
	switch v.(type) {
	case driver.Null, driver.Undefined:
		if g.form == formSlice || g.form == formBytes || g.form == formMap {
			dst.SetZero()
		}
		return nil
	}
	if s, ok := v.(driver.String); ok && g.unmarshals {
		return dst.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s))
	}
	if b, ok := v.(*driver.Boxed); ok {
		v = b.Value
	}
	switch g.form {
	case formTime:
		if date, ok := v.(*driver.Date); ok && date.Milliseconds == date.Milliseconds {
			dst.Set(reflect.ValueOf(time.UnixMilli(int64(date.Milliseconds)).UTC()))
			return nil
		}
	case formBigInt:
		if n := integer(v); n != nil {
			dst.Addr().Interface().(*big.Int).Set(n)
			return nil
		}
	case formBool:
		if b, ok := v.(driver.Bool); ok {
			dst.SetBool(bool(b))
			return nil
		}
	case formInt:
		if n, ok := v.(driver.Number); ok && n == driver.Number(int64(n)) && n < 1<<63 && !dst.OverflowInt(int64(n)) {
			dst.SetInt(int64(n))
			return nil
		}
		if n, ok := v.(driver.BigInt); ok && n.Int.IsInt64() && !dst.OverflowInt(n.Int.Int64()) {
			dst.SetInt(n.Int.Int64())
			return nil
		}
	case formUint:
		if n, ok := v.(driver.Number); ok && n >= 0 && n == driver.Number(uint64(n)) && n < 1<<64 && !dst.OverflowUint(uint64(n)) {
			dst.SetUint(uint64(n))
			return nil
		}
		if n, ok := v.(driver.BigInt); ok && n.Int.IsUint64() && !dst.OverflowUint(n.Int.Uint64()) {
			dst.SetUint(n.Int.Uint64())
			return nil
		}
	case formFloat:
		if n, ok := v.(driver.Number); ok && !dst.OverflowFloat(float64(n)) {
			dst.SetFloat(float64(n))
			return nil
		}
	case formString:
		if s, ok := v.(driver.String); ok {
			dst.SetString(string(s))
			return nil
		}
	case formBytes:
		if b, ok := bytesIn(v); ok {
			dst.SetBytes(b)
			return nil
		}
		return d.list(g, v, dst)
	case formSlice, formArray:
		return d.list(g, v, dst)
	case formMap:
		return d.mapValue(g, v, dst)
	case formStruct:
		return d.object(g, v, dst)
	}
	return mismatch(v, g.t)
}

// integer returns v if it is an integer, or nil.
func integer(v driver.Value) *big.Int {
	switch v := v.(type) {
	case driver.BigInt:
		return v.Int
	case driver.Number:
		if f := float64(v); f == math.Trunc(f) && !math.IsInf(f, 0) {
			n, _ := big.NewFloat(f).Int(nil)
			return n
		}
	}
	return nil
}

// bytesIn returns a copy of the bytes of a buffer or view.
func bytesIn(v driver.Value) ([]byte, bool) {
	var b []byte
	switch v := v.(type) {
	case *driver.View:
		b = v.Bytes()
	case *driver.ArrayBuffer:
		b = v.Data
	default:
		return nil, false
	}
	return append(make([]byte, 0, len(b)), b...), true
}

func (d *decoder) pointer(g *goType, v driver.Value, dst reflect.Value) error {
	switch v.(type) {
	case driver.Null, driver.Undefined:
		if g.elem.form != formValue {
			dst.SetZero()
			return nil
		}
	}
	if dst.IsNil() {
		dst.Set(reflect.New(g.elem.t))
	}
	return d.value(g.elem, v, dst.Elem())
}

func (d *decoder) iface(g *goType, v driver.Value, dst reflect.Value) error {
	if !dst.IsNil() {
		if e := dst.Elem(); e.Kind() == reflect.Pointer && !e.IsNil() && v != (driver.Null{}) {
			return d.value(typeOf(e.Type().Elem()), v, e.Elem())
		}
	}
	if v == (driver.Null{}) {
		dst.SetZero()
		return nil
	}
	if g.t.NumMethod() > 0 {
		return mismatch(v, g.t)
	}
	x, err := d.any(v)
	if err != nil {
		return err
	}
	dst.Set(reflect.ValueOf(x))
	return nil
}

// refuse returns err, or the error for a cycle, which only a Value or an any can hold.
func (d *decoder) refuse(g *goType, err error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("cannot decode a cycle into %s", g.t)
}
