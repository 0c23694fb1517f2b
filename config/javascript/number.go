// Package javascript holds what Go's numbers, strings and map keys lack to be JavaScript's.
package javascript

import (
	"math"
	"strconv"
	"strings"
)

// NumberText writes a number as String(f) does.
//
// Source: https://tc39.es/ecma262/#sec-numeric-types-number-tostring
func NumberText(f float64) string {
	switch a := math.Abs(f); {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0: // -0 too
		return "0"
	case a >= 1e21 || a < 1e-6:
		t := strconv.FormatFloat(f, 'e', -1, 64)
		// Go writes at least two digits of exponent.
		if n := len(t); t[n-2] == '0' && (t[n-3] == '-' || t[n-3] == '+') {
			t = t[:n-2] + t[n-1:]
		}
		return t
	default:
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
}

// ParseNumber reads a number as Number(s) does: a leading 0 is decimal, and 0x, 0o and 0b are not. It
// is not ok where Number gives NaN.
//
// Source: https://tc39.es/ecma262/#sec-tonumber-applied-to-the-string-type
func ParseNumber(s string) (f float64, ok bool) {
	switch s = strings.TrimSpace(s); {
	case s == "":
		return 0, true
	case s == "Infinity" || s == "+Infinity" || s == "-Infinity":
		s = strings.TrimSuffix(s, "inity") // Go's word
	case strings.Trim(s, "0123456789.eE+-") != "": // Go would also read inf, 0x1p4 and 1_000
		n, err := strconv.ParseUint(strings.ToLower(s), 0, 64)
		return float64(n), err == nil && s[0] == '0' && !strings.Contains(s, "_")
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil || math.IsInf(f, 0)
}
