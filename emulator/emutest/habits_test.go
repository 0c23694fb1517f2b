package emutest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// TestHabits tries what README.md says to those who come from Miniflare
// and Vitest, as far as no other test does.
func TestHabits(t *testing.T) {
	t.Run("evictAllDurableObjects", func(t *testing.T) {
		w := emutest.New(t, emutest.Classes(RoomClass))
		w.Dial("/Room/one")
		w.Dial("/Room/two")
		w.Advance(10 * time.Second)
		for _, name := range []string{"one", "two"} {
			if s := w.Object("Room", name).State(); s != emulator.Hibernated {
				t.Errorf("%s is %s", name, s)
			}
		}
	})
	t.Run("evictDurableObject with webSockets: close", func(t *testing.T) {
		w := emutest.New(t, emutest.Classes(RoomClass))
		c := w.Dial("/Room/one")
		w.Object("Room", "one").Abort("test")
		c.ExpectLost()
		if s := w.Object("Room", "one").State(); s != emulator.Absent {
			t.Errorf("the object is %s", s)
		}
	})
	t.Run("runDurableObjectAlarm", func(t *testing.T) {
		w := emutest.New(t, emutest.Classes(RoomClass))
		c := w.Dial("/Room/one")
		c.Send("x")
		c.Expect("1: x")
		w.AdvanceToNextAlarm() // deletes all
		c.Send("x")
		c.Expect("1: x")
	})
	t.Run("listDurableObjectIds", func(t *testing.T) {
		w := emutest.New(t, emutest.Classes(RoomClass))
		w.Dial("/Room/one")
		w.Settle()
		for _, e := range w.Events() {
			if e.Type == emulator.EventStart && e.Class == "Room" && e.Name == "one" && e.ID == w.Object("Room", "one").ID() {
				return
			}
		}
		t.Errorf("no event tells of the object: %v", w.Events())
	})
	t.Run("reset", func(t *testing.T) {
		for range 2 {
			w := emutest.New(t, emutest.Classes(RoomClass))
			c := w.Dial("/Room/one")
			c.Send("x")
			c.Expect("1: x")
		}
	})
	t.Run("fetchMock", func(t *testing.T) {
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("mocked")) }))
		defer other.Close()
		w := emutest.New(t, emutest.Var("OTHER", other.URL), emutest.Worker(durable.WorkerFunc(
			func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
				req, err := durable.NewRequest("GET", env.Var("OTHER"), nil)
				if err != nil {
					return nil, err
				}
				return durable.Fetch(ctx, req)
			})))
		if got := w.Fetch("GET", "/").Body; got != "mocked" {
			t.Errorf("the Worker got %q", got)
		}
	})
	t.Run("env", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "wrangler.jsonc")
		text := `{ "name": "x", "vars": { "V": "top" }, "env": { "staging": { "vars": { "V": "staged" } } } }`
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		show := emutest.Worker(durable.WorkerFunc(func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
			return durable.Text(200, env.Var("V")), nil
		}))
		for want, options := range map[string][]emutest.Option{
			"top": nil, "staged": {emutest.Env("staging")}, "given": {emutest.Var("V", "given")},
		} {
			w := emutest.New(t, append(options, emutest.Config(path), show)...)
			if got := w.Fetch("GET", "/").Body; got != want {
				t.Errorf("the Worker has %q, expected %q", got, want)
			}
		}
	})
}
