package driver

import (
	"cmp"
	"fmt"
	"math/big"
)

// Value is a JavaScript value that structured clone can copy: one of the types of this file. The
// types that are pointers are objects. The same pointer twice in a tree is one object with two
// references to it. A tree may have cycles. nil is not a Value.
//
// Source: https://html.spec.whatwg.org/#structuredserializeinternal
type Value interface{ isValue() }

type (
	// Undefined is undefined.
	Undefined struct{}
	// Null is null.
	Null struct{}
	// Bool is true or false.
	Bool bool
	// Number is a number, an integer or not.
	Number float64
	// String is a string in WTF-8: UTF-8 in which half of a surrogate pair, which a JavaScript
	// string can hold, has three bytes.
	String string
	// BigInt is a bigint. Int is never nil.
	BigInt struct{ Int *big.Int }
	// Hole is a missing element of an [Array]. It is only valid there.
	Hole struct{}
)

// Date is a Date: milliseconds since 1970, NaN if invalid.
type Date struct{ Milliseconds float64 }

// RegExp is a RegExp. Flags has V8's bits: g 1, i 2, m 4, y 8, u 16, s 32, l 64, d 128, v 256.
type RegExp struct {
	Source string
	Flags  uint32
}

// Property is an own enumerable property. A key that is an array index is a decimal number.
type Property struct {
	Key   string
	Value Value
}

// Object is a plain object with its own enumerable properties in JavaScript's order.
type Object struct{ Properties []Property }

// Get returns the property's value, nil if there is none.
func (o *Object) Get(key string) Value {
	for i := range o.Properties {
		if o.Properties[i].Key == key {
			return o.Properties[i].Value
		}
	}
	return nil
}

// Array is an Array. Elements are its first elements. Length is its length if that is more than
// len(Elements), because so many holes would take too much memory. Then the remaining elements are
// the first of Properties, with array indexes as keys. The other Properties are not elements.
// Sparse marks an array that the serializer wrote as pairs of index and value.
type Array struct {
	Elements   []Value
	Length     int
	Properties []Property
	Sparse     bool
}

// MapEntry is an entry of a [Map].
type MapEntry struct{ Key, Value Value }

// Map is a Map in insertion order.
type Map struct{ Entries []MapEntry }

// Set is a Set in insertion order.
type Set struct{ Values []Value }

// ArrayBuffer is an ArrayBuffer. MaxByteLength is set if it is resizable.
type ArrayBuffer struct {
	Data          []byte
	Resizable     bool
	MaxByteLength int
}

// ViewKind is the class of a [View].
type ViewKind byte

// The kinds of view, as V8 tags them.
const (
	Int8Array         ViewKind = 'b'
	Uint8Array        ViewKind = 'B'
	Uint8ClampedArray ViewKind = 'C'
	Int16Array        ViewKind = 'w'
	Uint16Array       ViewKind = 'W'
	Int32Array        ViewKind = 'd'
	Uint32Array       ViewKind = 'D'
	Float16Array      ViewKind = 'h'
	Float32Array      ViewKind = 'f'
	Float64Array      ViewKind = 'F'
	BigInt64Array     ViewKind = 'q'
	BigUint64Array    ViewKind = 'Q'
	DataView          ViewKind = '?'
)

// views says of each kind the name of its class and the size of an element in bytes.
var views = map[ViewKind]struct {
	name string
	size int
}{
	Int8Array: {"Int8Array", 1}, Uint8Array: {"Uint8Array", 1}, Uint8ClampedArray: {"Uint8ClampedArray", 1}, DataView: {"DataView", 1},
	Int16Array: {"Int16Array", 2}, Uint16Array: {"Uint16Array", 2}, Float16Array: {"Float16Array", 2},
	Int32Array: {"Int32Array", 4}, Uint32Array: {"Uint32Array", 4}, Float32Array: {"Float32Array", 4},
	Float64Array: {"Float64Array", 8}, BigInt64Array: {"BigInt64Array", 8}, BigUint64Array: {"BigUint64Array", 8},
}

// String returns the name of the class.
func (k ViewKind) String() string {
	return cmp.Or(views[k].name, fmt.Sprintf("ViewKind(%d)", byte(k)))
}

// ElementSize returns the size of an element in bytes, or 0 for an unknown kind.
func (k ViewKind) ElementSize() int { return views[k].size }

// View is a typed array or DataView: Length bytes of Buffer from Offset. LengthTracking marks a view
// that grows and shrinks with its resizable buffer.
type View struct {
	Kind           ViewKind
	Buffer         *ArrayBuffer
	Offset, Length int
	LengthTracking bool
}

// Bytes returns the view's part of its buffer.
func (v *View) Bytes() []byte { return v.Buffer.Data[v.Offset : v.Offset+v.Length] }

// ErrorValue is an Error object. Name is its class or its own name. Properties are its own properties,
// including stack and cause. Plain marks an object that V8's own serializer wrote, which keeps only
// message, stack and cause; workerd uses that for compatibility dates before 2026-04-21.
type ErrorValue struct {
	Name       string
	Message    *string // nil if the object has none of its own
	Properties []Property
	Plain      bool
}

// Boxed is a Boolean, Number, BigInt or String object.
type Boxed struct{ Value Value }

// Opaque is a host object of workerd (Headers, Request, Blob, DOMException), which the emulator passes
// on as it is. Data is its serialized bytes, beginning with the tag of its class. Value, if it is
// not nil, is the value written after them.
type Opaque struct {
	Data  []byte
	Value Value
}

// Ref is a reference to a function or an RpcTarget, which stays with its owner. It can be an argument
// or a result of a call. It cannot be stored.
type Ref struct {
	Function bool
	Target   RefTarget
}

// RefTarget runs the calls of a [Ref] for the owner's front end. A call needs a turn of the owner,
// which the front end gets with [Event.WaitUntil] or [State.WaitUntil].
type RefTarget interface {
	// StartCall calls a method, or the function itself if method is "". With get it reads a
	// property instead. Calls arrive in the order in which they were started. done is that of
	// an [Operation].
	StartCall(method string, get bool, args []Value, done func(Value, error))
}

func (Undefined) isValue()    {}
func (Null) isValue()         {}
func (Bool) isValue()         {}
func (Number) isValue()       {}
func (String) isValue()       {}
func (BigInt) isValue()       {}
func (Hole) isValue()         {}
func (*Date) isValue()        {}
func (*RegExp) isValue()      {}
func (*Object) isValue()      {}
func (*Array) isValue()       {}
func (*Map) isValue()         {}
func (*Set) isValue()         {}
func (*ArrayBuffer) isValue() {}
func (*View) isValue()        {}
func (*ErrorValue) isValue()  {}
func (*Boxed) isValue()       {}
func (*Opaque) isValue()      {}
func (*Ref) isValue()         {}
