package stacks

// Foreign calls: user code uses an object from a goroutine that does not have the object's
// turn. In JavaScript there are none. In Go they are a mistake of the class, which the race detector may
// miss.

import (
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// ForeignCall is a call of package durable that used an object from a goroutine that did not have
// its turn.
type ForeignCall struct {
	Class, ID, Name string // of the object
	// Call is the method, such as Storage.Put, and Place the place of the call.
	Call  string
	Place driver.Place
	// Started is where the user's code started the goroutine, if it did.
	Started driver.Place
	// Away says that the emulator ran the user's code without the turn: in a function given to
	// Await, or in the body of a response.
	Away bool
	// Stale says that the goroutine had the turn, but waited with the context of another event.
	Stale bool
	// Handler is the handler that had the turn, "" without one, and At the place where it was.
	Handler string
	At      driver.Place
}

func (f ForeignCall) String() string {
	s := fmt.Sprintf("%s at %s ", f.Call, f.Place)
	switch {
	case f.Stale:
		return s + "with the context of another event than " + f.Handler + ", which runs here"
	case f.Away:
		s += "where the object is not held: in Await, or in a body"
	case f.Started == (driver.Place{}):
		s += "by a goroutine that does not hold the object"
	default:
		s += "by a goroutine that does not hold the object, started at " + f.Started.String()
	}
	switch {
	case f.Handler == "":
		return s + "; no event holds it"
	case f.At == (driver.Place{}):
		return s + "; " + f.Handler + " holds it"
	}
	return s + fmt.Sprintf("; %s holds it, at %s", f.Handler, f.At)
}

var (
	methodOf    = regexp.MustCompile(`^\(?\*?([A-Za-z]+)\)?\.([A-Z][A-Za-z]*)`)
	createdLine = regexp.MustCompile(`(?m)^created by (\S+)(?: in goroutine \d+)?\n\t(.*):(\d+)`)
)

// Foreign reads from the calling goroutine's stack which method was called, where, and where the
// goroutine was started. ok is false for the goroutine of an iter.Pull: it runs only while its caller
// waits, and so may use the caller's turn.
func Foreign() (f ForeignCall, ok bool) { return foreignCall(string(debug.Stack())) }

func foreignCall(stack string) (f ForeignCall, ok bool) {
	if m := createdLine.FindStringSubmatch(stack); m != nil {
		if strings.HasPrefix(m[1], "iter.Pull") {
			return f, false
		}
		if isUsers(m[1]) {
			f.Started = placeOf(m[2], m[3])
		}
	}
	// The method that the user has called is the last frame in package durable before the user's.
	lines := strings.Split(stack, "\n")
	for i, line := range lines[:len(lines)-1] {
		name, ours := strings.CutPrefix(line, durable+".")
		switch {
		case ours:
			f.Call, _, _ = strings.Cut(name, "(")
			if m := methodOf.FindStringSubmatch(name); m != nil {
				f.Call = m[1] + "." + m[2]
			}
		case f.Call != "" && !strings.HasPrefix(line, "\t") && isUsers(line):
			if at := dumpLine.FindStringSubmatch(lines[i+1]); at != nil {
				f.Place = placeOf(at[1], at[2])
			}
			f.Away = slices.ContainsFunc(lines[i:], isInside)
			return f, true
		}
	}
	f.Place = f.Started // go o.Put(…): the go statement is the user's only code on this stack
	return f, true
}
