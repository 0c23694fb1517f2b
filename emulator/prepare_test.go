package emulator_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

type nothing struct{}

func defineNothing(name string) driver.Class {
	return durable.Define(name, func(context.Context, *durable.State, *durable.Env) (*nothing, error) {
		return &nothing{}, nil
	}).Driver()
}

// at is a place in a configuration.
func at(line int) diagnostic.Place {
	return diagnostic.Place{File: "wrangler.jsonc", Line: line, Column: 7}
}

func TestRefusal(t *testing.T) {
	bound := func(class, script string) *config.Config {
		return &config.Config{
			Name:       "w",
			Bindings:   []config.DurableObjectBinding{{Name: "ROOM", ClassName: class, ScriptName: script, Place: at(3), ClassPlace: at(4)}},
			Migrations: []config.Migration{{Tag: "v1", NewSQLiteClasses: []config.ClassRef{{Name: class}}}},
		}
	}
	service := bound("Room", "")
	service.Services = []config.Service{{Name: "AUTH", Service: "auth-worker", Place: at(9)}}
	for name, test := range map[string]struct {
		cfg     *config.Config
		classes []driver.Class
		line    int
		text    []string
		hint    string
	}{
		"no class of that name": {
			bound("Room", ""), []driver.Class{defineNothing("Rooms"), defineNothing("Lobby")},
			4, []string{"ROOM", "Room"}, "did you mean Rooms?",
		},
		"no classes": {bound("Room", ""), nil, 4, []string{"ROOM", "Room"}, `durable.Register("Room"`},
		"registered twice": {
			bound("Room", ""), []driver.Class{defineNothing("Room"), defineNothing("Room")},
			0, []string{"Room", "prepare_test.go:"}, "",
		},
		"not an identifier":       {bound("Room", ""), []driver.Class{defineNothing("Room"), defineNothing("a-b")}, 0, []string{`"a-b"`, "prepare_test.go:"}, ""},
		"another Worker's class":  {bound("Room", "other"), []driver.Class{defineNothing("Room")}, 3, []string{"ROOM", "Room", "other"}, "script_name"},
		"another Worker, service": {service, []driver.Class{defineNothing("Room")}, 9, []string{"AUTH", "auth-worker"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := emulator.New(emulator.Options{Config: test.cfg, Classes: test.classes})
			if err == nil {
				w.Close()
				t.Fatal("the world was made")
			}
			var refusal *emulator.Refusal
			if !errors.As(err, &refusal) {
				t.Fatalf("error %v is no Refusal", err)
			}
			d := refusal.Diagnostics[0]
			if d.Place.Line != test.line {
				t.Errorf("at line %d, expected %d", d.Place.Line, test.line)
			}
			for _, part := range test.text {
				if !strings.Contains(d.Text, part) {
					t.Errorf("%q does not name %s", d.Text, part)
				}
			}
			if !strings.Contains(d.Hint, test.hint) {
				t.Errorf("hint %q, expected %q in it", d.Hint, test.hint)
			}
			if len(refusal.Diagnostics) > 1 {
				t.Errorf("said more: %v", refusal.Diagnostics[1:])
			}
		})
	}
}

// A class that is bound to this Worker by its own name is no other Worker's.
func TestOwnScriptName(t *testing.T) {
	w, err := emulator.New(emulator.Options{
		Config: &config.Config{
			Name:       "w",
			Bindings:   []config.DurableObjectBinding{{Name: "ROOM", ClassName: "Room", ScriptName: "w"}},
			Migrations: []config.Migration{{Tag: "v1", NewSQLiteClasses: []config.ClassRef{{Name: "Room"}}}},
		},
		Classes: []driver.Class{defineNothing("Room")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

// A second start on the same folder applies no migration again.
func TestSecondStart(t *testing.T) {
	o := emulator.Options{
		Persist: t.TempDir(),
		Config: &config.Config{
			Name:       "w",
			Bindings:   []config.DurableObjectBinding{{Name: "ROOM", ClassName: "Room"}},
			Migrations: []config.Migration{{Tag: "v1", NewSQLiteClasses: []config.ClassRef{{Name: "Room"}}}},
		},
		Classes: []driver.Class{defineNothing("Room")},
	}
	for i, want := range []int{1, 0, 0} {
		w, err := emulator.New(o)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(w.Applied()); got != want {
			t.Errorf("start %d applied %d migrations, expected %d: %q", i+1, got, want, w.Applied())
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}
