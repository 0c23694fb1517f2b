package emucmd

import (
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// TestPort: a port is read as Wrangler reads it; anything else is refused.
func TestPort(t *testing.T) {
	for _, test := range []struct {
		given string
		want  int64 // noPort is refused
	}{
		{"0", 0},
		{"8787", 8787},
		{"021050", 21050}, // not octal
		{"0x5410", 21520},
		{"0B101010000010000", 21520},
		{"2152e1", 21520},
		{"21520.0", 21520},
		{"+21520", 21520},
		{" 21522 ", 21522},
		{"65535", 65535},
		{"-0", 0},
		{"-1", noPort},
		{"65536", noPort},
		{"99999999999999999999", noPort},
		{"21520.5", noPort},
		{"1e-3", noPort},
		{"", noPort},
		{" ", noPort},
		{"abc", noPort},
		{"80 80", noPort},
		{"1_000", noPort},
		{"0x", noPort},
		{"0x1p4", noPort},
		{"Infinity", noPort},
		{"NaN", noPort},
		{"٢", noPort},
	} {
		p := newPort()
		if err := p.Set(test.given); p.value != test.want || (err == nil) != (test.want != noPort) {
			t.Errorf("%q: %d, %v", test.given, p.value, err)
		}
		for _, flag := range []string{"--port", "--inspector-port"} {
			code, _, stderr := run(Command{Dir: t.TempDir()}, "dev", "--config", "none.jsonc", flag+"="+test.given)
			want := "✘ [ERROR] " + flag + " takes a port, 0 to 65535, not "
			if code != exitError || (len(stderr) >= len(want) && stderr[:len(want)] == want) != (test.want == noPort) {
				t.Errorf("%s %q: exit code %d\n%s", flag, test.given, code, stderr)
			}
		}
	}
}

// TestMebibytes: MiB are read as a port is, and become bytes.
func TestMebibytes(t *testing.T) {
	for _, test := range []struct {
		given string
		bytes int64 // 0 is refused
	}{
		{"1", 1 << 20},
		{"010", 10 << 20}, // not octal
		{"0x10", 16 << 20},
		{"1e3", 1000 << 20},
		{"1073741824", 1 << 50},
		{"1073741825", 0},
		{"9007199254740993", 0}, // as bytes, in 64 bits, 1 MiB
		{"0", 0},
		{"-1", 0},
		{"1.5", 0},
		{"1_000", 0},
		{"", 0},
		{"64M", 0},
	} {
		m := newMebibytes(0)
		if err := m.Set(test.given); m.value<<20 != test.bytes || (err == nil) != (test.bytes != 0) {
			t.Errorf("%q: %d bytes, %v", test.given, m.value<<20, err)
		}
		code, _, stderr := run(Command{Dir: t.TempDir()}, "dev", "--config", "none.jsonc", "--max-waiting="+test.given)
		if code != exitError || strings.HasPrefix(stderr, "✘ [ERROR] --max-waiting takes a number of MiB from 1 on, not ") != (test.bytes == 0) {
			t.Errorf("%q: exit code %d\n%s", test.given, code, stderr)
		}
	}
}

// TestVars: a variable of the command line has a name.
func TestVars(t *testing.T) {
	for _, test := range []struct{ given, hint string }{
		{"A:B", ""},
		{"A:", ""},
		{"A", ""}, // empty, as with Wrangler
		{"A:b=c", ""},
		{"A=B", "did you mean --var A:B?"},
		{"URL=http://localhost", "did you mean --var URL:http://localhost?"},
		{"=B", "give --var name:value"},
		{":B", "give --var name:value"},
		{"", "give --var name:value"},
	} {
		err := checkVars([]string{test.given})
		if (err != nil) != (test.hint != "") || diagnostic.HintOf(err) != test.hint {
			t.Errorf("%q: %v", test.given, err)
		}
	}
}
