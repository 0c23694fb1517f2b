package devserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/config/terminal"
	"github.com/seed-36a2c969/emu/emulator"
)

// Level says how much a [Log] shows: its own lines and those of the levels before it.
type Level int

// The levels, as Wrangler's.
const (
	LevelNone Level = iota
	LevelError
	LevelWarn
	LevelInfo
	LevelLog
	LevelDebug
)

// Levels are the levels' names, in order.
var Levels = []string{"none", "error", "warn", "info", "log", "debug"}

// Log writes what happens: for people, or as JSON, one event a line. It is
// safe for concurrent use.
type Log struct {
	// Out takes events. Err takes what is wrong with the configuration, the start and the objects,
	// unless the log is JSON.
	Out, Err io.Writer
	Level    Level
	// JSON writes an [emulator.Event] a line to Out.
	JSON bool
	// Style is how diagnostics are written to Err.
	Style diagnostic.Style
	// Dir is the folder that the places in diagnostics are relative to.
	Dir string

	mu  sync.Mutex
	buf []byte
}

// Event writes an event if its level is shown.
func (l *Log) Event(e emulator.Event) {
	if l.levelOf(&e) > l.Level {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.JSON {
		l.line(e)
		return
	}
	l.human(&e)
}

// line writes an event as JSON.
func (l *Log) line(e emulator.Event) {
	var v any = e
	if e.Type == emulator.EventLog && e.Message == "" { // an empty line is a message, not none
		v = struct {
			emulator.Event
			Message string `json:"message"`
		}{Event: e}
	}
	if line, err := json.Marshal(v); err == nil { // an Event has nothing that JSON cannot hold
		l.Out.Write(append(line, '\n'))
	}
}

// Say writes a line as an event of its own.
func (l *Log) Say(line string) {
	l.Event(emulator.Event{Time: time.Now(), Type: emulator.EventLog, Message: line})
}

// updated writes that a program has replaced another. Readers of JSON get the same ready event as
// for the first one.
func (l *Log) updated(url string) {
	if l.JSON {
		l.Event(emulator.Event{Time: time.Now(), Type: emulator.EventReady, Message: url})
		return
	}
	l.Print(msgUpdated)
}

// Print writes a text for people only. A part of it that emu has not written must be a
// [terminal.Line], so that it adds no lines.
func (l *Log) Print(text string) { l.print(terminal.Text(text)) }

// Clear clears the terminal with what has scrolled by, and writes a text.
func (l *Log) Clear(text string) { l.print("\x1b[H\x1b[2J\x1b[3J" + text) }

// print writes a text with escape sequences.
func (l *Log) print(text string) {
	if l.JSON || l.Level < LevelLog {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	io.WriteString(l.Out, text+"\n")
}

// Diagnostics writes diagnostics about the configuration or the stored state. Those that stop a
// start are written at every level.
func (l *Log) Diagnostics(list []diagnostic.Diagnostic) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range list {
		level := LevelNone
		switch d.Severity {
		case diagnostic.SeverityWarning:
			level = LevelWarn
		case diagnostic.SeverityInfo:
			level = LevelInfo
		}
		switch {
		case level > l.Level:
		case l.JSON:
			l.line(found(d))
		default:
			d.WithLines(l.read).Render(l.Err, l.Style)
		}
	}
}

// read reads the file of a diagnostic's place.
func (l *Log) read(file string) ([]byte, error) {
	path := filepath.FromSlash(file)
	if !filepath.IsAbs(path) {
		path = filepath.Join(l.Dir, path)
	}
	return os.ReadFile(path)
}

// Error writes the error that ends a command, with its hint.
func (l *Log) Error(err error) {
	var refusal *emulator.Refusal
	if errors.As(err, &refusal) {
		l.Diagnostics(refusal.Diagnostics)
		return
	}
	l.Diagnostics([]diagnostic.Diagnostic{{Text: err.Error(), Hint: diagnostic.HintOf(err)}})
}

// levelOf is the lowest level that shows an event. People do not want to read of every object that
// starts or is evicted; readers of JSON get all of it.
func (l *Log) levelOf(e *emulator.Event) Level {
	switch e.Type {
	case emulator.EventError:
		return LevelError
	case emulator.EventWarning:
		return LevelWarn
	case emulator.EventReady, emulator.EventRequest:
		return LevelInfo
	case emulator.EventStart, emulator.EventEvict:
		if !l.JSON {
			return LevelDebug
		}
	}
	return LevelLog
}

// output writes a line of the program as an event, at every level.
func (l *Log) output(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line(emulator.Event{Time: time.Now(), Type: emulator.EventLog, Message: line})
}

// pass writes an event of the program's log.
func (l *Log) pass(event []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Out.Write(event)
}

// found turns a diagnostic into an event.
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

// Output passes the output of a tool that has succeeded on, like that of a program.
func (l *Log) Output(out io.Writer, said string) {
	if !l.JSON {
		io.WriteString(out, terminal.Text(said))
		return
	}
	lines := NewLines(l, "")
	io.WriteString(lines, said)
	lines.Close()
}

// Compiler writes why a program does not compile: the diagnostics that explain it, then the rest of
// the compiler's output, which goes to out or becomes one event.
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
