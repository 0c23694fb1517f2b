package emucmd

import (
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/devserver"
)

// The handshake between emu and a program that it becomes: a variable of the
// environment that says which protocol emu speaks. Protocol 4: the program
// takes emu's arguments as they are, and a link follows if emu goes on beside it,
// which it does for emu exec too: emu runs the command. The link says how the
// program's events are marked.
const (
	handshake = "EMU_PROGRAM"
	protocol  = "4"
)

// shakeHands answers the handshake, if emu has started this program, and takes
// it out of the environment.
func (c *Command) shakeHands() error {
	spoken, started := c.getenv(handshake)
	c.Environ = slices.DeleteFunc(slices.Clone(c.Environ), func(v string) bool { return strings.HasPrefix(v, handshake+"=") })
	if !started || c.Program == nil {
		return nil
	}
	spoken, link, linked := strings.Cut(spoken, " ")
	if spoken != protocol {
		return &otherVersion{spoken}
	}
	if !linked {
		return nil
	}
	var err error
	c.link, err = devserver.OpenLink(link)
	return err
}

// otherVersion is the error of a program that was started by an emu of another
// protocol.
type otherVersion struct{ spoken string }

func (e *otherVersion) Error() string {
	return "this program is linked with emu " + Version + ", which speaks protocol " + protocol +
		"; the emu that started it speaks protocol " + e.spoken
}

// Hint says how to go on.
func (e *otherVersion) Hint() string {
	return "use the emu of the program's own module: go run github.com/seed-36a2c969/emu/cmd/emu dev"
}
