package devserver

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/terminal"
	"github.com/seed-36a2c969/emu/emulator"
)

// below indents the lines of a text after the first.
const below = "    "

// human writes an event for people. Lines that Wrangler prints too have its prefix, so that scripts
// that wait for them work.
func (l *Log) human(e *emulator.Event) {
	b := l.buf[:0]
	switch e.Type {
	case emulator.EventReady:
		b = fmt.Appendf(b, msgReady, terminal.Line(e.Message))
	case emulator.EventRequest:
		b = fmt.Appendf(b, msgRequest, terminal.Line(e.Method), terminal.Line(e.Path), e.Status, http.StatusText(e.Status), e.Millis)
	case emulator.EventWarning:
		diagnostic.Diagnostic{Severity: diagnostic.SeverityWarning, Text: e.String()}.Render(l.Err, l.Style)
		return
	case emulator.EventError:
		if e.Class != "" || e.Handler != "worker" {
			l.complain(e)
			return
		}
		b = fmt.Appendf(b, msgWorkerError, terminal.Indented(e.Message, below))
		for line := range strings.Lines(terminal.Text(e.Stack)) {
			b = append(b, '\n')
			if !strings.HasPrefix(line, below) { // it is no line of a stack
				b = append(b, below...)
			}
			b = append(b, strings.TrimSuffix(line, "\n")...)
		}
	default:
		if e.Class != "" {
			b = append(b, "[emu:info] "...)
		}
		b = append(b, terminal.Indented(e.String(), below)...)
	}
	l.buf = append(b, '\n')
	l.Out.Write(l.buf)
}

// complain writes an error of an object, or of the server itself.
func (l *Log) complain(e *emulator.Event) {
	d := diagnostic.Diagnostic{Text: e.Message}
	switch {
	case e.Class == "":
	case e.Handler == "" || e.Handler == "storage": // no exception of the class
		d.Text = e.String()
	default:
		d.Text = "Uncaught " + e.Message
	}
	if e.Stack != "" {
		d.Notes = []diagnostic.Note{{Text: e.Stack}}
	}
	d.Render(l.Err, l.Style)
}
