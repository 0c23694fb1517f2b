package javascript

import (
	"math"
	"testing"
)

// TestNumberText: the texts are those of Node 20's String.
func TestNumberText(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0", math.Copysign(0, -1): "0", -1.5: "-1.5", 1e20: "100000000000000000000", 1e21: "1e+21", -1e100: "-1e+100", 123e-7: "0.0000123",
		1e-6: "0.000001", 1e-7: "1e-7", 1.5e-10: "1.5e-10", math.Inf(1): "Infinity", math.Inf(-1): "-Infinity", math.MaxFloat64: "1.7976931348623157e+308",
		math.SmallestNonzeroFloat64: "5e-324", 0.30000000000000004: "0.30000000000000004", 1 << 53: "9007199254740992",
	} {
		if got := NumberText(f); got != want {
			t.Errorf("%v: %s, want %s", f, got, want)
		}
	}
	if got := NumberText(math.NaN()); got != "NaN" {
		t.Error(got)
	}
}

// TestParseNumber: the numbers are those of Node 20's Number; NaN is not ok.
func TestParseNumber(t *testing.T) {
	nan := math.NaN()
	for s, want := range map[string]float64{
		"": 0, " \t\n": 0, "017": 17, "0x1F": 31, "0X1f": 31, "0o17": 15, "0b101": 5, "1e3": 1000, ".5": 0.5, "5.": 5, "-1": -1, "+1": 1,
		"Infinity": math.Inf(1), "+Infinity": math.Inf(1), "-Infinity": math.Inf(-1), "1e999": math.Inf(1), "-1e999": math.Inf(-1), " 7 ": 7,
		"inf": nan, "Inf": nan, "NaN": nan, "1_000": nan, "0x1p4": nan, "0x": nan, "-0x10": nan, "0b2": nan, "0x1_0": nan, "1e": nan, "e": nan, "infinity": nan, "--1": nan, "1 2": nan,
	} {
		got, ok := ParseNumber(s)
		if ok != (want == want) || ok && got != want {
			t.Errorf("%q: %v %v, want %v", s, got, ok, want)
		}
	}
}

func FuzzParseNumber(f *testing.F) {
	f.Add(1.5)
	f.Add(1e21)
	f.Fuzz(func(t *testing.T, n float64) {
		if got, ok := ParseNumber(NumberText(n)); n == n && (!ok || got != n) {
			t.Errorf("%v: %v %v", n, got, ok)
		}
	})
}
