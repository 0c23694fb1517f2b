package httpx

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"runtime"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// panicked turns a handler's panic into the error of its event, with the stack for the log. A deferred
// function must call it, while the stack is still that of the panic.
func panicked(p any) error {
	cause, _ := p.(error)
	if errors.Is(cause, http.ErrAbortHandler) {
		return cause
	}
	return &driver.Error{Name: "Error", Message: fmt.Sprint(p), Stack: frames(), Cause: cause}
}

// ours is how the names of the methods that call the user's handler begin on a stack.
var ours = reflect.TypeFor[exchange]().PkgPath() + ".(*exchange)"

// frames returns the stack between the panic and this package.
func frames() string {
	var pcs [64]uintptr
	all := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs[:])])
	var b strings.Builder
	for below := false; ; {
		f, more := all.Next()
		switch {
		case f.Function == "runtime.gopanic":
			below = true
		case !below || strings.HasPrefix(f.Function, "runtime."):
		case strings.HasPrefix(f.Function, ours):
			more = false
		default:
			fmt.Fprintf(&b, "    at %s (%s:%d)\n", f.Function, f.File, f.Line)
		}
		if !more {
			return strings.TrimRight(b.String(), "\n")
		}
	}
}
