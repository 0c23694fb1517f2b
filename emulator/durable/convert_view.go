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
	b := v.Bytes()
	le := binary.LittleEndian
	size, read := 1, func(b []byte) driver.Value { return driver.Number(b[0]) }
	switch v.Kind {
	case driver.Int8Array:
		read = func(b []byte) driver.Value { return driver.Number(int8(b[0])) }
	case driver.Int16Array:
		size, read = 2, func(b []byte) driver.Value { return driver.Number(int16(le.Uint16(b))) }
	case driver.Uint16Array:
		size, read = 2, func(b []byte) driver.Value { return driver.Number(le.Uint16(b)) }
	case driver.Int32Array:
		size, read = 4, func(b []byte) driver.Value { return driver.Number(int32(le.Uint32(b))) }
	case driver.Uint32Array:
		size, read = 4, func(b []byte) driver.Value { return driver.Number(le.Uint32(b)) }
	case driver.Float16Array:
		size, read = 2, func(b []byte) driver.Value { return driver.Number(float16(le.Uint16(b))) }
	case driver.Float32Array:
		size, read = 4, func(b []byte) driver.Value { return driver.Number(math.Float32frombits(le.Uint32(b))) }
	case driver.Float64Array:
		size, read = 8, func(b []byte) driver.Value { return driver.Number(math.Float64frombits(le.Uint64(b))) }
	case driver.BigInt64Array:
		size, read = 8, func(b []byte) driver.Value { return driver.BigInt{Int: big.NewInt(int64(le.Uint64(b)))} }
	case driver.BigUint64Array:
		size, read = 8, func(b []byte) driver.Value { return driver.BigInt{Int: new(big.Int).SetUint64(le.Uint64(b))} }
	}
	list := make([]driver.Value, len(b)/size)
	for i := range list {
		list[i] = read(b[i*size:])
	}
	return list
}

// float16 is a number of 16 bits: sign, 5 bits of exponent, 10 of fraction.
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
