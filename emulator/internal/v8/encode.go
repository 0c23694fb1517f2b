package v8

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// maxLength is the longest length that V8 writes: it has 32 bits.
const maxLength = math.MaxUint32

// Encode returns v with its header.
func Encode(v driver.Value) ([]byte, error) { return Append(nil, v) }

// Append appends v with its header to dst. On an error it returns dst as it was.
func Append(dst []byte, v driver.Value) ([]byte, error) {
	e := encoder{b: append(dst, tagVersion, latestVersion), start: len(dst)}
	if err := e.value(v); err != nil {
		return dst, err
	}
	return e.b, nil
}

type encoder struct {
	b     []byte
	start int // of the header in b
	depth int

	// Objects written so far; an object's number is its place in writing.
	next  uint32
	first [16]driver.Value
	more  map[driver.Value]uint32
}

func (e *encoder) uvarint(n uint64) { e.b = binary.AppendUvarint(e.b, n) }

func uvarintLen(n uint64) int { return max(1, (bits.Len64(n)+6)/7) }

func (e *encoder) double(f float64) {
	if f != f {
		e.b = append(e.b, 0, 0, 0, 0, 0, 0, 0xF8, 0x7F)
		return
	}
	e.b = binary.LittleEndian.AppendUint64(e.b, math.Float64bits(f))
}

// small tells whether V8 in workerd keeps f as a small integer.
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

func (e *encoder) bigint(n *big.Int) error {
	if n == nil {
		return errorf("a BigInt has no value")
	}
	size := (n.BitLen() + 63) / 64 * 8
	if size > 1<<27 {
		return errorf("a BigInt has more than 2^30 bits")
	}
	sign := uint64(0)
	if n.Sign() < 0 {
		sign = 1
	}
	e.uvarint(uint64(size)<<1 | sign)
	from := len(e.b)
	e.b = slices.Grow(e.b, size)[:from+size]
	slices.Reverse(n.FillBytes(e.b[from:]))
	return nil
}

// number of v, if v was written before.
func (e *encoder) written(v driver.Value) (id uint32, ok bool) {
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

// seen writes a reference to v if v was written before, else it numbers v.
func (e *encoder) seen(v driver.Value) bool {
	id, ok := e.written(v)
	if ok {
		e.b = append(e.b, tagReference)
		e.uvarint(uint64(id))
		return true
	}
	e.enter(v)
	return false
}

// enter gives v, which may be nil for an object that no tree shows, its number.
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

func (e *encoder) value(v driver.Value) error {
	switch v := v.(type) {
	case driver.Undefined:
		e.b = append(e.b, tagUndefined)
		return nil
	case driver.Null:
		e.b = append(e.b, tagNull)
		return nil
	case driver.Bool:
		if v {
			e.b = append(e.b, tagTrue)
		} else {
			e.b = append(e.b, tagFalse)
		}
		return nil
	case driver.Number:
		e.number(float64(v))
		return nil
	case driver.String:
		return e.text(string(v))
	case driver.BigInt:
		e.b = append(e.b, tagBigInt)
		return e.bigint(v.Int)
	case driver.Hole:
		return errorf("a hole outside an array")
	}
	if e.depth++; e.depth > maxDepth {
		return errorf("value nested deeper than %d levels", maxDepth)
	}
	defer func() { e.depth-- }()
	return e.object(v)
}

func (e *encoder) object(v driver.Value) error {
	if isNil(v) {
		return errorf("a nil %T is no value", v)
	}
	if view, ok := v.(*driver.View); ok {
		return e.view(view)
	}
	if e.seen(v) {
		return nil
	}
	switch v := v.(type) {
	case *driver.Object:
		e.b = append(e.b, tagObject)
		if err := e.properties(v.Properties); err != nil {
			return err
		}
		e.b = append(e.b, tagObjectEnd)
		e.uvarint(uint64(len(v.Properties)))
		return nil
	case *driver.Array:
		return e.array(v)
	case *driver.Date:
		e.b = append(e.b, tagDate)
		e.double(v.Milliseconds)
		return nil
	case *driver.RegExp:
		e.b = append(e.b, tagRegExp)
		if err := e.text(v.Source); err != nil {
			return err
		}
		e.uvarint(uint64(v.Flags))
		return nil
	case *driver.Map:
		e.b = append(e.b, tagMap)
		for _, entry := range v.Entries {
			if err := e.value(entry.Key); err != nil {
				return err
			}
			if err := e.value(entry.Value); err != nil {
				return err
			}
		}
		e.b = append(e.b, tagMapEnd)
		e.uvarint(2 * uint64(len(v.Entries)))
		return nil
	case *driver.Set:
		e.b = append(e.b, tagSet)
		for _, member := range v.Values {
			if err := e.value(member); err != nil {
				return err
			}
		}
		e.b = append(e.b, tagSetEnd)
		e.uvarint(uint64(len(v.Values)))
		return nil
	case *driver.ArrayBuffer:
		return e.buffer(v)
	case *driver.Boxed:
		return e.boxed(v)
	case *driver.ErrorValue:
		return e.error(v)
	case *driver.Opaque:
		return e.host(v)
	}
	return errorf("unknown value %T", v)
}

func isNil(v driver.Value) bool {
	switch v := v.(type) {
	case nil:
		return true
	case *driver.Object:
		return v == nil
	case *driver.Array:
		return v == nil
	case *driver.Date:
		return v == nil
	case *driver.RegExp:
		return v == nil
	case *driver.Map:
		return v == nil
	case *driver.Set:
		return v == nil
	case *driver.ArrayBuffer:
		return v == nil
	case *driver.View:
		return v == nil
	case *driver.Boxed:
		return v == nil
	case *driver.ErrorValue:
		return v == nil
	case *driver.Opaque:
		return v == nil
	}
	return false
}

func (e *encoder) boxed(v *driver.Boxed) error {
	switch p := v.Value.(type) {
	case driver.Bool:
		if p {
			e.b = append(e.b, tagTrueObject)
		} else {
			e.b = append(e.b, tagFalseObject)
		}
		return nil
	case driver.Number:
		e.b = append(e.b, tagNumberObject)
		e.double(float64(p))
		return nil
	case driver.BigInt:
		e.b = append(e.b, tagBigIntObject)
		return e.bigint(p.Int)
	case driver.String:
		e.b = append(e.b, tagStringObject)
		return e.text(string(p))
	}
	return errorf("a %T cannot be boxed", v.Value)
}
