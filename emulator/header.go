package emulator

// https://developers.cloudflare.com/workers/runtime-apis/headers/

import "strings"

// checkHeader is what the Headers class refuses.
func checkHeader(h map[string][]string) error {
	for name, values := range h {
		if !isHeaderName(name) {
			return typeError(msgHeaderName)
		}
		for _, v := range values {
			if strings.ContainsAny(strings.Trim(v, "\t\n\r "), "\x00\r\n") {
				return typeError(msgHeaderValue)
			}
		}
	}
	return nil
}

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

// isLength reports whether a Content-Length is one.
func isLength(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && len(s) < 19
}
