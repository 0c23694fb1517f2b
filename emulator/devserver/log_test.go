package devserver

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator"
)

// TestHuman: where wrangler has a line, it is wrangler's, as recorded.
func TestHuman(t *testing.T) {
	tests := []struct {
		name  string
		event emulator.Event
		out   string
		err   string
	}{
		{"ready", emulator.Event{Type: emulator.EventReady, Message: "http://localhost:18790"}, "[wrangler:info] Ready on http://localhost:18790\n", ""},
		{"request", emulator.Event{Type: emulator.EventRequest, Method: "GET", Path: "/a/b", Status: 200, Millis: 44}, "[wrangler:info] GET /a/b 200 OK (44ms)\n", ""},
		{"upgrade", emulator.Event{Type: emulator.EventRequest, Method: "GET", Path: "/ws", Status: 101, Millis: 5}, "[wrangler:info] GET /ws 101 Switching Protocols (5ms)\n", ""},
		{"worker's error", emulator.Event{Type: emulator.EventError, Handler: "worker", Message: "Error: boom in worker", Stack: "    at Object.fetch (src/index.js:3:75)"},
			"[wrangler:error] Error: boom in worker\n    at Object.fetch (src/index.js:3:75)\n", ""},
		{"stub's error", emulator.Event{Type: emulator.EventError, Handler: "worker", Message: "Error: boom in DO"}, "[wrangler:error] Error: boom in DO\n", ""},
		{"object's error", emulator.Event{Type: emulator.EventError, Handler: "fetch", Class: "Counter", Message: "Error: boom in DO", Stack: "    at fetch (src/index.js:2:97)"},
			"", "✘ [ERROR] Uncaught Error: boom in DO\n\n      at fetch (src/index.js:2:97)\n\n"},
		{"a failed commit", emulator.Event{Type: emulator.EventError, Handler: "storage", Class: "Room", Name: "x", Message: "commit failed"},
			"", "✘ [ERROR] Room \"x\": commit failed\n\n"},
		{"a handler that hangs", emulator.Event{Type: emulator.EventWarning, Handler: "fetch", Class: "Room", Name: "x", Message: "fetch has held"},
			"", "▲ [WARNING] Room \"x\": fetch has held\n\n"},
		{"hibernate", emulator.Event{Type: emulator.EventHibernate, Class: "Room", Name: "a b", ID: "00", Sockets: 2}, "[emu:info] Room \"a b\" hibernated with 2 sockets\n", ""},
		{"wake", emulator.Event{Type: emulator.EventWake, Class: "Room", ID: "00ff", Sockets: 1}, "[emu:info] Room 00ff woke with 1 socket\n", ""},
		{"start", emulator.Event{Type: emulator.EventStart, Class: "Room", ID: "00ff"}, "[emu:info] Room 00ff started\n", ""},
		{"evict", emulator.Event{Type: emulator.EventEvict, Class: "Room", ID: "00ff"}, "[emu:info] Room 00ff left memory\n", ""},
		{"reset", emulator.Event{Type: emulator.EventReset, Class: "Room", Name: "x", Message: "Error: why"}, "[emu:info] Room \"x\" was reset: Error: why\n", ""},
		{"alarm", emulator.Event{Type: emulator.EventAlarm, Class: "Room", Name: "x"}, "[emu:info] Room \"x\" ran its alarm\n", ""},
		{"alarm again", emulator.Event{Type: emulator.EventAlarm, Class: "Room", Name: "x", Retry: 2}, "[emu:info] Room \"x\" ran its alarm, retry 2\n", ""},
		{"log", emulator.Event{Type: emulator.EventLog, Message: "a line"}, "a line\n", ""},
		{"object's log", emulator.Event{Type: emulator.EventLog, Class: "Room", Name: "x", Message: "a line"}, "[emu:info] Room \"x\": a line\n", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out, err bytes.Buffer
			log := &Log{Out: &out, Err: &err, Level: LevelDebug}
			log.Event(test.event)
			if out.String() != test.out || err.String() != test.err {
				t.Errorf("out %q, err %q", out.String(), err.String())
			}
		})
	}
}

// TestLevels: what each level adds to the one before it.
func TestLevels(t *testing.T) {
	want := map[string]string{
		"none": "fatal", "error": "fatal error", "warn": "fatal error warning", "info": "fatal error warning ready request",
		"log": "fatal error warning ready request hibernate banner", "debug": "fatal error warning ready request start hibernate banner",
	}
	for level, name := range Levels {
		var out bytes.Buffer
		log := &Log{Out: &out, Err: &out, Level: Level(level)}
		log.Event(emulator.Event{Type: emulator.EventError, Handler: "worker", Message: "an error"})
		log.Diagnostics([]diagnostic.Diagnostic{{Severity: diagnostic.SeverityWarning, Text: "a warning"}})
		log.Diagnostics([]diagnostic.Diagnostic{{Text: "stops a start"}})
		log.Event(emulator.Event{Type: emulator.EventReady})
		log.Event(emulator.Event{Type: emulator.EventRequest, Method: "a request"})
		log.Event(emulator.Event{Type: emulator.EventStart, Class: "start"})
		log.Event(emulator.Event{Type: emulator.EventHibernate, Class: "hibernate"})
		log.Print("a banner")
		var got []string
		for _, word := range []string{"fatal", "error", "warning", "ready", "request", "start", "hibernate", "banner"} {
			text := map[string]string{"fatal": "stops a start", "error": "an error", "warning": "a warning", "ready": "Ready on", "request": "a request", "start": "started", "hibernate": "hibernated", "banner": "a banner"}[word]
			if strings.Contains(out.String(), text) {
				got = append(got, word)
			}
		}
		if s := strings.Join(got, " "); s != want[name] {
			t.Errorf("%s: %s", name, s)
		}
	}
}

