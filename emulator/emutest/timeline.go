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
		fmt.Fprintf(&b, "\n%10.3fs  %s", e.Time.Sub(events[0].Time).Seconds(), describe(e))
	}
	return b.String()
}

func describe(e emulator.Event) string {
	s := string(e.Type)
	if e.Class != "" {
		s += fmt.Sprintf(" %s %s", e.Class, shortName(e.Name, e.ID))
	}
	switch e.Type {
	case emulator.EventRequest:
		s += fmt.Sprintf(" %s %s %d", e.Method, e.Path, e.Status)
	case emulator.EventHibernate, emulator.EventWake:
		s += fmt.Sprintf(" with %d sockets", e.Sockets)
	case emulator.EventAlarm:
		s += fmt.Sprintf(" retry %d", e.Retry)
	}
	if e.Handler != "" {
		s += " in " + e.Handler
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Stack != "" {
		s += "\n" + e.Stack
	}
	return s
}

// shortName returns an object's name or, if it has none, the beginning of its id.
func shortName(name, id string) string {
	if name == "" {
		return id[:8]
	}
	return fmt.Sprintf("%.40s", name)
}
