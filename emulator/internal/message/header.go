// Package message checks HTTP messages as the classes of the Fetch API do.
package message

// https://developers.cloudflare.com/workers/runtime-apis/headers/

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Header returns h as the Headers class has it: names that differ only in case are one, and values
// have no space around them. If h has that form it is returned itself. Invalid names and values are
// refused.
func Header(h map[string][]string) (map[string][]string, error) {
	canonical := true
	for name, values := range h {
		if !isName(name) {
			return nil, driver.TypeError(msgName)
		}
		for _, v := range values {
			inner := v
			if v != "" && (isSpace(v[0]) || isSpace(v[len(v)-1])) {
				inner, canonical = strings.Trim(v, space), false
			}
			if !isValue(inner) {
				return nil, driver.TypeError(msgValue)
			}
		}
		canonical = canonical && http.CanonicalHeaderKey(name) == name
	}
	if canonical {
		return h, nil
	}
	out := make(map[string][]string, len(h))
	for _, name := range slices.Sorted(maps.Keys(h)) {
		key := http.CanonicalHeaderKey(name)
		for _, v := range h[name] {
			out[key] = append(out[key], strings.Trim(v, space))
		}
	}
	return out, nil
}

// space is trimmed from values: https://fetch.spec.whatwg.org/#concept-header-value-normalize
const space = "\t\n\r "

func isSpace(c byte) bool { return strings.IndexByte(space, c) >= 0 }

// isValue reports whether a value has no byte that ends a line, nor NUL.
func isValue(v string) bool {
	for i := range len(v) {
		if c := v[i]; c == 0 || c == '\r' || c == '\n' {
			return false
		}
	}
	return true
}

// isName reports whether a name is a token. Like workerd it lets bytes beyond ASCII pass; such a header is not
// sent.
func isName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-' {
			continue // most are
		}
		if c <= ' ' || c == 0x7f || c < 0x80 && strings.IndexByte("()<>@,;:\\\"/[]?={}", c) >= 0 {
			return false
		}
	}
	return true
}

// IsToken reports whether a name that Header accepts can be sent.
func IsToken(name string) bool {
	for i := range len(name) {
		if name[i] >= 0x80 {
			return false
		}
	}
	return name != ""
}

// IsLength reports whether a Content-Length is a number of at most 18 digits.
func IsLength(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && len(s) < 19
}
