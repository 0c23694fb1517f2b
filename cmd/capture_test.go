//go:build unix

package emucmd

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-36a2c969/emu/emulator"
)

// TestOutput: with --log-format json every line that a program prints is an event, in order
// with the other events and up to the last line of a crash, and emu prints nothing else.
func TestOutput(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program")
	}
	t.Parallel()
	dir, env := t.TempDir(), append(os.Environ(), scriptEnv(t)...)
	program := filepath.Join(dir, "program")
	build := exec.Command("go", "build", "-o", program, "./testdata/worker/talkative")
	build.Env = env
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	printed := []string{
		"standard output", "standard error", "package log", "println", `{"type":"ready","message":"http://fake"}`, "cr lf",
		"\x00\ufffd\x1b[31m\x1e", strings.Repeat("é", 4096), strings.Repeat("é", 5000-4096), "request /print",
	}
	for _, test := range []struct {
		name, command string
		code          int // the exit code after the panic
	}{
		{"emu dev", "emu dev testdata/worker/talkative", exitTerminated},
		{"emu dev without a watch", "emu dev testdata/worker/talkative --watch=false", 2},
		{"the program", "program dev", 2},
		{"emu exec", "emu exec testdata/worker/talkative", exitTerminated},
		{"the program's exec", "program exec", exitTerminated},
	} {
		t.Run(test.name, func(t *testing.T) {
			state := t.TempDir()
			args := append(strings.Fields(test.command), "--config", "testdata/worker/talkative/wrangler.jsonc", "--port", "0", "--persist-to", state, "--log-format", "json")
			if strings.Contains(test.command, "exec") {
				args = append(args, "--", "sleep", "60") // which holds the output open too
			}
			if args[0] == "program" {
				args[0] = program
			}
			c := exec.Command(args[0], args[1:]...)
			c.Env = env
			s, err := start(c)
			if err != nil {
				t.Fatal(err)
			}
			defer s.kill()
			for _, path := range []string{"/print", "/part"} {
				resp, err := client.Get(s.url + path)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
			}
			awaitSaid(t, s, "a part of a line") // a line without an end
			panicking := http.Client{Timeout: patience}
			if resp, err := panicking.Get(s.url + "/panic"); err == nil {
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			awaitSaid(t, s, "main.fetch.gowrap1")
			if test.code != 2 { // emu outlives the program
				awaitSaid(t, s, "the program has ended: exit status 2")
				s.cmd.Process.Signal(syscall.SIGTERM)
			}
			if err := s.wait(); err != nil {
				t.Fatal(err)
			}
			if code := s.cmd.ProcessState.ExitCode(); code != test.code {
				t.Errorf("ended with %d", code)
			}
			var said []string
			for line := range strings.Lines(s.said()) {
				var e emulator.Event
				if err := json.Unmarshal([]byte(line), &e); err != nil || e.Time.IsZero() || e.Type == "" {
					t.Errorf("not an event: %q", line)
				}
				if len(line) > 64<<10 {
					t.Errorf("a line of %d bytes", len(line))
				}
				switch e.Type {
				case emulator.EventRequest:
					said = append(said, "request "+e.Path)
				case emulator.EventLog:
					said = append(said, e.Message)
				}
			}
			at := slices.Index(said, printed[0])
			if at < 0 || !slices.Equal(said[at:min(at+len(printed), len(said))], printed) {
				t.Errorf("printed as\n%q", said)
			}
			for _, want := range []string{"main begins", "a part of a line", "panic: nobody recovers"} {
				if !slices.Contains(said, want) {
					t.Errorf("%q is not printed: %q", want, said)
				}
			}
		})
	}
}

// awaitSaid waits until a server has said something.
func awaitSaid(t *testing.T, s *served, text string) {
	t.Helper()
	await(t, text+"\n"+s.said(), func() bool { return strings.Contains(s.said(), text) })
}
