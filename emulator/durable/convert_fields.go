package durable

// The fields of structs, by the rules of https://pkg.go.dev/encoding/json#Marshal

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/seed-36a2c969/emu/config/javascript"
)

// field is a field that is converted. It may be one of an embedded struct.
type field struct {
	name                        string
	index                       []int
	typ                         *goType
	omitEmpty, omitZero, quoted bool
	tagged                      bool
}

// fieldsOf lists the fields of struct t in the order of JavaScript's property keys.
func fieldsOf(t reflect.Type, fresh map[reflect.Type]*goType) []field {
	type embedded struct {
		t     reflect.Type
		index []int
	}
	var all []field
	visited := map[reflect.Type]bool{}
	next := []embedded{{t, nil}}
	count := map[reflect.Type]int{}
	for len(next) > 0 {
		level, levelCount := next, count
		next, count = nil, map[reflect.Type]int{}
		for _, s := range level {
			if visited[s.t] {
				continue
			}
			visited[s.t] = true
			for i := range s.t.NumField() {
				f, inner, ok := fieldOf(s.t.Field(i))
				if !ok {
					continue
				}
				f.index = append(slices.Clone(s.index), i)
				if inner != nil {
					if count[inner]++; count[inner] == 1 {
						next = append(next, embedded{inner, f.index})
					}
					continue
				}
				f.typ = describeType(s.t.Field(i).Type, fresh)
				all = append(all, f)
				if levelCount[s.t] > 1 {
					all = append(all, f) // the struct is embedded twice: its fields hide each other
				}
			}
		}
	}
	list := dominant(all)
	slices.SortFunc(list, func(a, b field) int {
		return cmp.Or(javascript.CompareKeys(a.name, b.name), slices.Compare(a.index, b.index))
	})
	return list
}

// fieldOf reads a field with its tag. For an embedded struct, whose fields are those of
// the outer one, inner is its type. It is not ok if the field is not converted.
func fieldOf(sf reflect.StructField) (f field, inner reflect.Type, ok bool) {
	t := sf.Type
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	if !sf.IsExported() && (!sf.Anonymous || t.Kind() != reflect.Struct) {
		return f, nil, false
	}
	tag := sf.Tag.Get("json")
	if tag == "-" {
		return f, nil, false
	}
	name, options, _ := strings.Cut(tag, ",")
	if !validName(name) {
		name = ""
	}
	special := t == typeOfValue || t == typeOfTime || t == typeOfBigInt
	if name == "" && sf.Anonymous && t.Kind() == reflect.Struct && !special {
		return f, t, true
	}
	if !sf.IsExported() {
		return f, nil, false
	}
	f.name, f.tagged = name, name != ""
	if name == "" {
		f.name = sf.Name
	}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "omitempty":
			f.omitEmpty = true
		case "omitzero":
			f.omitZero = true
		case "string":
			switch k := t.Kind(); {
			case k >= reflect.Bool && k <= reflect.Float64:
				f.quoted = true
			}
		}
	}
	return f, nil, true
}

func validName(name string) bool {
	for _, c := range name {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", c) && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return false
		}
	}
	return true
}

// dominant removes fields that another one of the same name hides: the least nested field wins,
// then the one whose name comes from a tag. If several are left none is used.
func dominant(all []field) []field {
	slices.SortStableFunc(all, func(a, b field) int {
		return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(len(a.index), len(b.index)), compareBool(b.tagged, a.tagged))
	})
	out := all[:0]
	for i := 0; i < len(all); {
		n := i + 1
		for n < len(all) && all[n].name == all[i].name {
			n++
		}
		if n == i+1 || len(all[i].index) != len(all[i+1].index) || all[i].tagged != all[i+1].tagged {
			out = append(out, all[i])
		}
		i = n
	}
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// of returns the field of struct s. It is not ok if an embedded pointer on the way is nil.
func (f *field) of(s reflect.Value) (v reflect.Value, ok bool) {
	v = s.Field(f.index[0])
	for _, i := range f.index[1:] {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v, true
}

func (f *field) omitted(v reflect.Value) bool {
	return f.omitEmpty && isEmpty(v) || f.omitZero && isZero(v)
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

func isZero(v reflect.Value) bool {
	if (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil() {
		return true
	}
	if z, ok := v.Interface().(interface{ IsZero() bool }); ok {
		return z.IsZero()
	}
	if v.CanAddr() {
		if z, ok := v.Addr().Interface().(interface{ IsZero() bool }); ok {
			return z.IsZero()
		}
	}
	return v.IsZero()
}
