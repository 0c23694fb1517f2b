package durable

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"testing"
	"time"
)

func TestBindArg(t *testing.T) {
	type named string
	seven := 7
	for _, c := range []struct{ in, want any }{
		{nil, nil}, {(*int)(nil), nil}, {&seven, 7.0}, {1, 1.0}, {int8(-1), -1.0}, {uint64(1 << 53), float64(1 << 53)},
		{1.5, 1.5}, {float32(0.5), 0.5}, {true, "true"}, {false, "false"}, {"x", "x"}, {named("x"), "x"}, {[]byte{1}, []byte{1}},
	} {
		if got, err := bindArg(c.in); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%#v: got %#v, %v, want %#v", c.in, got, err, c.want)
		}
	}
	for want, in := range map[string]any{
		"integer 9007199254740993 is beyond 2^53 (use a *big.Int or a string)": int64(1<<53 + 1),
		"integer 18446744073709551615 is beyond 2^53 (use a string)":           uint64(math.MaxUint64),
		"cannot bind *big.Int (use nil, a bool, number, string or []byte)":     big.NewInt(1),
		"cannot bind time.Time (use UnixMilli or Format)":                      time.Now(),
		"cannot bind []int (use nil, a bool, number, string or []byte)":        []int{1},
		"cannot bind struct {} (use nil, a bool, number, string or []byte)":    struct{}{},
	} {
		if got, err := bindArg(in); got != nil || err == nil || err.Error() != want {
			t.Errorf("got %v, %v, want %s", got, err, want)
		}
	}
}

type scanner struct{ got any }

func (s *scanner) Scan(src any) error { s.got = src; return nil }

func TestScanInto(t *testing.T) {
	s, f := "x", 2.0
	for _, c := range []struct{ col, dst, want any }{
		{int64(7), new(int), 7}, {7.0, new(int8), int8(7)}, {"7", new(uint), uint(7)}, {"7.0", new(int), 7}, {[]byte("7"), new(int), 7},
		{int64(7), new(float64), 7.0}, {1.5, new(float32), float32(1.5)}, {"1.5", new(float64), 1.5},
		{"x", new(string), "x"}, {[]byte("x"), new(string), "x"}, {int64(7), new(string), "7"}, {7.0, new(string), "7"}, {1.5, new(string), "1.5"},
		{[]byte{1}, new([]byte), []byte{1}}, {"x", new([]byte), []byte("x")}, {int64(7), new([]byte), []byte("7")}, {nil, &[]byte{1}, []byte(nil)},
		{int64(1), new(bool), true}, {0.0, new(bool), false}, {"true", new(bool), true}, {"false", new(bool), false},
		{"x", new(*string), &s}, {2.0, new(*float64), &f}, {nil, ptrTo(&s), (*string)(nil)},
		{nil, ptrTo(any(1)), nil}, {int64(7), new(any), int64(7)}, {7.0, new(any), 7.0}, {"x", new(any), "x"}, {[]byte{1}, new(any), []byte{1}},
		{"1970-01-01T00:00:01Z", new(time.Time), time.Unix(1, 0).UTC()}, {"1.5", new(celsius), celsius(1.5)},
		{"x", new(scanner), scanner{"x"}}, {nil, new(scanner), scanner{}},
	} {
		err := scanInto(c.dst, c.col)
		if got := reflect.ValueOf(c.dst).Elem().Interface(); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%#v: got %#v, %v, want %#v", c.col, got, err, c.want)
		}
	}
	for want, c := range map[string]struct{ col, dst any }{
		"cannot scan NULL into string (use *string)":             {nil, new(string)},
		`cannot scan string "x" into int`:                        {"x", new(int)},
		"cannot scan number 300 into int8":                       {int64(300), new(int8)},
		"cannot scan number 1.5 into int":                        {1.5, new(int)},
		"cannot scan number -1 into uint":                        {-1.0, new(uint)},
		"cannot scan number 1e+300 into float32":                 {1e300, new(float32)},
		"cannot scan number 2 into bool":                         {int64(2), new(bool)},
		`cannot scan []uint8 "\x01" into struct {}`:              {[]byte{1}, new(struct{})},
		"cannot scan into int (use a pointer that is not nil)":   {int64(1), 1},
		"cannot scan into *int (use a pointer that is not nil)":  {int64(1), (*int)(nil)},
		"cannot scan into <nil> (use a pointer that is not nil)": {int64(1), nil},
	} {
		if err := scanInto(c.dst, c.col); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	b := []byte{1}
	var x any
	if scanInto(&x, b); fmt.Sprintf("%p", x) == fmt.Sprintf("%p", b) {
		t.Error("the column was not copied")
	}
}
