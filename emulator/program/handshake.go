package program

import (
	"os"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// The handshake is a variable of the environment with which emu starts a program. It says
// which protocol emu speaks. Protocol 4: the program takes emu's arguments as they are, and a
// link follows if emu goes on beside it, which it does for emu exec too: emu runs the command.
// The link says how the program's events are marked.
const (
	handshake = "EMU_PROGRAM"
	protocol  = "4"
)

// Handshake is the entry of the environment for a program that this process becomes.
func Handshake() string { return handshake + "=" + protocol }

// Started reports whether an emu has started this process.
func Started() bool { return os.Getenv(handshake) != "" }

// Forget takes the handshake out of the environment of what this process starts: emu has not
// started that.
func Forget() { os.Unsetenv(handshake) }

// Accept answers the handshake in an environment for a program that is linked with a version of
// emu. It returns the link to the emu that goes on beside the program, nil if there is none, and
// the environment without the handshake.
func Accept(environ []string, version string) (*Link, []string, error) {
	rest := Without(environ)
	value, started := "", false
	for _, entry := range environ { // the last one counts
		if isHandshake(entry) {
			value, started = strings.TrimPrefix(entry, handshake+"="), true
		}
	}
	if !started {
		return nil, rest, nil
	}
	spoken, described, linked := strings.Cut(value, " ")
	if spoken != protocol {
		return nil, rest, diagnostic.NewError(
			"this program is linked with emu "+version+", which speaks protocol "+protocol+"; the emu that started it speaks protocol "+spoken,
			"use the emu of the program's own module: go run "+Emu+"/cmd/emu dev")
	}
	if !linked {
		return nil, rest, nil
	}
	link, err := openLink(described)
	return link, rest, err
}

// Without is an environment without the handshake.
func Without(environ []string) []string { return slices.DeleteFunc(slices.Clone(environ), isHandshake) }

func isHandshake(entry string) bool { return strings.HasPrefix(entry, handshake+"=") }
