package devserver

import (
	"encoding/json"
	"io"
	"sync"

	"github.com/seed-36a2c969/emu/config"
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
	// Out takes what happens, Err what is wrong. In JSON, Out takes both.
	Out, Err io.Writer
	Level    Level
	// JSON writes an [emulator.Event] a line.
	JSON bool
	// Color allows terminal colours.
	Color bool

	mu  sync.Mutex
	buf []byte
}

// Event writes an event if its level is shown.
func (l *Log) Event(e emulator.Event) {
	if levelOf(&e) > l.Level {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.JSON {
		line, err := json.Marshal(e)
		if err == nil { // an Event has nothing that JSON cannot hold
			l.Out.Write(append(line, '\n'))
		}
		return
	}
	var to io.Writer
	to, l.buf = l.human(l.buf[:0], &e)
	to.Write(l.buf)
}

// Line writes a line that only tells people how things go.
func (l *Log) Line(s string) {
	if l.JSON || l.Level < LevelLog {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	io.WriteString(l.Out, s+"\n")
}

// Diagnostics writes what was found about the configuration or the stored state.
func (l *Log) Diagnostics(list []config.Diagnostic) {
	for _, d := range list {
		level := LevelError
		switch d.Severity {
		case config.Warning:
			level = LevelWarn
		case config.Info:
			level = LevelInfo
		}
		if level > l.Level {
			continue
		}
		l.mu.Lock()
		io.WriteString(l.Err, renderDiagnostic(d, l.Color))
		l.mu.Unlock()
	}
}

// levelOf is the level from which on an event is shown.
func levelOf(e *emulator.Event) Level {
	switch e.Type {
	case emulator.EventError:
		return LevelError
	case emulator.EventReady, emulator.EventRequest:
		return LevelInfo
	case emulator.EventStart, emulator.EventEvict:
		return LevelDebug
	}
	return LevelLog
}
