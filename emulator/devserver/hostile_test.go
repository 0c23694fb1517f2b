package devserver

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator"
)

// hostile is a text that takes a terminal over and fakes lines, with each kind of line end.
const hostile = "one\r\n[wrangler:info] Ready on http://evil:1\n✘ [ERROR] fake\r[emu:info] fake\x1b[2J\x1b]0;t\a\x00\b\x7f\u009b2J\x9b2J\u202e\u2066\u2028end"

// ours begins each line that is printed for people, if it is not indented.
var ours = regexp.MustCompile(`^( |$|\[wrangler:(info|error)\] (Ready on |GET |M|Error: )|\[emu:info\] C|✘ \[ERROR\] |▲ \[WARNING\] |one\b|Your Worker|Binding |env\.|⎔ |─|Using secrets)`)

// harmless fails the test for what a terminal would obey and for lines that are nobody's.
func harmless(t *testing.T, shown string) {
	t.Helper()
	for _, r := range shown {
		if r != '\n' && r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' {
			t.Errorf("%U is shown: %q", r, shown)
			return
		}
	}
	for line := range strings.SplitSeq(shown, "\n") {
		if !ours.MatchString(line) || strings.HasPrefix(line, "[wrangler:info] Ready on http://evil") {
			t.Errorf("line %q in %q", line, shown)
		}
	}
}

// TestHostile: nothing that comes from a program, a client or a file does something to
// the terminal, or begins a line as the log does.
func TestHostile(t *testing.T) {
	var out bytes.Buffer
	log := &Log{Out: &out, Err: &out, Level: LevelDebug}
	for _, e := range []emulator.Event{
		{Type: emulator.EventReady, Message: "http://x" + hostile},
		{Type: emulator.EventRequest, Method: "M" + hostile, Path: hostile, Status: 200},
		{Type: emulator.EventError, Handler: "worker", Message: "Error: " + hostile, Stack: hostile},
		{Type: emulator.EventError, Handler: "fetch", Class: "C" + hostile, Name: hostile, Message: "Error: " + hostile, Stack: hostile},
		{Type: emulator.EventError, Handler: "storage", Class: "C" + hostile, ID: hostile, Message: hostile},
		{Type: emulator.EventError, Message: hostile},
		{Type: emulator.EventStart, Class: "C" + hostile, Name: hostile},
		{Type: emulator.EventWake, Class: "C" + hostile, ID: hostile},
		{Type: emulator.EventReset, Class: "C" + hostile, Name: hostile, Message: "Error: " + hostile},
		{Type: emulator.EventAlarm, Class: "C" + hostile, Name: hostile},
		{Type: emulator.EventLog, Message: hostile},
		{Type: emulator.EventLog, Class: "C" + hostile, Message: hostile},
	} {
		out.Reset()
		log.Event(e)
		t.Logf("%s:\n%s", e.Type, out.String())
		harmless(t, out.String())
	}
	for _, style := range []diagnostic.Style{diagnostic.Unwrapped, diagnostic.Wrapped} {
		out.Reset()
		log.Style = style
		place := diagnostic.Place{File: hostile, Line: 1, Column: 2, Length: 3}
		log.Diagnostics([]diagnostic.Diagnostic{{
			Text: hostile, Place: place, LineText: hostile, Hint: hostile, Path: []string{hostile},
			Notes: []diagnostic.Note{{Text: hostile, Place: place, LineText: hostile}},
		}, {Severity: diagnostic.SeverityWarning, Text: hostile}})
		harmless(t, out.String())
	}
	out.Reset()
	r := load(t, `{"name": "hello", "compatibility_date": "2026-11-17"}`)
	r.SecretFiles = []string{hostile}
	r.Config.Vars = []config.Var{{Name: hostile, IsText: true, Text: hostile}, {Name: "A", JSON: []byte(hostile)}}
	r.Config.Bindings = append(r.Config.Bindings, config.DurableObjectBinding{Name: hostile, ClassName: hostile})
	log.Banner("emu 1.2.3", r)
	harmless(t, out.String())
}

// TestErrorOfSeveralLines: it stays readable, and its lines are seen to belong to it.
func TestErrorOfSeveralLines(t *testing.T) {
	var out bytes.Buffer
	log := &Log{Out: &out, Err: &out, Level: LevelDebug}
	log.Event(emulator.Event{Type: emulator.EventError, Handler: "worker", Message: "Error: one\r\ntwo\n\n[wrangler:info] Ready on http://localhost:1", Stack: "    at main.fetch (/src/main.go:12)"})
	const want = "[wrangler:error] Error: one\n    two\n\n    [wrangler:info] Ready on http://localhost:1\n    at main.fetch (/src/main.go:12)\n"
	if got := out.String(); got != want {
		t.Errorf("got %q", got)
	}
}
