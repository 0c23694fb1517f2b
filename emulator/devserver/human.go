package devserver

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator"
)

// human appends an event as people read it, and says where it goes. The lines
// of Wrangler keep its prefix, so that what waits for them goes on working.
func (l *Log) human(b []byte, e *emulator.Event) (io.Writer, []byte) {
	switch e.Type {
	case emulator.EventReady:
		b = fmt.Appendf(b, msgReady+"\n", e.Message)
	case emulator.EventRequest:
		b = append(b, "[wrangler:info] "...)
		b = append(b, e.Method...)
		b = append(b, ' ')
		b = append(b, e.Path...)
		b = append(b, ' ')
		b = strconv.AppendInt(b, int64(e.Status), 10)
		b = append(b, ' ')
		b = append(b, http.StatusText(e.Status)...)
		b = append(b, " ("...)
		b = strconv.AppendInt(b, e.Millis, 10)
		b = append(b, "ms)\n"...)
	case emulator.EventError:
		if e.Handler == "worker" {
			b = fmt.Appendf(b, "[wrangler:error] %s\n", e.Message)
			if e.Stack != "" {
				b = append(append(b, e.Stack...), '\n')
			}
			return l.Out, b
		}
		text := e.Message
		if e.Class != "" {
			text = "Uncaught " + text
		}
		b = append(b, renderDiagnostic(config.Diagnostic{Text: text, Notes: notes(e.Stack)}, l.Color)...)
		return l.Err, b
	default:
		b = append(b, "[emu:info] "...)
		b = append(b, life(e)...)
		b = append(b, '\n')
	}
	return l.Out, b
}

func notes(stack string) []config.Note {
	if stack == "" {
		return nil
	}
	return []config.Note{{Text: stack}}
}

// life is what happened to an object.
func life(e *emulator.Event) string {
	who := e.Class
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
	return strings.TrimSpace(who + " " + e.Message)
}

func sockets(n int) string {
	if n == 1 {
		return "1 socket"
	}
	return strconv.Itoa(n) + " sockets"
}

func renderDiagnostic(d config.Diagnostic, color bool) string {
	mark := "✘ [ERROR] "
	if d.Severity == config.Warning {
		mark = "▲ [WARNING] "
	}
	var b strings.Builder
	b.WriteString(mark + d.Text + "\n\n")
	if d.Place.File != "" {
		fmt.Fprintf(&b, "    %s:%d:%d\n", d.Place.File, d.Place.Line, d.Place.Column)
		if d.LineText != "" {
			fmt.Fprintf(&b, "      %s\n", d.LineText)
		}
	}
	for _, n := range d.Notes {
		b.WriteString("  " + strings.ReplaceAll(n.Text, "\n", "\n  ") + "\n")
	}
	if d.Hint != "" {
		b.WriteString("  hint: " + d.Hint + "\n")
	}
	return b.String() + "\n"
}

// Error writes what ended a command.
func (l *Log) Error(err error) {
	d := config.Diagnostic{Text: err.Error()}
	if h, ok := err.(interface{ Hint() string }); ok {
		d.Hint = h.Hint()
	}
	var refusal *emulator.Refusal
	if errors.As(err, &refusal) {
		l.Diagnostics(refusal.Diagnostics)
		return
	}
	l.Diagnostics([]config.Diagnostic{d})
}
