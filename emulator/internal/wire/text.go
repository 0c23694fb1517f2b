package wire

import (
	"unicode/utf8"

	"github.com/seed-36a2c969/emu/config/javascript"
)

// text returns b as UTF-8: b itself if it is valid. RFC 6455 section 8.1 would fail the connection
// otherwise; workerd hands on what JavaScript makes of the bytes.
func text(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	return []byte(javascript.ValidUTF8(string(b)))
}
