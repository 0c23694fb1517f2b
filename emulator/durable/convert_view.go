package durable

// https://tc39.es/ecma262/#sec-typedarray-objects

import (
	"encoding/binary"
	"math"
	"math/big"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// elementsOf returns the elements of a typed array.
func elementsOf(v *driver.View) []driver.Value {
	switch b := v.Bytes(); v.Kind {
	case driver.Int8Array:
		return elements(b, number[int8])
	case driver.Int16Array:
		return elements(b, number[int16])
	case driver.Uint16Array:
		return elements(b, number[uint16])
	case driver.Int32Array:
		return elements(b, number[int32])
	case driver.Uint32Array:
		return elements(b, number[uint32])
	case driver.Float16Array:
		return elements(b, func(bits uint16) driver.Value { return driver.Number(float16(bits)) })
	case driver.Float32Array:
		return elements(b, number[float32])
	case driver.Float64Array:
		return elements(b, number[float64])
	case driver.BigInt64Array:
		return elements(b, func(n int64) driver.Value { return driver.BigInt{Int: big.NewInt(n)} })
	case driver.BigUint64Array:
		return elements(b, func(n uint64) driver.Value { return driver.BigInt{Int: new(big.Int).SetUint64(n)} })
	default:
		return elements(b, number[uint8])
	}
}

func number[T int8 | uint8 | int16 | uint16 | int32 | uint32 | float32 | float64](n T) driver.Value {
	return driver.Number(n)
}

// elements reads the bytes of a typed array as numbers of type T, the lowest byte first.
func elements[T any](b []byte, value func(T) driver.Value) []driver.Value {
	numbers := make([]T, len(b)/binary.Size(*new(T)))
	binary.Decode(b, binary.LittleEndian, numbers)
	list := make([]driver.Value, len(numbers))
	for i, n := range numbers {
		list[i] = value(n)
	}
	return list
}

// float16 decodes a number of 16 bits: a sign, 5 bits of exponent and 10 of fraction.
func float16(bits uint16) float64 {
	exponent, fraction := int(bits>>10&0x1F), float64(bits&0x3FF)
	var f float64
	switch exponent {
	case 0:
		f = math.Ldexp(fraction, -24)
	case 0x1F:
		f = math.Inf(1)
		if fraction > 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(1024+fraction, exponent-25)
	}
	if bits>>15 == 1 {
		f = -f
	}
	return f
}
