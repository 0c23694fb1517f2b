package devserver

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/terminal"
	"github.com/seed-36a2c969/emu/emulator"
)

// found makes an event of a diagnostic, for programs to read.
func found(d diagnostic.Diagnostic) emulator.Event {
	e := emulator.Event{Time: time.Now(), Type: emulator.EventLog, Message: d.Text}
	if at := d.Place; at.File != "" && at.Line > 0 {
		e.Message = fmt.Sprintf("%s:%d:%d: %s", at.File, at.Line, at.Column, d.Text)
	} else if at.File != "" {
		e.Message = at.File + ": " + d.Text
	}
	switch d.Severity {
	case diagnostic.SeverityError:
		e.Type = emulator.EventError
	case diagnostic.SeverityWarning:
		e.Message = "warning: " + e.Message
	}
	for _, n := range d.Notes {
		e.Message += "\n" + n.Text
	}
	if d.Hint != "" {
		e.Message += "\nhint: " + d.Hint
	}
	return e
}

// Output passes on what a tool has said that has done its work, as what a program
// prints.
func (l *Log) Output(out io.Writer, said string) {
	if !l.JSON {
		io.WriteString(out, terminal.Text(said))
		return
	}
	lines := NewLines(l, "")
	io.WriteString(lines, said)
	lines.Close()
}

// Compiler writes why a program is not built: what emu explains, and what is left of the
// compiler's own words. These go to out, or become one event.
func (l *Log) Compiler(out io.Writer, explained []diagnostic.Diagnostic, said string) {
	l.Diagnostics(explained)
	switch {
	case said == "":
	case l.JSON:
		l.mu.Lock()
		defer l.mu.Unlock()
		l.line(emulator.Event{Time: time.Now(), Type: emulator.EventError, Message: strings.TrimSpace(said)})
	default:
		io.WriteString(out, terminal.Text(said))
	}
}
