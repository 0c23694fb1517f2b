//go:build !js

package durable_test

import (
	"fmt"

	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// run runs an example with a world of its own, in which a request to /CLASS/NAME
// goes to that object.
func run(example func(w *emutest.World), options ...emutest.Option) {
	var tb tb
	defer func() {
		for i := len(tb.cleanups) - 1; i >= 0; i-- {
			tb.cleanups[i]()
		}
	}()
	example(emutest.New(&tb, options...))
}

// tb is a test that prints what fails.
type tb struct{ cleanups []func() }

func (t *tb) Helper()                           {}
func (t *tb) Cleanup(f func())                  { t.cleanups = append(t.cleanups, f) }
func (t *tb) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (t *tb) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (t *tb) Logf(format string, args ...any)   {}
func (t *tb) Failed() bool                      { return false }
