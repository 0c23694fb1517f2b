package emutest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
	for _, want := range []string{`/Room/lobby: 1 messages unread, the first "1: x"`, "what happened:", "start Room lobby"} {
		if !strings.Contains(got, want) {
			t.Errorf("a test with an unread message says\n%s\nexpected %q in it", got, want)
		}
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

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		var t T
		emutest.New(&t, emutest.Classes(RoomClass))
		t.end()
	}
}
