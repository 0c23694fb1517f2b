package durable

// Decoding objects into structs, by the rules of https://pkg.go.dev/encoding/json#Unmarshal

import (
	"fmt"
	"math/big"
	"reflect"
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

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

// field returns the field of that name. Without one it returns a field whose name differs only in
// case, unless o has a property of exactly that name. It returns nil if there is none.
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

// settable returns the field of struct s. It makes the embedded structs on the way.
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

// unquote reads a number or boolean from a string that the option string of a tag has written.
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
