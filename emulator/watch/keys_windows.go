package watch

import (
	"os"

	"golang.org/x/sys/windows"
)

// Terminal reports whether a file is a console.
func Terminal(f *os.File) bool {
	var mode uint32
	return windows.GetConsoleMode(windows.Handle(f.Fd()), &mode) == nil
}

// keyMode makes a console pass keys on as they are typed, without showing them. Ctrl-C keeps its
// meaning.
func keyMode(f *os.File) (restore func(), err error) {
	h := windows.Handle(f.Fd())
	var was uint32
	if err := windows.GetConsoleMode(h, &was); err != nil {
		return nil, err
	}
	if err := windows.SetConsoleMode(h, was&^(windows.ENABLE_LINE_INPUT|windows.ENABLE_ECHO_INPUT)); err != nil {
		return nil, err
	}
	return func() { windows.SetConsoleMode(h, was) }, nil
}
