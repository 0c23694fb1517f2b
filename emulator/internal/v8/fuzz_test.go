package v8

import (
	"bytes"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// FuzzDecode: no panic; what decodes, encodes; the bytes written then mean the
// same and stay as they are.
func FuzzDecode(f *testing.F) {
	for _, r := range corpus(f) {
		f.Add(bytesOf(f, r.Hex))
		f.Add(bytesOf(f, r.Node))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Decode(data)
		if err != nil {
			return
		}
		first, err := Encode(v)
		if err != nil {
			t.Fatalf("%x decodes to %s, which does not encode: %v", data, describe(v), err)
		}
		back, err := Decode(first)
		if err != nil {
			t.Fatalf("%x, written as %x: %v", data, first, err)
		}
		if describe(back) != describe(v) {
			t.Fatalf("%x\nread:  %s\nagain: %s", data, describe(v), describe(back))
		}
		second, err := Encode(back)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%x\nwritten: %x\nagain:   %x, %v", data, first, second, err)
		}
	})
}

// FuzzEncode: a tree reads back equal, and its bytes stay as they are.
func FuzzEncode(f *testing.F) {
	f.Add([]byte{8, 3, 0, 1})
	f.Add([]byte{11, 0, 4, 8, 2, 7, 0, 17, 0, 1, 2, 3})
	f.Add([]byte{19, 1, 2, 3, 0, 7, 0})
	f.Fuzz(func(t *testing.T, data []byte) { roundTrip(t, steered(data).value(6)) })
}

func TestRandomRoundTrip(t *testing.T) {
	for seed := range uint64(3000) {
		roundTrip(t, random(seed).value(5))
	}
}

func roundTrip(t *testing.T, v driver.Value) {
	b, err := Encode(v)
	if err != nil {
		t.Fatalf("%s: %v", describe(v), err)
	}
	back, err := Decode(b)
	if err != nil {
		t.Fatalf("%s: %x: %v", describe(v), b, err)
	}
	if describe(back) != describe(v) {
		t.Fatalf("%x\nwant %s\ngot  %s", b, describe(v), describe(back))
	}
	again, err := Encode(back)
	if err != nil || !bytes.Equal(again, b) {
		t.Fatalf("%s\nwritten: %x\nagain:   %x, %v", describe(v), b, again, err)
	}
	for n := range len(b) {
		Decode(b[:n]) // must not panic
	}
}
