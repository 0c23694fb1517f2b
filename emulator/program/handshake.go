package program

import (
	"os"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// The handshake is a variable of the environment with which emu starts a program. It names the
// protocol that emu speaks, then describes the link. Protocol 4: the program takes emu's arguments
// as they are, but leaves the command of emu exec to emu.
const (
	handshake = "EMU_PROGRAM"
	protocol  = "4"
)

// Started reports whether an emu has started this process.
func Started() bool { return os.Getenv(handshake) != "" }

// Forget takes the handshake out of the environment of what this process starts: emu has not
// started that.
func Forget() { os.Unsetenv(handshake) }

// Accept answers the handshake in an environment for a program that is linked with a version of
// emu. It returns the link to the emu that has started the program, nil if none has, and the
// environment without the handshake.
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
	spoken, described, _ := strings.Cut(value, " ")
	if spoken != protocol {
		return nil, rest, diagnostic.NewError(
			"this program is linked with emu "+version+", which speaks protocol "+protocol+"; the emu that started it speaks protocol "+spoken,
			"use the emu of the program's own module: go run "+Emu+"/cmd/emu dev")
	}
	link, err := openLink(described)
	return link, rest, err
}

// Without is an environment without the handshake.
func Without(environ []string) []string { return slices.DeleteFunc(slices.Clone(environ), isHandshake) }

func isHandshake(entry string) bool { return strings.HasPrefix(entry, handshake+"=") }