// TestBindings: the table is wrangler's, as recorded, down to the spaces.
func TestBindings(t *testing.T) {
	r := load(t, `{
		"name": "my-worker",
		"durable_objects": { "bindings": [{ "name": "COUNTER", "class_name": "Counter" }] },
		"migrations": [{ "tag": "v1", "new_sqlite_classes": ["Counter"] }],
		"vars": { "MSG": "hello", "LONG": "a very long value that goes on and on and on and on", "NUM": 5, "OBJ": { "a": [1, 2] } }
	}`)
	r.Config.Vars = append(r.Config.Vars, config.Var{Name: "SECRET", IsText: true, Text: "abc", Secret: true})
	const want = `Your Worker has access to the following bindings:
Binding                                                       Resource                  Mode
env.COUNTER (Counter)                                         Durable Object            local
env.MSG ("hello")                                             Environment Variable      local
env.LONG ("a very long value that goes on and on...")         Environment Variable      local
env.NUM (5)                                                   Environment Variable      local
env.OBJ ({"a":[1,2]})                                         Environment Variable      local
env.SECRET ("(hidden)")                                       Environment Variable      local
`
	if got := bindings(r.Config); got != want {
		t.Errorf("got:\n%s", got)
	}
	if got := bindings(&config.Config{}); got != "" {
		t.Errorf("without bindings: %q", got)
	}
}

func TestBanner(t *testing.T) {
	r := load(t, `{"name": "hello", "routes": ["example.com/*"], "observability": {"enabled": true}, "build": {"command": "make"}, "minify": true,
		"kv_namespaces": [{"binding": "KV", "id": "1"}, {"binding": "CACHE", "id": "2"}]}`)
	r.Notices = []diagnostic.Diagnostic{{Severity: diagnostic.SeverityWarning, Text: "a notice"}}
	r.SecretFiles = []string{".dev.vars"}
	var out bytes.Buffer
	log := &Log{Out: &out, Err: &out, Level: LevelLog}
	log.Banner("emu 1.2.3", r)
	for _, want := range []string{
		"\n ⛅️ emu 1.2.3\n─────────────\nUsing secrets defined in .dev.vars\n",
		"▲ [WARNING] No compatibility_date was specified. Using the default compatibility",
		`Add one to your wrangler.jsonc file: {"compatibility_date":"2026-11-17"}`,
		"Not emulated, and without effect here:\n" +
			"Field       Documentation\n" +
			"build       https://developers.cloudflare.com/workers/wrangler/configuration/#custom-builds\n" +
			"minify      https://developers.cloudflare.com/workers/wrangler/configuration/#inheritable-keys\n\n⎔ Starting local server...\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in:\n%s", want, out.String())
		}
	}
	if want := "\n▲ [WARNING] env.KV, env.CACHE (kv_namespaces): emu does not emulate this kind of binding\n\n"; !strings.Contains(out.String(), want) {
		t.Errorf("%q is not in:\n%s", want, out.String())
	}
	for _, silent := range []string{"routes", "observability"} {
		if strings.Contains(out.String(), silent) {
			t.Errorf("%s is told:\n%s", silent, out.String())
		}
	}
	if n := strings.Count(out.String(), "a notice"); n != 1 {
		t.Errorf("a notice is told %d times", n)
	}
	out.Reset()
	log.JSON = true
	log.Banner("emu 1.2.3", r)
	if want := `"message":"not emulated, and without effect here: build, minify"`; !strings.Contains(out.String(), want) {
		t.Errorf("%q is not in:\n%s", want, out.String())
	}
}

// TestLineText: a diagnostic that was made from a configuration shows its line.
func TestLineText(t *testing.T) {
	r := load(t, "{\n  \"name\": \"hello\",\r\n  \"main\": \"src/index.ts\"\n}")
	var out bytes.Buffer
	log := &Log{Err: &out, Level: LevelError, Dir: t.TempDir()}
	d := diagnostic.Diagnostic{Text: "wrong", Place: r.Config.MainPlace}
	d.Place.File = r.Config.Path
	log.Diagnostics([]diagnostic.Diagnostic{d})
	if !strings.Contains(out.String(), "3 │   \"main\": \"src/index.ts\"\n") {
		t.Errorf("got:\n%s", out.String())
	}
}

// TestOneAtATime: lines do not mix.
func TestOneAtATime(t *testing.T) {
	var out bytes.Buffer
	log := &Log{Out: &out, Err: &out, Level: LevelLog}
	done := make(chan struct{})
	for range 4 {
		go func() {
			for range 100 {
				log.Say("abc")
				log.Event(emulator.Event{Time: time.Now(), Type: emulator.EventError, Handler: "worker", Message: "def", Stack: "ghi"})
			}
			done <- struct{}{}
		}()
	}
	for range 4 {
		<-done
	}
	for line := range strings.Lines(out.String()) {
		if line != "abc\n" && line != "[wrangler:error] def\n" && line != "    ghi\n" {
			t.Fatalf("line %q", line)
		}
	}
}
