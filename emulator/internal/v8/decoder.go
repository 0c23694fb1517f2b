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

// Decode reads what Encode, workerd or Node has written. Bytes without a header
// are read as version 13; a version below 13 or above 15 is an error. Bytes
// after the value are ignored, as V8 does. The result shares no memory with b.
func Decode(b []byte) (driver.Value, error) {
	d := decoder{b: b, version: headerless}
	if len(b) > 0 && b[0] == tagVersion {
		d.at = 1
		version, err := d.uvarint()
		if err != nil {
			return nil, err
		}
		if version < headerless || version > latestVersion {
			return nil, errorf("unsupported version %d", version)
		}
		d.version = version
	}
	start := d.at
	v, err := d.value()
	if err != nil && d.version == 13 {
		// V8 once wrote version 13 with the flags of version 14 in views.
		d = decoder{b: b, version: 13, at: start, flagged: true}
		if v, again := d.value(); again == nil {
			return v, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

type decoder struct {
	b       []byte
	at      int
	version uint32
	flagged bool
	depth   int
	objects []driver.Value // by number; nil for one that no tree shows
	keys    [16]string     // short keys read before, which need not be copied again
}

func (d *decoder) fail(format string, args ...any) error {
	return errorf("byte %d: %s", d.at, fmt.Sprintf(format, args...))
}

func (d *decoder) enter(v driver.Value) { d.objects = append(d.objects, v) }

// uvarint reads a number as V8 does: bits beyond 32 are dropped.
func (d *decoder) uvarint() (uint32, error) {
	var n uint32
	for shift := 0; d.at < len(d.b); shift += 7 {
		c := d.b[d.at]
		d.at++
		if shift < 32 {
			n |= uint32(c&0x7F) << shift
		}
		if c < 0x80 {
			return n, nil
		}
	}
	return 0, d.fail("the value ends early")
}

func (d *decoder) bytes(n uint32) ([]byte, error) {
	if uint64(n) > uint64(len(d.b)-d.at) {
		return nil, d.fail("the value ends early")
	}
	d.at += int(n)
	return d.b[d.at-int(n) : d.at], nil
}

func (d *decoder) double() (float64, error) {
	b, err := d.bytes(8)
	if err != nil {
		return 0, err
	}
	f := math.Float64frombits(binary.LittleEndian.Uint64(b))
	if f != f {
		f = math.NaN()
	}
	return f, nil
}

// peek returns the next tag, with the padding before it read.
func (d *decoder) peek() (byte, bool) {
	for d.at < len(d.b) && d.b[d.at] == tagPadding {
		d.at++
	}
	if d.at == len(d.b) {
		return 0, false
	}
	return d.b[d.at], true
}

func (d *decoder) tag() (byte, error) {
	tag, ok := d.peek()
	if !ok {
		return 0, d.fail("the value ends early")
	}
	d.at++
	return tag, nil
}

// end reads the end of a compound value if it is next.
func (d *decoder) end(tag byte) (bool, error) {
	next, ok := d.peek()
	if !ok {
		return false, d.fail("the value ends early")
	}
	if next == tag {
		d.at++
	}
	return next == tag, nil
}

func (d *decoder) count(what string, n int) error {
	want, err := d.uvarint()
	if err == nil && uint64(want) != uint64(n) {
		err = d.fail("%d %s, announced %d", n, what, want)
	}
	return err
}

// text reads a string with its tag.
func (d *decoder) text() (string, error) {
	tag, err := d.tag()
	if err != nil {
		return "", err
	}
	return d.textOf(tag)
}

func (d *decoder) textOf(tag byte) (string, error) {
	if tag != tagOneByteString && tag != tagTwoByteString && tag != tagUTF8String {
		d.at--
		return "", d.fail("%#x is no string", tag)
	}
	n, err := d.uvarint()
	if err != nil {
		return "", err
	}
	b, err := d.bytes(n)
	if err != nil {
		return "", err
	}
	switch {
	case tag == tagOneByteString:
		return fromLatin1(b), nil
	case tag == tagUTF8String:
		return strings.ToValidUTF8(string(b), "\uFFFD"), nil
	case n%2 == 1:
		return "", d.fail("half a character")
	}
	return fromUTF16(b), nil
}

func (d *decoder) bigint() (driver.BigInt, error) {
	field, err := d.uvarint()
	if err != nil {
		return driver.BigInt{}, err
	}
	digits, err := d.bytes(field >> 1)
	if err != nil {
		return driver.BigInt{}, err
	}
	digits = slices.Clone(digits)
	slices.Reverse(digits)
	n := new(big.Int).SetBytes(digits)
	if field&1 == 1 {
		n.Neg(n)
	}
	return driver.BigInt{Int: n}, nil
}

func (d *decoder) value() (driver.Value, error) {
	if d.depth++; d.depth > maxDepth+1 { // V8 does not count a primitive value
		return nil, d.fail("value nested deeper than %d levels", maxDepth)
	}
	defer func() { d.depth-- }()
	tag, err := d.tag()
	if err != nil {
		return nil, err
	}
	v, err := d.valueOf(tag)
	if err != nil {
		return nil, err
	}
	if b, ok := v.(*driver.ArrayBuffer); ok {
		if tag, ok := d.peek(); ok && tag == tagView {
			d.at++
			return d.view(b)
		}
	}
	return v, nil
}

func (d *decoder) valueOf(tag byte) (driver.Value, error) {
	switch tag {
	case tagVerifyObjectCount:
		if _, err := d.uvarint(); err != nil {
			return nil, err
		}
		return d.value()
	case tagUndefined:
		return driver.Undefined{}, nil
	case tagNull:
		return driver.Null{}, nil
	case tagTrue:
		return driver.Bool(true), nil
	case tagFalse:
		return driver.Bool(false), nil
	case tagInt32:
		n, err := d.uvarint()
		return driver.Number(int32(n>>1) ^ -int32(n&1)), err
	case tagUint32:
		n, err := d.uvarint()
		return driver.Number(n), err
	case tagDouble:
		f, err := d.double()
		return driver.Number(f), err
	case tagBigInt:
		n, err := d.bigint()
		return n, err
	case tagOneByteString, tagTwoByteString, tagUTF8String:
		s, err := d.textOf(tag)
		return driver.String(s), err
	case tagReference:
		n, err := d.uvarint()
		if err != nil {
			return nil, err
		}
		if uint64(n) >= uint64(len(d.objects)) || d.objects[n] == nil {
			return nil, d.fail("a reference to object %d, which is not there", n)
		}
		return d.objects[n], nil
	case tagObject:
		o := &driver.Object{}
		d.enter(o)
		var err error
		o.Properties, err = d.properties(tagObjectEnd)
		return o, err
	case tagDenseArray:
		return d.denseArray()
	case tagSparseArray:
		return d.sparseArray()
	case tagDate:
		f, err := d.double()
		v := &driver.Date{Milliseconds: clip(f)}
		d.enter(v)
		return v, err
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
	d.at--
	return nil, d.fail("unknown tag %#x", tag)
}
