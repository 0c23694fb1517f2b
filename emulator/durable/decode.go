package durable

// From the value tree to Go.

import (
	"bytes"
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

// decodeValue converts v as described at [Value] into what dst points at. What
// it stores shares no memory with v but inside a Value. On an error a part may
// have been stored.
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
	open   []driver.Value        // the objects being decoded, outermost first
	made   int                   // objects made of the value's, which may be shared in it
	cyclic map[driver.Value]bool // the objects in cycles, nil if not known
}

// maxMade bounds what a value with shared objects can grow to. No stored value
// has as many objects.
const maxMade = 1 << 22

// enter begins an object. inside is true if it is in itself.
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

// nameOf names v in an error.
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

// integer returns v if it is one.
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
	if len(d.open) > maxNesting {
		return &nestingError{g.t}
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

func (d *decoder) object(g *goType, v driver.Value, dst reflect.Value) error {
	o, ok := v.(*driver.Object)
	if !ok {
		return mismatch(v, g.t)
	}
	if inside, err := d.enter(v); inside || err != nil {
		return d.refuse(g, err)
	}
	defer d.leave()
	for i := range o.Properties {
		p := &o.Properties[i]
		f := g.field(p.Key, o)
		if f == nil {
			continue
		}
		fv, err := f.settable(dst)
		if err == nil {
			err = d.field(f, p.Value, fv)
		}
		if err != nil {
			return within(p.Key, err)
		}
	}
	return nil
}

// refuse is the error of a cycle, which no type but Value and any can hold.
func (d *decoder) refuse(g *goType, err error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("cannot decode a cycle into %s", g.t)
}

// field returns the field for a key: the one of that name, else one whose name
// differs in case only and which o has no property for.
func (g *goType) field(key string, o *driver.Object) *field {
	if i, ok := g.byName[key]; ok {
		return &g.fields[i]
	}
	for i := range g.fields {
		if f := &g.fields[i]; len(f.name) == len(key) && strings.EqualFold(f.name, key) && o.Get(f.name) == nil {
			return f
		}
	}
	return nil
}

// settable returns the field of struct s, making embedded structs as needed.
func (f *field) settable(s reflect.Value) (reflect.Value, error) {
	v := s.Field(f.index[0])
	for _, i := range f.index[1:] {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				if !v.CanSet() {
					return v, fmt.Errorf("cannot set embedded pointer to unexported struct %s", v.Type().Elem())
				}
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v, nil
}

func (d *decoder) field(f *field, v driver.Value, dst reflect.Value) error {
	if s, ok := v.(driver.String); ok && f.quoted && !f.typ.unmarshals {
		unquoted, ok := unquote(string(s), f.typ)
		if !ok {
			return mismatch(v, f.typ.t)
		}
		v = unquoted
	}
	return d.value(f.typ, v, dst)
}

// unquote reads what the option string wrote.
func unquote(s string, g *goType) (driver.Value, bool) {
	if g.form == formPointer {
		g = g.elem
	}
	switch g.form {
	case formBool:
		b, err := strconv.ParseBool(s)
		return driver.Bool(b), err == nil
	case formFloat:
		f, err := strconv.ParseFloat(s, 64)
		return driver.Number(f), err == nil
	}
	n, ok := new(big.Int).SetString(s, 10)
	return driver.BigInt{Int: n}, ok
}

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

// key makes a key of the map type g.
func (d *decoder) key(g *goType, v driver.Value) (reflect.Value, error) {
	key := reflect.New(g.key.t).Elem()
	if s, ok := v.(driver.String); ok && !g.key.unmarshals && (g.key.form == formInt || g.key.form == formUint) {
		if n, ok := unquote(string(s), g.key); ok {
			v = n // as encoding/json
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

// errCyclic ends anyValue where a cycle could be.
var errCyclic = errors.New("cyclic value")

// any makes the nearest Go value. An object in a cycle is kept, as a whole, in a
// Value.
func (d *decoder) any(v driver.Value) (any, error) {
	d.cyclic = nil
	x, err := d.anyValue(v)
	if err == errCyclic {
		d.cyclic = cyclic(v)
		return d.anyValue(v)
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
	}
	if !holdsOthers(v) || d.cyclic[v] {
		return Value{v}, nil
	}
	if !plain(v) {
		if d.cyclic == nil {
			return nil, errCyclic
		}
		return Value{v}, nil
	}
	inside, err := d.enter(v)
	if err != nil {
		return nil, err
	}
	if inside {
		return nil, errCyclic
	}
	defer d.leave()
	return d.anyObject(v)
}

// plain tells whether Go has a type for the object v.
func plain(v driver.Value) bool {
	switch v := v.(type) {
	case *driver.Object, *driver.Map:
		return true
	case *driver.Array:
		return v.Length <= len(v.Elements) && len(v.Properties) == 0 && !slices.Contains(v.Elements, driver.Value(driver.Hole{}))
	}
	return false
}

func (d *decoder) anyObject(v driver.Value) (any, error) {
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
