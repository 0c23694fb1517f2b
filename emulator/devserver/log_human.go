package devserver

import (
	"fmt"
	"net/http"
	"strconv"
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
		diagnostic.Diagnostic{Severity: diagnostic.SeverityWarning, Text: happened(e)}.Render(l.Err, l.Style)
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
		b = append(b, terminal.Indented(happened(e), below)...)
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
		d.Text = happened(e)
	default:
		d.Text = "Uncaught " + e.Message
	}
	if e.Stack != "" {
		d.Notes = []diagnostic.Note{{Text: e.Stack}}
	}
	d.Render(l.Err, l.Style)
}

// happened says what happened, to which object.
func happened(e *emulator.Event) string {
	who := terminal.Line(e.Class)
	switch {
	case e.Name != "":
		who += " " + strconv.Quote(e.Name)
	case e.ID != "":
		who += " " + e.ID
	}
	switch e.Type {
	case emulator.EventStart:
		return who + " started"
	case emulator.EventWake:
		return who + " woke with " + sockets(e.Sockets)
	case emulator.EventHibernate:
		return who + " hibernated with " + sockets(e.Sockets)
	case emulator.EventEvict:
		return who + " left memory"
	case emulator.EventReset:
		return who + " was reset: " + e.Message
	case emulator.EventAlarm:
		if e.Retry > 0 {
			return who + " ran its alarm, retry " + strconv.Itoa(e.Retry)
		}
		return who + " ran its alarm"
	}
	if who != "" {
		return who + ": " + e.Message
	}
	return e.Message
}

func sockets(n int) string {
	if n == 1 {
		return "1 socket"
	}
	return strconv.Itoa(n) + " sockets"
}
