package javascript

import (
	"testing"
)

// TestValidUTF8: the values are those of the Encoding standard's decoder in workerd.
func TestValidUTF8(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "",
		"héllo €😀":                  "héllo €😀",
		"a\x80b":                    "a\uFFFDb",
		"\xC3":                      "\uFFFD",
		"\xE2\x82":                  "\uFFFD",
		"\xE2\x82A":                 "\uFFFDA",
		"\xF0\x9F\x98":              "\uFFFD",
		"\xF0\x9F\x98A":             "\uFFFDA",
		"\xF0\x80\x80\x80":          "\uFFFD\uFFFD\uFFFD\uFFFD",
		"\xE0\x80\x80":              "\uFFFD\uFFFD\uFFFD",
		"\xED\xA0\x80":              "\uFFFD\uFFFD\uFFFD",
		"\xF4\x90\x80\x80":          "\uFFFD\uFFFD\uFFFD\uFFFD",
		"\xC0\x80":                  "\uFFFD\uFFFD",
		"\xFF\xFE":                  "\uFFFD\uFFFD",
		"\xF1\x80\x80\xE1\x80\xC2b": "\uFFFD\uFFFD\uFFFDb",
	} {
		if got := ValidUTF8(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestWellFormed: each half of a surrogate pair is one U+FFFD.
func TestWellFormed(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "",
		"a\xED\xA0\xBDb":           "a\uFFFDb",
		"\xED\xB8\x80\xED\xA0\xBD": "\uFFFD\uFFFD",
		"\xED\xA0":                 "\uFFFD\uFFFD",
		"\xFFé😀":                   "\uFFFDé😀",
	} {
		if got := WellFormed(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzDecodeRune(f *testing.F) {
	f.Add("a\xED\xA0\xBDb😀\xFF")
	f.Fuzz(func(t *testing.T, s string) {
		for rest := s; rest != ""; {
			r, n := DecodeRune(rest)
			if n < 1 || n > len(rest) {
				t.Fatalf("%q: %d bytes", rest, n)
			}
			if r != '\uFFFD' && string(AppendRune(nil, r)) != rest[:n] {
				t.Errorf("%q: %#x is %q", rest[:n], r, AppendRune(nil, r))
			}
			rest = rest[n:]
		}
	})
}
