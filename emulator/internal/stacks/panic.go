package stacks

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// Guard calls f, which runs user code. If f panics or calls runtime.Goexit it calls failed with the
// exception, and with the value of the panic, which is nil after runtime.Goexit. Then Guard returns
// after a panic, and does not return after runtime.Goexit.
func Guard(f func(), failed func(panicked any, thrown *driver.Error)) {
	returned := false
	defer func() {
		if returned {
			return
		}
		panicked, thrown := recover(), Exited()
		if panicked != nil {
			thrown = Panicked(panicked, debug.Stack())
		}
		failed(panicked, thrown)
	}()
	f()
	returned = true
}

// Panicked turns a panic of user code into an exception. stack is the panicking goroutine's, as
// debug.Stack prints it.
func Panicked(p any, stack []byte) *driver.Error {
	frames := userFrames(stack)
	if err, ok := p.(error); ok {
		thrown := *driver.Exception(err)
		thrown.Stack = frames
		return &thrown
	}
	return &driver.Error{Name: "Error", Message: fmt.Sprint(p), Stack: frames}
}

// Exited is the exception of a handler that has called runtime.Goexit.
func Exited() *driver.Error {
	return driver.PlainError("the handler ended its goroutine with runtime.Goexit")
}

// userFrames returns the user's frames of a stack, as debug.Stack prints it: those between the panic and
// the first frame of the emulator. Each is a line "at function (file:line)".
func userFrames(stack []byte) string {
	lines := strings.Split(strings.TrimRight(string(stack), "\n"), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "panic(") {
			lines = lines[min(i+2, len(lines)):]
			break
		}
	}
	var b strings.Builder
	for i := 0; i+1 < len(lines); i += 2 {
		function, place := lines[i], strings.TrimSpace(lines[i+1])
		if isInside(function) || strings.HasPrefix(function, catches+"(") {
			break
		}
		if strings.HasPrefix(function, durable+".") {
			continue
		}
		if cut := strings.LastIndex(function, "("); cut > 0 {
			function = function[:cut]
		}
		place, _, _ = strings.Cut(place, " +0x")
		b.WriteString("    at " + function + " (" + place + ")\n")
	}
	return strings.TrimRight(b.String(), "\n")
}
