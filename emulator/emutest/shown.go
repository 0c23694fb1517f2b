package emutest

// Messages of a test (https://pkg.go.dev/testing#T.Logf).

import (
	"fmt"

	"github.com/seed-36a2c969/emu/config/terminal"
)

// shown is a test whose messages hold no control characters. go test prints messages as they are, and
// exceptions and names in them come from the tested program.
type shown struct{ TB }

func (s shown) Errorf(format string, args ...any) {
	s.TB.Helper()
	s.TB.Errorf("%s", terminal.Text(fmt.Sprintf(format, args...)))
}

func (s shown) Fatalf(format string, args ...any) {
	s.TB.Helper()
	s.TB.Fatalf("%s", terminal.Text(fmt.Sprintf(format, args...)))
}

func (s shown) Logf(format string, args ...any) {
	s.TB.Helper()
	s.TB.Logf("%s", terminal.Text(fmt.Sprintf(format, args...)))
}
