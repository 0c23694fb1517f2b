package v8

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
	"slices"
	"unicode/utf16"

	"github.com/seed-36a2c969/emu/config/javascript"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// maxLength is the longest length that V8 writes: it has 32 bits.
const maxLength = math.MaxUint32

// Encode returns v with its header.
func Encode(v driver.Value) ([]byte, error) {
	e := encoder{b: append([]byte(nil), tagVersion, latestVersion)}
	if err := e.encode(v); err != nil {
		return nil, err
	}
	return e.b, nil
}

func (e *encoder) encode(v driver.Value) (err error) {
	defer recovered(&err)
	e.value(v)
	return nil
}

// Copy returns the value that arrives when v is sent over RPC, and its size in bytes. Functions and
// RPC targets are passed by reference.
func Copy(v driver.Value) (copied driver.Value, size int, err error) {
	e := encoder{b: append(make([]byte, 0, 64), tagVersion, latestVersion), copies: true}
	if err := e.encode(v); err != nil {
		return nil, 0, err
	}
	d := decoder{b: e.b, version: headerless, refs: e.refs}
	copied, err = d.decode()
	return copied, len(e.b), err
}

type encoder struct {
	b     []byte
	depth int

	copies bool          // for Copy: functions and RPC targets are allowed
	refs   []*driver.Ref // of the copy

	// Objects are numbered in the order in which their encoding begins. Most values have few
	// objects, and need no map.
	next  uint32
	first [16]driver.Value
	more  map[driver.Value]uint32 // all objects, once first is full
}

func (e *encoder) uvarint(n uint64) { e.b = binary.AppendUvarint(e.b, n) }

func uvarintLen(n uint64) int { return max(1, (bits.Len64(n)+6)/7) }

func (e *encoder) double(f float64) {
	if f != f { // Go's NaN may have other bits than V8's
		e.b = append(e.b, 0, 0, 0, 0, 0, 0, 0xF8, 0x7F)
		return
	}
	e.b = binary.LittleEndian.AppendUint64(e.b, math.Float64bits(f))
}

// small reports whether V8 in workerd keeps f as a small integer.
func small(f float64) bool {
	return f >= -1<<30 && f < 1<<30 && f == math.Trunc(f) && (f != 0 || !math.Signbit(f))
}

func (e *encoder) number(f float64) {
	if small(f) {
		n := int32(f)
		e.b = append(e.b, tagInt32)
		e.uvarint(uint64(uint32(n<<1 ^ n>>31)))
		return
	}
	e.b = append(e.b, tagDouble)
	e.double(f)
}

func (e *encoder) bigint(n *big.Int) {
	if n == nil {
		panic(errorf("a BigInt has no value"))
	}
	size := (n.BitLen() + 63) / 64 * 8
	if size > 1<<27 {
		panic(errorf("a BigInt has more than 2^30 bits"))
	}
	sign := uint64(0)
	if n.Sign() < 0 {
		sign = 1
	}
	e.uvarint(uint64(size)<<1 | sign)
	from := len(e.b)
	e.b = slices.Grow(e.b, size)[:from+size]
	slices.Reverse(n.FillBytes(e.b[from:]))
}

func (e *encoder) text(s string) {
	if ascii(s) {
		e.b = append(e.b, tagOneByteString)
		e.uvarint(uint64(len(s)))
		e.b = append(e.b, s...)
		return
	}
	n, latin1 := units(s)
	if latin1 {
		e.b = append(e.b, tagOneByteString)
		e.uvarint(uint64(n))
		for i := 0; i < len(s); {
			r, size := javascript.DecodeRune(s[i:])
			i += size
			e.b = append(e.b, byte(r))
		}
		return
	}
	if n > maxLength/2 {
		panic(errorf("a string of %d characters is too long", n))
	}
	// V8 aligns the characters to two bytes.
	if (len(e.b)+1+uvarintLen(uint64(2*n)))%2 == 1 {
		e.b = append(e.b, tagPadding)
	}
	e.b = append(e.b, tagTwoByteString)
	e.uvarint(uint64(2 * n))
	for i := 0; i < len(s); {
		r, size := javascript.DecodeRune(s[i:])
		i += size
		if r > 0xFFFF {
			high, low := utf16.EncodeRune(r)
			e.b = binary.LittleEndian.AppendUint16(e.b, uint16(high))
			r = low
		}
		e.b = binary.LittleEndian.AppendUint16(e.b, uint16(r))
	}
}

// numberOf returns the number of v if v was written before.
func (e *encoder) numberOf(v driver.Value) (id uint32, ok bool) {
	if e.more != nil {
		id, ok = e.more[v]
		return id, ok
	}
	for i := range min(int(e.next), len(e.first)) {
		if e.first[i] == v {
			return uint32(i), true
		}
	}
	return 0, false
}

// reference writes a reference to v if v was written before, else it numbers v.
func (e *encoder) reference(v driver.Value) bool {
	id, ok := e.numberOf(v)
	if ok {
		e.b = append(e.b, tagReference)
		e.uvarint(uint64(id))
		return true
	}
	e.enter(v)
	return false
}

// enter gives v the next number. v is nil for an object that V8 numbers and the value tree does not
// hold.
func (e *encoder) enter(v driver.Value) {
	if int(e.next) < len(e.first) {
		e.first[e.next] = v
	} else {
		if e.more == nil {
			e.more = make(map[driver.Value]uint32, 2*len(e.first))
			for i, v := range e.first {
				if v != nil {
					e.more[v] = uint32(i)
				}
			}
		}
		if v != nil {
			e.more[v] = e.next
		}
	}
	e.next++
}

func (e *encoder) value(v driver.Value) {
	switch v := v.(type) {
	case driver.Undefined:
		e.b = append(e.b, tagUndefined)
	case driver.Null:
		e.b = append(e.b, tagNull)
	case driver.Bool:
		e.bool(v, tagTrue, tagFalse)
	case driver.Number:
		e.number(float64(v))
	case driver.String:
		e.text(string(v))
	case driver.BigInt:
		e.b = append(e.b, tagBigInt)
		e.bigint(v.Int)
	case driver.Hole:
		panic(errorf("a hole outside an array"))
	default:
		if e.depth++; e.depth > maxDepth {
			panic(errorf("value nested deeper than %d levels", maxDepth))
		}
		e.object(v)
		e.depth--
	}
}

func (e *encoder) bool(v driver.Bool, yes, no byte) {
	if v {
		e.b = append(e.b, yes)
	} else {
		e.b = append(e.b, no)
	}
}
