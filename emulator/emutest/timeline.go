package emutest

import (
	"fmt"
	"strings"

	"github.com/seed-36a2c969/emu/emulator"
)

// timeline lists events, one a line, each with the time since the first.
func timeline(events []emulator.Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "\n%10.3fs  %s", e.Time.Sub(events[0].Time).Seconds(), e)
		if e.Handler != "" {
			b.WriteString(" in " + e.Handler)
		}
		if e.Stack != "" {
			b.WriteString("\n" + e.Stack)
		}
	}
	return b.String()
}

// shortName returns an object's name or, if it has none, the beginning of its id.
func shortName(name, id string) string {
	if name == "" {
		return id[:8]
	}
	return fmt.Sprintf("%.40s", name)
}
