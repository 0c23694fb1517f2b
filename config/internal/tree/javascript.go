package tree

// Conversions of ECMAScript: https://tc39.es/ecma262/#sec-type-conversion

import (
	"math"
	"strconv"
	"strings"
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
		return NumberText(v.Num)
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
	s := strings.TrimSpace(ToString(v))
	if s == "" {
		return 0
	}
	if s == "Infinity" || s == "+Infinity" || s == "-Infinity" {
		s = strings.Replace(s, "Infinity", "Inf", 1)
	} else if strings.Trim(s, "0123456789.eE+-") != "" {
		if n, err := strconv.ParseUint(strings.ToLower(s), 0, 64); err == nil && len(s) > 2 && s[0] == '0' && !strings.Contains(s, "_") {
			return float64(n)
		}
		return math.NaN()
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(n, 0) {
		return math.NaN()
	}
	return n
}

// NumberText writes a number as JavaScript's String does.
func NumberText(f float64) string {
	switch a := math.Abs(f); {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		return "0"
	case a >= 1e21 || a < 1e-6:
		t := strconv.FormatFloat(f, 'e', -1, 64)
		if n := len(t); t[n-2] == '0' && (t[n-3] == '-' || t[n-3] == '+') {
			t = t[:n-2] + t[n-1:]
		}
		return t
	default:
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
}
