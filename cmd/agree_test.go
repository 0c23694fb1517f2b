package emucmd

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/program"
)

// boundClass is a class that a binding names.
type boundClass string

func (c boundClass) Name() string              { return string(c) }
func (c boundClass) Place() driver.Place       { return driver.Place{} }
func (c boundClass) Handlers() driver.Handlers { return 0 }
func (c boundClass) Goroutines() bool          { return false }
func (c boundClass) Construct(context.Context, driver.State, driver.Env) (driver.Instance, error) {
	return nil, nil
}

// TestCheckAgreesWithDev: emu dev refuses the recorded configurations that emu check
// refuses, and serves the others, if the program has the classes that they bind.
func TestCheckAgreesWithDev(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(corpus)
	if err != nil {
		t.Fatal(err)
	}
	served, refused := 0, 0
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		t.Run(e.Name(), func(t *testing.T) {
			dir, err := filepath.Abs(filepath.Join(corpus, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(filepath.Join(dir, "expected.json"))
			if err != nil {
				t.Fatal(err)
			}
			var want expected
			if err := json.Unmarshal(data, &want); err != nil {
				t.Fatal(err)
			}
			command := Command{Dir: filepath.Join(dir, want.Input.Cwd)}
			for name, value := range want.Input.Env {
				command.Environ = append(command.Environ, name+"="+value)
			}
			args := want.args()[2:] // behind check --json
			checked, _, says := run(command, append([]string{"check"}, args...)...)

			a := want.Input.Args
			linked := &program.Linked{Worker: nil}
			if r := config.Load(config.Options{Config: a.Config, Dir: command.Dir, Env: a.Env, Script: a.Script, Getenv: command.getenv}); r.Config != nil {
				for _, b := range r.Config.Bindings {
					if b.ScriptName == "" && !slices.Contains(linked.Classes, driver.Class(boundClass(b.ClassName))) {
						linked.Classes = append(linked.Classes, boundClass(b.ClassName))
					}
				}
			}
			ends := make(chan os.Signal, 1)
			ends <- syscall.SIGTERM
			command.Maker, command.Signals = linked, ends
			started, _, devSays := run(command, append([]string{"dev", "--ip", "127.0.0.1", "--port", "0", "--persist-to", t.TempDir()}, args...)...)

			if (checked == exitOK) != (started == exitTerminated) {
				t.Errorf("emu check ends with %d:\n%s\nemu dev with %d:\n%s", checked, says, started, devSays)
			}
			if started == exitTerminated {
				served++
			} else {
				refused++
			}
		})
	}
	if served < 50 || refused < 50 {
		t.Errorf("%d are served, %d refused", served, refused)
	}
}
