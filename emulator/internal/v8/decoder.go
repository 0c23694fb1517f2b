package v8

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Decode reads a value that Encode, workerd or Node has written. Bytes without a header
// are read as version 13; a version below 13 or above 15 is an error. Like V8, Decode ignores
// bytes after the value. The result shares no memory with b.
func Decode(b []byte) (driver.Value, error) {
	d := decoder{b: b, version: headerless}
	return d.decode()
}

type decoder struct {
	b       []byte
	at      int
	version uint32
	depth   int
	refs    []*driver.Ref  // the functions and RPC targets of a copy
	objects []driver.Value // by number; nil for an object that the value tree does not hold
	keys    [16]string     // short keys that were read before: the next equal key is not copied
}

func (d *decoder) fail(format string, args ...any) failure {
	return errorf("byte %d: %s", d.at, fmt.Sprintf(format, args...))
}

// decode reads the header and the value.
func (d *decoder) decode() (v driver.Value, err error) {
	defer recovered(&err)
	if len(d.b) > 0 && d.b[0] == tagVersion {
		d.at = 1
		if d.version = d.uvarint(); d.version < headerless || d.version > latestVersion {
			panic(errorf("unsupported version %d", d.version))
		}
	}
	return d.value(), nil
}

func (d *decoder) enter(v driver.Value) { d.objects = append(d.objects, v) }

// uvarint reads a number as V8 does: bits beyond 32 are dropped.
func (d *decoder) uvarint() uint32 {
	var n uint32
	for shift := 0; d.at < len(d.b); shift += 7 {
		c := d.b[d.at]
		d.at++
		if shift < 32 {
			n |= uint32(c&0x7F) << shift
		}
		if c < 0x80 {
			return n
		}
	}
	panic(d.fail("the value ends early"))
}

func (d *decoder) bytes(n uint32) []byte {
	if uint64(n) > uint64(len(d.b)-d.at) {
		panic(d.fail("the value ends early"))
	}
	d.at += int(n)
	return d.b[d.at-int(n) : d.at]
}

func (d *decoder) double() float64 {
	b := d.bytes(8)
	f := math.Float64frombits(binary.LittleEndian.Uint64(b))
	if f != f {
		f = math.NaN()
	}
	return f
}

// peek skips padding and returns the next tag without reading it.
func (d *decoder) peek() (byte, bool) {
	for d.at < len(d.b) && d.b[d.at] == tagPadding {
		d.at++
	}
	if d.at == len(d.b) {
		return 0, false
	}
	return d.b[d.at], true
}

func (d *decoder) tag() byte {
	tag, ok := d.peek()
	if !ok {
		panic(d.fail("the value ends early"))
	}
	d.at++
	return tag
}

// end reads the end of a compound value, if that is next, and reports whether it was.
func (d *decoder) end(tag byte) bool {
	next, ok := d.peek()
	if !ok {
		panic(d.fail("the value ends early"))
	}
	if next == tag {
		d.at++
	}
	return next == tag
}

// count reads the number of parts that the writer counted, which must be n.
func (d *decoder) count(what string, n int) {
	if want := d.uvarint(); uint64(want) != uint64(n) {
		panic(d.fail("%d %s, announced %d", n, what, want))
	}
}

// text reads a string with its tag.
func (d *decoder) text() string {
	return d.textOf(d.tag())
}

func (d *decoder) textOf(tag byte) string {
	if tag != tagOneByteString && tag != tagTwoByteString && tag != tagUTF8String {
		d.at-- // the error names the place of the tag
		panic(d.fail("%#x is no string", tag))
	}
	n := d.uvarint()
	b := d.bytes(n)
	switch {
	case tag == tagOneByteString:
		return fromLatin1(b)
	case tag == tagUTF8String:
		return strings.ToValidUTF8(string(b), "\uFFFD")
	case n%2 == 1:
		panic(d.fail("half a character"))
	}
	return fromUTF16(b)
}

func (d *decoder) bigint() driver.BigInt {
	field := d.uvarint()
	digits := slices.Clone(d.bytes(field >> 1))
	slices.Reverse(digits)
	n := new(big.Int).SetBytes(digits)
	if field&1 == 1 {
		n.Neg(n)
	}
	return driver.BigInt{Int: n}
}

func (d *decoder) value() driver.Value {
	if d.depth++; d.depth > maxDepth+1 { // V8 does not count a primitive value
		panic(d.fail("value nested deeper than %d levels", maxDepth))
	}
	v := d.valueOf(d.tag())
	if b, ok := v.(*driver.ArrayBuffer); ok {
		if tag, ok := d.peek(); ok && tag == tagView {
			d.at++
			v = d.view(b)
		}
	}
	d.depth--
	return v
}

func (d *decoder) valueOf(tag byte) driver.Value {
	switch tag {
	case tagVerifyObjectCount:
		d.uvarint()
		return d.value()
	case tagUndefined:
		return driver.Undefined{}
	case tagNull:
		return driver.Null{}
	case tagTrue:
		return driver.Bool(true)
	case tagFalse:
		return driver.Bool(false)
	case tagInt32:
		n := d.uvarint()
		return driver.Number(int32(n>>1) ^ -int32(n&1))
	case tagUint32:
		return driver.Number(d.uvarint())
	case tagDouble:
		return driver.Number(d.double())
	case tagBigInt:
		return d.bigint()
	case tagOneByteString, tagTwoByteString, tagUTF8String:
		return driver.String(d.textOf(tag))
	case tagReference:
		n := d.uvarint()
		if uint64(n) >= uint64(len(d.objects)) || d.objects[n] == nil {
			panic(d.fail("a reference to object %d, which is not there", n))
		}
		return d.objects[n]
	case tagObject:
		o := &driver.Object{}
		d.enter(o)
		o.Properties = d.properties(tagObjectEnd)
		return o
	case tagDenseArray:
		return d.denseArray()
	case tagSparseArray:
		return d.sparseArray()
	case tagDate:
		v := &driver.Date{Milliseconds: clip(d.double())}
		d.enter(v)
		return v
	case tagTrueObject, tagFalseObject, tagNumberObject, tagBigIntObject, tagStringObject:
		return d.boxed(tag)
	case tagRegExp:
		return d.regexp()
	case tagMap:
		return d.mapValue()
	case tagSet:
		return d.set()
	case tagArrayBuffer, tagResizableBuffer:
		return d.buffer(tag == tagResizableBuffer)
	case tagError:
		return d.plainError()
	case tagHostObject:
		return d.host()
	}
	d.at-- // the error names the place of the tag
	panic(d.fail("unknown tag %#x", tag))
}
