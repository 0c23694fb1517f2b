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
// Go values are encoded like this:
//
//   - a struct, or a map with string keys, is a plain object; any other map is a Map
//   - a slice or array is an Array, but []byte is a Uint8Array
//   - time.Time is a Date, rounded down to milliseconds
//   - a number is a number; an integer beyond 2^53 is an error, but *big.Int is a BigInt
//   - a type with MarshalText is a string
//   - a nil pointer or interface is null; a nil slice or map is empty
//
// Fields follow the rules of encoding/json: tags with a name, omitempty, omitzero,
// string (for numbers and booleans) and "-", and embedded structs. Keys of maps are
// sorted. Functions, channels, complex numbers and cyclic values are errors.
//
// Decoding follows encoding/json too: a property without a field is skipped, and null
// does not change a variable that cannot be nil. An any becomes a map[string]any, []any,
// map[any]any (from a Map), float64, string, bool, nil, []byte, time.Time or *big.Int.
// Other values stay a Value in it: undefined, a RegExp, an Error, a Set, a view other
// than Uint8Array, an Array with holes, and a value with a cycle.
type Value struct{ v driver.Value }

// ValueOf returns v as a [Value]; nil is undefined. It is for packages such as emutest,
// which use an object from outside.
func ValueOf(v driver.Value) Value { return Value{v} }

// Decode decodes v into what the pointer dst points at. An error names the place in v:
// "user.id: cannot decode number 1.5 into int".
func (v Value) Decode(dst any) error { return decodeValue(v.tree(), dst) }

func (v Value) tree() driver.Value {
	if v.v == nil {
		return driver.Undefined{}
	}
	return v.v
}

// maxNesting bounds the depth of an encoded value. Only a cycle reaches it: V8 can write half as many
// levels.
const maxNesting = 10_000

// placeError is an error with the place in a value where it occurred.
type placeError struct {
	place string
	err   error
}

func (e *placeError) Error() string { return strings.TrimPrefix(e.place, ".") + ": " + e.err.Error() }
func (e *placeError) Unwrap() error { return e.err }

// within returns err with the place of the property called name.
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

// atStep returns err with a step in front of its place.
func atStep(step string, err error) error {
	switch e := err.(type) {
	case *nestingError:
		return err // without a place: in a cycle it would have thousands of steps
	case *placeError:
		return &placeError{step + e.place, e.err}
	}
	return &placeError{step, err}
}

type nestingError struct{ t reflect.Type }

func (e *nestingError) Error() string {
	return "cyclic value, or nested too deeply: " + e.t.String()
}

// form says how values of a Go type are converted.
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

// goType is what reflection knows about a type.
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

// typeCache holds the goTypes of the program.
var typeCache struct {
	sync.Map // from reflect.Type to a complete *goType
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

// describeType makes the goType of t, and those of the types it is made of. fresh holds the goTypes
// that are begun, since a type may refer to itself.
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
