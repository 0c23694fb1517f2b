package wire_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// The unmasked examples of RFC 6455 section 5.7, and the lengths at which the header changes.
func TestAppendFrame(t *testing.T) {
	for _, tt := range []struct {
		opcode byte
		size   int
		header string
	}{
		{wire.OpText, 5, "\x81\x05"},
		{wire.OpPing, 5, "\x89\x05"},
		{wire.OpBinary, 256, "\x82\x7E\x01\x00"},
		{wire.OpBinary, 65536, "\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00"},
		{wire.OpBinary, 0, "\x82\x00"},
		{wire.OpBinary, 125, "\x82\x7D"},
		{wire.OpBinary, 126, "\x82\x7E\x00\x7E"},
		{wire.OpBinary, 65535, "\x82\x7E\xFF\xFF"},
	} {
		payload := strings.Repeat("x", tt.size)
		if got := wire.AppendFrame([]byte("before"), tt.opcode, []byte(payload)); string(got) != "before"+tt.header+payload {
			t.Errorf("%d bytes: got %q", tt.size, got[:min(len(got), 20)])
		}
	}
}

func TestAppendClose(t *testing.T) {
	for _, tt := range []struct {
		code   int
		reason string
		want   string
	}{
		{0, "", "\x88\x00"},
		{0, "not sent", "\x88\x00"},
		{1000, "", "\x88\x02\x03\xE8"},
		{4999, "bye", "\x88\x05\x13\x87bye"},
		{1002, strings.Repeat("x", 127), "\x88\x7E\x00\x81\x03\xEA" + strings.Repeat("x", 127)}, // as workerd does for CL-5
	} {
		if got := wire.AppendClose(nil, tt.code, tt.reason); !bytes.Equal(got, []byte(tt.want)) {
			t.Errorf("%d %q: got %q", tt.code, tt.reason, got)
		}
	}
}
