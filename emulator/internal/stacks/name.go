package stacks

import (
	"runtime/debug"
	"strings"
	"sync"
)

// The names of packages and functions that are searched for in stacks. The compiler does not check them:
// TestNames fails when one of them has moved.
const (
	root    = "github.com/seed-36a2c969/emu/emulator" // the emulator and its packages
	durable = root + "/durable"                       // the package that the user's code calls

	// These run user code on goroutines of the emulator.
	runsEvents = root + "/internal/object.(*instance)"
	serves     = root + "/internal/door.(*Door).ServeHTTP"
	goes       = root + "/internal/host.(*Host).Go"
	// An event that is in one of these waits through the emulator, without its turn.
	pauses   = root + "/internal/object.(*event).Pause"
	waitsFor = root + "/internal/object.(*event).WaitFor"

	// This calls a function of the user's code: the user's frames end here.
	catches = durable + ".catch"
)

// runners are the beginnings of the names of functions that run user code.
var runners = []string{runsEvents, serves, goes}

func isOurs(function string) bool {
	rest, ok := strings.CutPrefix(function, root)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '/')
}

// isInside reports whether a function belongs to the packages that run user code. Package durable, which
// user code calls, is none of them.
func isInside(function string) bool {
	return strings.HasPrefix(function, root+".") || strings.HasPrefix(function, root+"/internal/")
}

// isUsers reports whether a function is the user's: it belongs neither to the emulator nor to the
// standard library.
func isUsers(function string) bool {
	return !isOurs(function) && (strings.HasPrefix(function, "main.") || !isStandard(function))
}

// isStandard reports whether a function is the standard library's: it belongs to none of the program's
// modules. A program built without module information has no list of them: there, the import path's
// first element has no dot.
func isStandard(function string) bool {
	if modules := programModules(); len(modules) > 0 {
		for _, m := range modules {
			if rest, ok := strings.CutPrefix(function, m); ok && rest != "" && strings.ContainsRune("./_", rune(rest[0])) {
				return false
			}
		}
		return true
	}
	first, _, _ := strings.Cut(function, "/")
	return !strings.Contains(first, ".") || !strings.Contains(function, "/")
}

// programModules returns the paths of the program's modules.
var programModules = sync.OnceValue(func() (paths []string) {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Path == "" {
		return nil
	}
	paths = append(paths, info.Main.Path)
	for _, d := range info.Deps {
		paths = append(paths, d.Path)
	}
	return paths
})
