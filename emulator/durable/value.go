package durable

// https://developers.cloudflare.com/workers/runtime-apis/rpc/#structured-clonable-types-and-more

import (
	"encoding"
	"math/big"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Value is a JavaScript value not yet decoded. The zero Value is undefined.
//
// Go values convert with encoding/json's field rules (tags with a name,
// omitempty, omitzero, string and "-", embedded structs) into what JavaScript
// would have made: structs and maps with string keys are plain objects, other
// maps are Maps, slices and arrays are Arrays, []byte is a Uint8Array,
// time.Time a Date (whole milliseconds), *big.Int a BigInt, numbers are numbers
// (an integer beyond 2^53 is an error), a nil pointer or interface is null, a
// nil slice or map is empty, what has MarshalText is a string. Keys of maps are
// sorted. A cyclic Go value is an error, as are functions, channels and complex
// numbers. The option string applies to numbers and booleans.
//
// Decoding follows encoding/json too: a property without a field is skipped,
// null leaves what cannot be nil as it was. Decoding into an any makes a
// map[string]any, []any, map[any]any (of a Map), float64, string, bool, nil,
// []byte, time.Time or *big.Int; what none of these can hold (undefined, RegExp,
// Error, Set, other views, arrays with holes, a value with a cycle) is kept
// as a Value and passed on unchanged.
type Value struct{ v driver.Value }

// ValueOf returns v as a [Value]; nil is undefined. It is for packages that show an object from
// outside, such as emutest.
func ValueOf(v driver.Value) Value { return Value{v} }

// Decode decodes v into what dst, a pointer, points at. An error names the place
// in v: "user.id: cannot decode number 1.5 into int".
func (v Value) Decode(dst any) error { return decodeValue(v.tree(), dst) }

func (v Value) tree() driver.Value {
	if v.v == nil {
		return driver.Undefined{}
	}
	return v.v
}

// maxNesting bounds what is converted; only a cycle reaches it. V8 can write
// half as many levels.
const maxNesting = 10_000

// placeError is an error with the place in a value where it occurred.
type placeError struct {
	place string
	err   error
}

func (e *placeError) Error() string { return strings.TrimPrefix(e.place, ".") + ": " + e.err.Error() }
func (e *placeError) Unwrap() error { return e.err }

// within says that err occurred in the property called name.
func within(name string, err error) error {
	step := "." + name
	for i, c := range name {
		if c == '_' || c == '$' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9' {
			continue
		}
		step = "['" + name + "']"
		break
	}
	return atStep(step, err)
}

// atStep says that err occurred at the given step of a place.
func atStep(step string, err error) error {
	switch e := err.(type) {
	case *nestingError:
		return err // it has no place: its value is everywhere
	case *placeError:
		return &placeError{step + e.place, e.err}
	}
	return &placeError{step, err}
}

type nestingError struct{ t reflect.Type }

func (e *nestingError) Error() string {
	return "cyclic value, or nested too deeply: " + e.t.String()
}

// form is how values of a Go type convert.
type form byte

const (
	formNone form = iota // func, chan, complex
	formValue
	formTime
	formBigInt
	formBytes
	formBool
	formInt
	formUint
	formFloat
	formString
	formSlice
	formArray
	formMap
	formStruct
	formPointer
	formInterface
)

// goType is what reflection says about a type, asked once.
type goType struct {
	t         reflect.Type
	form      form
	elem, key *goType
	fields    []field
	byName    map[string]int // in fields

	// encoding.TextMarshaler and TextUnmarshaler, by t itself or a pointer to it.
	marshals, pointerMarshals, unmarshals bool
}

var (
	typeOfValue     = reflect.TypeFor[Value]()
	typeOfTime      = reflect.TypeFor[time.Time]()
	typeOfBigInt    = reflect.TypeFor[big.Int]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// typeCache caches what depends on the program's types only.
var typeCache struct {
	sync.Map // from reflect.Type to *goType, complete
	mu       sync.Mutex
}

func typeOf(t reflect.Type) *goType {
	if g, ok := typeCache.Load(t); ok {
		return g.(*goType)
	}
	typeCache.mu.Lock()
	defer typeCache.mu.Unlock()
	fresh := map[reflect.Type]*goType{}
	g := describeType(t, fresh)
	for t, g := range fresh {
		typeCache.Store(t, g)
	}
	return g
}

// describeType finds out about t and the types it is made of. Types may refer to
// themselves, so what is begun is in fresh.
func describeType(t reflect.Type, fresh map[reflect.Type]*goType) *goType {
	if g, ok := typeCache.Load(t); ok {
		return g.(*goType)
	}
	if g, ok := fresh[t]; ok {
		return g
	}
	g := &goType{t: t}
	fresh[t] = g
	switch t {
	case typeOfValue:
		g.form = formValue
		return g
	case typeOfTime:
		g.form, g.unmarshals = formTime, true
		return g
	case typeOfBigInt:
		g.form = formBigInt
		return g
	}
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface {
		g.marshals = t.Implements(textMarshaler)
		g.pointerMarshals = !g.marshals && reflect.PointerTo(t).Implements(textMarshaler)
		g.unmarshals = reflect.PointerTo(t).Implements(textUnmarshaler)
	}
	switch t.Kind() {
	case reflect.Bool:
		g.form = formBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		g.form = formInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		g.form = formUint
	case reflect.Float32, reflect.Float64:
		g.form = formFloat
	case reflect.String:
		g.form = formString
	case reflect.Slice:
		g.form, g.elem = formSlice, describeType(t.Elem(), fresh)
		if t.Elem().Kind() == reflect.Uint8 && !g.elem.marshals && !g.elem.pointerMarshals {
			g.form = formBytes
		}
	case reflect.Array:
		g.form, g.elem = formArray, describeType(t.Elem(), fresh)
	case reflect.Map:
		g.form, g.key, g.elem = formMap, describeType(t.Key(), fresh), describeType(t.Elem(), fresh)
	case reflect.Pointer:
		g.form, g.elem = formPointer, describeType(t.Elem(), fresh)
	case reflect.Interface:
		g.form = formInterface
	case reflect.Struct:
		g.form = formStruct
		g.fields = fieldsOf(t, fresh)
		g.byName = make(map[string]int, len(g.fields))
		for i := range g.fields {
			g.byName[g.fields[i].name] = i
		}
	}
	return g
}
