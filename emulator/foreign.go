package emulator

// Calls from goroutines that do not have the turn of the object that they touch.
// In JavaScript there are none; in Go they are a class's mistake, which a test shows
// and a race detector may not.

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// ForeignCall is a call of package durable that touched an object from a goroutine
// that did not have its turn.
type ForeignCall struct {
	Class, ID, Name string // of the object
	// Call is what was called, such as Storage.Put, and Place where.
	Call  string
	Place driver.Place
	// Started is where the user's code started the goroutine, if it did.
	Started driver.Place
	// Away is set if it is a goroutine of the emulator's, where the turn is given up:
	// in a function given to Await, or in the body of a response.
	Away bool
	// Stale is set if the goroutine has the turn, and waited with the context of
	// another event.
	Stale bool
	// Handler is what had the turn, "" if nothing had, and At where it was.
	Handler string
	At      driver.Place
}

// String is the call as a message shows it.
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

// holder is who has the turn of an instance.
type holder struct {
	goroutine uint64
	e         *event
}

// held notes that the calling goroutine has the turn for e.
func (in *instance) held(e *event) {
	if e != nil { // nil: a test looks at the storage of an object that sleeps
		in.current.Store(e)
		e.deadline.run(true)
	}
	if in.o.ns.w.opts.Foreign != nil {
		in.holder.Store(&holder{goroutineID(), e})
	}
}

// unheld notes that nobody has it.
func (in *instance) unheld() {
	in.holder.Store(nil)
	in.current.Store(nil)
}

// touched is called where user code touches the object.
func (in *instance) touched() {
	if in.o.ns.w.opts.Foreign == nil || in.dead.Load() {
		return
	}
	if h := in.holder.Load(); h == nil || h.goroutine != goroutineID() {
		in.report(h)
	}
}

// errStale is returned instead of a wait that would hold the whole object up.
var errStale = errors.New("the context belongs to another event than the one that runs here")

// waited is called where user code waits in an event. In a function given to Await
// that only waits. With the context of another event the turn would not be given up.
func (in *instance) waited(e *event) error {
	if in.o.ns.w.opts.Foreign == nil || in.dead.Load() {
		return nil
	}
	h := in.holder.Load()
	if h == nil || h.e == nil {
		return nil
	}
	switch here := h.goroutine == goroutineID(); {
	case h.e == e && !here:
		in.report(h)
	case h.e != e && here:
		in.report(h)
		return errStale
	}
	return nil
}

// Claim makes the calling goroutine the one that has the event's turn.
func (e *event) Claim() {
	if e.holds {
		e.in.held(e)
	}
}

func (in *instance) report(h *holder) {
	f, ok := foreignCall(string(debug.Stack()))
	if !ok {
		return
	}
	o := in.o
	f.Class, f.ID, f.Name = o.ns.class.Name(), idString(o.id), in.id.Name
	f.Stale = h != nil && h.goroutine == goroutineID()
	if f.Stale {
		f.Handler, f.Away = h.e.handler, false
	} else if h != nil && h.e != nil {
		f.Handler, f.At = h.e.handler, whereIs(h.goroutine)
	}
	o.ns.w.opts.Foreign(f)
}

var (
	methodOf    = regexp.MustCompile(`^\(?\*?([A-Za-z]+)\)?\.([A-Z][A-Za-z]*)`)
	createdLine = regexp.MustCompile(`(?m)^created by (\S+)(?: in goroutine \d+)?\n\t(.*):(\d+)`)
)

// foreignCall reads from the calling goroutine's stack what was called, where, and where
// the goroutine was started. The goroutine of an iter.Pull runs only while who pulls waits
// for it: that is not foreign.
func foreignCall(stack string) (f ForeignCall, ok bool) {
	if m := createdLine.FindStringSubmatch(stack); m != nil {
		if strings.HasPrefix(m[1], "iter.Pull") {
			return f, false
		}
		if isUsers(m[1]) {
			f.Started = placeOf(m[2], m[3])
		}
	}
	// What the user called is the last frame in package durable before the user's.
	lines := strings.Split(stack, "\n")
	for i, line := range lines[:len(lines)-1] {
		name, ours := strings.CutPrefix(line, emulatorPath+"/durable.")
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
			f.Away = slices.ContainsFunc(lines[i:], func(l string) bool { return strings.HasPrefix(l, emulatorPath+".") })
			return f, true
		}
	}
	f.Place = f.Started // go o.Put(…): of the user's code there is only the statement
	return f, true
}

// maxDump bounds the stacks that are looked through for one goroutine.
const maxDump = 4 << 20

// whereIs is where a goroutine is in the user's code.
func whereIs(id uint64) driver.Place {
	dump := make([]byte, maxDump)
	dump = dump[:runtime.Stack(dump, true)]
	_, rest, ok := bytes.Cut(dump, []byte("goroutine "+strconv.FormatUint(id, 10)+" ["))
	if !ok {
		return driver.Place{}
	}
	block, _, _ := bytes.Cut(rest, []byte("\n\n"))
	frames := strings.Split(string(block), "\n")
	for i := 1; i+1 < len(frames) && !strings.HasPrefix(frames[i], "created by "); i += 2 {
		if at := dumpLine.FindStringSubmatch(frames[i+1]); at != nil && isUsers(frames[i]) {
			return placeOf(at[1], at[2])
		}
	}
	return driver.Place{}
}

// goroutineID is the number that the calling goroutine has in a stack trace, which
// is the only place that Go tells it.
func goroutineID() uint64 {
	var b [32]byte
	text := b[len("goroutine "):runtime.Stack(b[:], false)]
	n := uint64(0)
	for _, c := range text {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}
