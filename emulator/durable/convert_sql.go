package durable

// https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#sqlite-storage-sql-type-conversions

import (
	"bytes"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// bindArgs converts the arguments of [SQL.Exec]. It returns args itself if none needs to be converted.
func bindArgs(args []any) ([]any, error) {
	bound := args
	for i, a := range args {
		if arrives(a) {
			continue
		}
		b, err := bindArg(a)
		if err != nil {
			return nil, fmt.Errorf("durable: argument %d: %w", i+1, err)
		}
		if &bound[0] == &args[0] {
			bound = slices.Clone(args) // args may be a slice of the caller
		}
		bound[i] = b
	}
	return bound, nil
}

// arrives reports whether an argument needs no conversion.
func arrives(x any) bool {
	switch x.(type) {
	case nil, string, []byte, float64:
		return true
	}
	return false
}

// bindArg converts an argument of [SQL.Exec] to the type in which it would arrive from JavaScript: nil,
// float64, string or []byte.
func bindArg(x any) (any, error) {
	if arrives(x) {
		return x, nil
	}
	v := reflect.ValueOf(x)
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil, nil
		}
		v = v.Elem()
	}
	switch {
	case v.Type() == typeOfBigInt || v.Type() == typeOfTime || v.Type() == typeOfValue:
	case v.CanInt():
		n, err := integerValue(v.Int())
		if err != nil {
			return nil, err
		}
		return float64(n.(driver.Number)), nil
	case v.CanUint():
		if n := v.Uint(); n > maxInteger {
			return nil, fmt.Errorf("integer %d is beyond 2^53 (use a string)", n)
		}
		return float64(v.Uint()), nil
	case v.CanFloat():
		return v.Float(), nil
	case v.Kind() == reflect.Bool:
		return strconv.FormatBool(v.Bool()), nil
	case v.Kind() == reflect.String:
		return v.String(), nil
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		return v.Bytes(), nil
	}
	hint := "use nil, a bool, number, string or []byte"
	if v.Type() == typeOfTime {
		hint = "use UnixMilli or Format"
	}
	return nil, fmt.Errorf("cannot bind %T (%s)", x, hint)
}

// scanInto copies a column (nil, int64, float64, string or []byte) to where dst points, as
// database/sql does. A number and a text are converted if nothing is lost. NULL needs a pointer to a
// pointer, *any or *[]byte. If dst has a method Scan(any) error, that gets the column.
func scanInto(dst, col any) error {
	switch d := dst.(type) {
	case interface{ Scan(src any) error }:
		return d.Scan(col)
	case *any:
		if b, ok := col.([]byte); ok {
			col = bytes.Clone(b)
		}
		*d = col
		return nil
	case *string:
		if s, ok := col.(string); ok {
			*d = s
			return nil
		}
	}
	p := reflect.ValueOf(dst)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("cannot scan into %T (use a pointer that is not nil)", dst)
	}
	return scanColumn(p.Elem(), col)
}

func scanColumn(v reflect.Value, col any) error {
	t := v.Type()
	if col == nil {
		switch {
		case t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface, t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
			v.SetZero()
			return nil
		}
		return fmt.Errorf("cannot scan NULL into %s (use *%s)", t, t)
	}
	if t.Kind() == reflect.Pointer {
		p := reflect.New(t.Elem())
		if err := scanColumn(p.Elem(), col); err != nil {
			return err
		}
		v.Set(p)
		return nil
	}
	text, isText := col.(string)
	if b, ok := col.([]byte); ok {
		text, isText = string(b), true
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok && isText {
		return u.UnmarshalText([]byte(text))
	}
	if !isText {
		text = formatColumn(col)
	}
	// A number arrives as a float: a column of type TEXT keeps 1 as "1.0".
	whole := strings.TrimSuffix(text, ".0")
	ok := false
	switch k := t.Kind(); {
	case k == reflect.Interface && t.NumMethod() == 0:
		v.Set(reflect.ValueOf(col))
		ok = true
	case k == reflect.String:
		v.SetString(text)
		ok = true
	case k == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		v.SetBytes([]byte(text))
		ok = true
	case k == reflect.Bool:
		b, err := strconv.ParseBool(text)
		v.SetBool(b && err == nil)
		ok = err == nil
	case v.CanInt():
		n, err := strconv.ParseInt(whole, 10, 64)
		if ok = err == nil && !v.OverflowInt(n); ok {
			v.SetInt(n)
		}
	case v.CanUint():
		n, err := strconv.ParseUint(whole, 10, 64)
		if ok = err == nil && !v.OverflowUint(n); ok {
			v.SetUint(n)
		}
	case v.CanFloat():
		f, err := strconv.ParseFloat(text, 64)
		if ok = err == nil && !v.OverflowFloat(f); ok {
			v.SetFloat(f)
		}
	}
	if ok {
		return nil
	}
	if !isText {
		return fmt.Errorf("cannot scan number %s into %s", text, t)
	}
	if len(text) > 40 {
		return fmt.Errorf("cannot scan %T into %s", col, t)
	}
	return fmt.Errorf("cannot scan %T %q into %s", col, text, t)
}

// formatColumn writes a number, an integer without point and exponent.
func formatColumn(col any) string {
	switch n := col.(type) {
	case int64:
		return strconv.FormatInt(n, 10)
	case float64:
		if n == float64(int64(n)) && n < 1<<63 {
			return strconv.FormatInt(int64(n), 10)
		}
		return strconv.FormatFloat(n, 'g', -1, 64)
	}
	return fmt.Sprint(col)
}
