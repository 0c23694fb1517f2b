// Package v8 is the format of V8's ValueSerializer, version 15, in which workerd stores
// values.
//
// A value is encoded as workerd's V8 encodes a literal of the same value. V8 may encode two equal
// values in different ways, depending on their history: a field that once held a fraction holds
// every later integer as a double. The value tree of package driver has no history. Small integers
// have 31 bits, since workerd's V8 compresses pointers.
//
// Source: V8's src/objects/value-serializer.cc and workerd's jsg/ser.c++,
// api/headers.c++, api/http.c++, api/blob.c++ and jsg/dom-exception.c++.
package v8

import "fmt"

const (
	latestVersion = 15
	// headerless is the version of bytes without a header.
	headerless = 13
)

// maxDepth bounds the nesting of values in both directions. workerd's stack ends
// at 3,359 levels of arrays or objects and at 5,037 of Maps.
const maxDepth = 5_100

// The tags of values, and of the ends of compound values.
const (
	tagVersion            = 0xFF
	tagPadding            = 0
	tagVerifyObjectCount  = '?'
	tagHole               = '-'
	tagUndefined          = '_'
	tagNull               = '0'
	tagTrue               = 'T'
	tagFalse              = 'F'
	tagInt32              = 'I'
	tagUint32             = 'U'
	tagDouble             = 'N'
	tagBigInt             = 'Z'
	tagUTF8String         = 'S'
	tagOneByteString      = '"'
	tagTwoByteString      = 'c'
	tagReference          = '^'
	tagObject             = 'o'
	tagObjectEnd          = '{'
	tagSparseArray        = 'a'
	tagSparseArrayEnd     = '@'
	tagDenseArray         = 'A'
	tagDenseArrayEnd      = '$'
	tagDate               = 'D'
	tagTrueObject         = 'y'
	tagFalseObject        = 'x'
	tagNumberObject       = 'n'
	tagBigIntObject       = 'z'
	tagStringObject       = 's'
	tagRegExp             = 'R'
	tagMap                = ';'
	tagMapEnd             = ':'
	tagSet                = '\''
	tagSetEnd             = ','
	tagArrayBuffer        = 'B'
	tagResizableBuffer    = '~'
	tagView               = 'V'
	tagHostObject         = '\\'
	tagError              = 'r'
	tagErrorMessage       = 'm'
	tagErrorStack         = 's'
	tagErrorCause         = 'c'
	tagErrorEnd           = '.'
	viewLengthTracking    = 1
	viewOfResizableBuffer = 2
)

// workerd's tags of host objects.
const (
	hostHeaders      = 4
	hostRequest      = 5
	hostDOMException = 8
	hostNativeError  = 10
	hostBlob         = 15
	hostRef          = 1 << 16 // the emulator's own, only in a copy that is not stored
)

// plainErrors are the tags of the classes that V8's own serializer keeps. Error has no tag.
var plainErrors = map[string]byte{
	"EvalError": 'E', "RangeError": 'R', "ReferenceError": 'F', "SyntaxError": 'S', "TypeError": 'T', "URIError": 'U',
}

// nativeErrors are the names that workerd writes as a number, the index. 0 stands for any other name,
// which is written behind it.
var nativeErrors = [...]string{
	1: "Error", 2: "TypeError", 3: "RangeError", 4: "ReferenceError", 5: "SyntaxError",
	6: "WasmCompileError", 7: "WasmLinkError", 8: "WasmRuntimeError", 9: "WasmSuspendError",
	10: "EvalError", 11: "URIError", 12: "AggregateError", 13: "SuppressedError",
}

// failure is a panic that ends an encoding or decoding deep inside a value.
type failure struct{ error }

func errorf(format string, args ...any) failure { return failure{fmt.Errorf("v8: "+format, args...)} }

// recovered turns a failure into an error. It must be deferred.
func recovered(err *error) {
	switch p := recover().(type) {
	case nil:
	case failure:
		*err = p.error
	default:
		panic(p)
	}
}
