package emulator

// https://developers.cloudflare.com/workers/runtime-apis/headers/

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// headers is a class's header as the Headers class has it: each name once, in whatever cases it was written, and values
// checked and without the space around them. A map that is so is returned itself.
func headers(h map[string][]string) (map[string][]string, error) {
	canonical := true
	for name, values := range h {
		if !isHeaderName(name) {
			return nil, driver.TypeError(msgHeaderName)
		}
		for _, v := range values {
			inner := strings.Trim(v, headerSpace)
			if strings.ContainsAny(inner, "\x00\r\n") {
				return nil, driver.TypeError(msgHeaderValue)
			}
			canonical = canonical && len(inner) == len(v)
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
			out[key] = append(out[key], strings.Trim(v, headerSpace))
		}
	}
	return out, nil
}

// headerSpace is what is no part of a value: https://fetch.spec.whatwg.org/#concept-header-value-normalize
const headerSpace = "\t\n\r "

// isHeaderName reports whether every byte of a name is one of a token. Names beyond ASCII pass in workerd, and are
// not sent.
func isHeaderName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c <= ' ' || c == 0x7f || c < 0x80 && strings.IndexByte("()<>@,;:\\\"/[]?={}", c) >= 0 {
			return false
		}
	}
	return true
}

// isToken reports whether a name that is one for the Headers class can be sent.
func isToken(name string) bool {
	for i := range len(name) {
		if name[i] >= 0x80 {
			return false
		}
	}
	return name != ""
}

// isLength reports whether a Content-Length is one.
func isLength(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && len(s) < 19
}
