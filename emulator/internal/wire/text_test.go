package wire_test

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// testdata/utf8.txt holds byte sequences and, after a space, what V8's TextDecoder (node 22) makes of them, in hexadecimal.
func TestInvalidUTF8(t *testing.T) {
	file, err := os.ReadFile("testdata/utf8.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(file)) {
		in, out, _ := strings.Cut(strings.TrimSpace(line), " ")
		data, _ := hex.DecodeString(in)
		want, _ := hex.DecodeString(out)
		var p wire.Parser
		r := newRecorder()
		p.Feed(clientFrame(0x81, string(data)), r)
		equal(t, r.list(), "text "+string(want))
	}
}
