package emutest_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

func TestInBubble(t *testing.T) {
	for name, options := range map[string][]emutest.Option{
		"manual clock":  nil,
		"bubble's time": {emutest.RealTime()},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := emutest.New(t, append(options, emutest.Classes(RoomClass))...)
				c := w.Dial("/Room/lobby")
				c.Send("x")
				c.Expect("1: x")
				w.Advance(10 * time.Second)
				if got := w.Object("Room", "lobby").State(); got != emulator.Hibernated {
					t.Errorf("after 10 s: %s, expected %s", got, emulator.Hibernated)
				}
				c.Send("y")
				c.Expect("2: y")
				w.AdvanceToNextAlarm() // deletes all
				w.Object("Room", "lobby").Storage(func(s *durable.Storage) error {
					found, err := s.KV().Get("said", new(int))
					if found {
						t.Error("the alarm that was due has not run")
					}
					return err
				})
			})
		})
	}
}

// failing is a TB that records instead of failing.
type failing struct {
	T
	said []string
}

func (f *failing) Errorf(format string, a ...any) { f.said = append(f.said, fmt.Sprintf(format, a...)) }
func (f *failing) Failed() bool                   { return len(f.said) > 0 }
func (f *failing) Logf(format string, a ...any)   { f.Errorf(format, a...) }

func TestUnread(t *testing.T) {
	var f failing
	w := emutest.New(&f, emutest.Classes(RoomClass), emutest.CheckUnread())
	c := w.Dial("/Room/lobby")
	c.Send("x")
	w.Settle()
	f.end()
	got := strings.Join(f.said, "\n")
	for _, want := range []string{`/Room/lobby: 1 messages unread, the first "1: x"`, "what happened:", `Room "lobby" started`} {
		if !strings.Contains(got, want) {
			t.Errorf("a test with an unread message says\n%s\nexpected %q in it", got, want)
		}
	}
}

// What a test is told does nothing to the terminal that go test prints it to.
func TestShown(t *testing.T) {
	var f failing
	w := emutest.New(&f, emutest.Classes(RoomClass), emutest.CheckUnread())
	w.Dial("/Room/a%1b%5b2Jb%0d%0a%e2%80%aec").Send("x")
	w.Settle()
	f.end()
	for _, said := range f.said {
		if strings.ContainsFunc(said, func(r rune) bool { return r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) {
			t.Errorf("a test is told %q", said)
		}
	}
	if said := strings.Join(f.said, "\n"); !strings.Contains(said, `a\x1b[2Jb`) {
		t.Errorf("a test is told\n%s", said)
	}
}

func TestStorage(t *testing.T) {
	w := emutest.New(t, emutest.Classes(RoomClass))
	lobby := w.Object("Room", "lobby")
	lobby.Storage(func(s *durable.Storage) error { return s.KV().Put("said", 41) })
	if got := lobby.State(); got != emulator.Absent {
		t.Errorf("writing to its storage made the object %s, expected %s", got, emulator.Absent)
	}
	c := w.Dial("/Room/lobby")
	c.Send("x")
	c.Expect("42: x")
	lobby.Storage(func(s *durable.Storage) error {
		var n int
		_, err := s.KV().Get("said", &n)
		if n != 42 {
			t.Errorf("said is %d, expected 42", n)
		}
		return err
	})
}

func TestListen(t *testing.T) {
	w := emutest.New(t, emutest.Classes(RoomClass))
	resp, err := http.Get(w.Listen() + "/Room/x")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusInternalServerError { // it asked for no WebSocket
		t.Errorf("status %d, expected %d", resp.StatusCode, http.StatusInternalServerError)
	}
}

// What stops a test at its beginning is said with its reason.
func TestRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		run  func(tb emutest.TB)
		want string
	}{
		"handshake": {func(tb emutest.TB) { emutest.New(tb, emutest.Classes(RoomClass)).Dial("/Nowhere/a") },
			"emutest: dial /Nowhere/a: the Worker opens no WebSocket: it answered 500 Internal Server Error"},
		"configuration": {func(tb emutest.TB) { emutest.New(tb, emutest.Config("none.jsonc")) }, "emutest: Could not read file: none.jsonc"},
	} {
		t.Run(name, func(t *testing.T) {
			var tb failing
			func() {
				defer func() { tb.said = append(tb.said, fmt.Sprint(recover())) }()
				tt.run(&tb)
			}()
			tb.end()
			if !strings.HasPrefix(tb.said[0], tt.want) {
				t.Errorf("said %q, want %q", tb.said[0], tt.want)
			}
		})
	}
}

// A configuration whose date or flags emu dev refuses fails the test. A date since the
// recorded workerd, which new projects carry, does not, whatever the clock says.
func TestCompatibility(t *testing.T) {
	config := func(t *testing.T, rest string) emutest.Option {
		path := filepath.Join(t.TempDir(), "wrangler.jsonc")
		text := `{"name": "w", "durable_objects": {"bindings": [{"name": "ROOM", "class_name": "Room"}]}, ` + rest + "}"
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return emutest.Config(path)
	}
	for _, test := range []struct{ name, rest, want string }{
		{"future", `"compatibility_date": "2999-01-01"`, `Compatibility date "2999-01-01" is in the future and unsupported`},
		{"legacy", `"compatibility_date": "Jan 2, 2020"`, `"compatibility_date" field should be a valid ISO-8601 date (YYYY-MM-DD), but got "Jan 2, 2020"`},
		{"unknown", `"compatibility_flags": ["no_such_flag"]`, "service core:user:w: No such compatibility flag: no_such_flag"},
		{"newer", `"compatibility_date": "2026-11-25"`, ""},
		{"good", `"compatibility_date": "2026-11-24", "compatibility_flags": ["web_socket_manual_reply_to_close"]`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var tb refusing
			func() {
				defer func() { recover() }()
				emutest.New(&tb, config(t, test.rest), emutest.Classes(RoomClass))
			}()
			tb.end()
			if got := strings.Join(tb.said, "\n"); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("said %q, want %q", got, test.want)
			}
		})
	}
	newer := config(t, `"compatibility_date": "2026-11-25"`)
	synctest.Test(t, func(t *testing.T) { // in which it is the year 2000
		emutest.New(t, newer, emutest.Classes(RoomClass)).Fetch("GET", "/ROOM/a")
	})
}

// refusing is a TB that keeps what fails, and not what is logged.
type refusing struct{ failing }

func (r *refusing) Logf(string, ...any) {}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		var t T
		emutest.New(&t, emutest.Classes(RoomClass))
		t.end()
	}
}
