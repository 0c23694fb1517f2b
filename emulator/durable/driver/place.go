package driver

import (
	"path"
	"reflect"
	"runtime"
	"strconv"
	"strings"
)

// Place is a line of the user's code. The zero Place is unknown.
type Place struct {
	File string
	Line int
}

func (p Place) String() string {
	if p.File == "" {
		return "unknown place"
	}
	return p.File + ":" + strconv.Itoa(p.Line)
}

// front is the import path of package durable.
var front = path.Dir(reflect.TypeFor[Place]().PkgPath())

// CallerOutside returns the line of the user's code from which the caller was called: the innermost one
// on the stack that is not in package durable or in a package below it. Their tests count as user
// code.
func CallerOutside() Place {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		rest, inside := strings.CutPrefix(f.Function, front)
		inside = inside && rest != "" && (rest[0] == '.' || rest[0] == '/')
		if !inside || strings.HasSuffix(f.File, "_test.go") {
			return Place{f.File, f.Line}
		}
		if !more {
			return Place{}
		}
	}
}
