package tree

// Conversions of ECMAScript: https://tc39.es/ecma262/#sec-type-conversion

import (
	"math"
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/config/javascript"
)

// ToString converts a value as JavaScript's String does.
func ToString(v *Value) string {
	if v == nil {
		return "undefined"
	}
	switch v.Kind {
	case Text, Date:
		return v.Str
	case Boolean:
		return strconv.FormatBool(v.Bool)
	case Number:
		return javascript.NumberText(v.Num)
	case List:
		parts := make([]string, len(v.Items))
		for i, x := range v.Items {
			if x.IsGiven() {
				parts[i] = ToString(x)
			}
		}
		return strings.Join(parts, ",")
	case Table:
		return "[object Object]"
	}
	return "null"
}

// ToNumber converts a value as JavaScript does before it compares it with a number.
func ToNumber(v *Value) float64 {
	switch {
	case v == nil, v.IsRecord():
		return math.NaN()
	case v.Is(Number):
		return v.Num
	case v.Is(Boolean) && v.Bool:
		return 1
	case v.Is(Boolean), v.Is(Null):
		return 0
	}
	if n, ok := javascript.ParseNumber(ToString(v)); ok {
		return n
	}
	return math.NaN()
}
