package v8

import (
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

func benchmarks() map[string]driver.Value {
	list := array()
	for i := range 1000 {
		list.Elements = append(list.Elements, object("id", driver.Number(i), "name", driver.String("somebody"), "score", driver.Number(float64(i)+0.5)))
	}
	return map[string]driver.Value{
		"attachment": object("id", driver.String("8c3b4cf9-1b58-4e4f-9d3f-6ba1b16e8a60")),
		"1000 rows":  list,
		"64 KiB":     &driver.View{Kind: driver.Uint8Array, Buffer: &driver.ArrayBuffer{Data: make([]byte, 64<<10)}, Length: 64 << 10},
	}
}

func BenchmarkEncode(b *testing.B) {
	for name, v := range benchmarks() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var data []byte
			for b.Loop() {
				data, _ = Encode(v)
			}
			b.SetBytes(int64(len(data)))
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, v := range benchmarks() {
		b.Run(name, func(b *testing.B) {
			data, _ := Encode(v)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				Decode(data)
			}
		})
	}
}
