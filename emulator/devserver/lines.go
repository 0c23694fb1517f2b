package devserver

// The output of a program whose log is JSON: each line that it prints becomes an event, between
// those of its log.

import (
	"bytes"
	"crypto/rand"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	// maxLine is how much of a line one event has. In JSON, where a byte may take
	// six, it stays below the 64 KiB that many readers of lines take.
	maxLine = 8 << 10
	// linePatience is how long a line may stay without an end before it is shown.
	linePatience = 100 * time.Millisecond
	// maxPiece is what every system writes to a pipe in one piece (POSIX's PIPE_BUF).
	maxPiece = 512
)

// A program and its log write to one pipe, which keeps their order. An event is written in pieces,
// so that no other write gets between its bytes. A piece begins with a mark that the program cannot
// guess: RS, the token, and whether another piece follows. It ends with LF.
const (
	markByte  = '\x1e'
	pieceMore = '+'
	pieceLast = '.'
)

// Lines turns the output of a program into events, and passes the events of its log on. It is safe
// for concurrent use.
type Lines struct {
	log  *Log
	mark []byte

	mu    sync.Mutex
	buf   []byte // what may be a mark, or a piece without its end
	event []byte // the pieces so far
	line  []byte // that has not ended
	late  *time.Timer
}

// NewLines writes to a log. It makes a token if token is "".
func NewLines(log *Log, token string) *Lines {
	if token == "" {
		token = rand.Text()
	}
	l := &Lines{log: log, mark: []byte(string(markByte) + token)}
	l.late = time.AfterFunc(time.Hour, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.flush()
	})
	l.late.Stop()
	return l
}

// Token is what the program needs for its [Marked].
func (l *Lines) Token() string { return string(l.mark[1:]) }

// Write takes output of the program. It never fails: the program goes on when nobody reads the log
// any more.
func (l *Lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := p
	if len(l.buf) > 0 {
		b = append(l.buf, p...)
	}
	for len(b) > 0 {
		at := bytes.IndexByte(b, markByte)
		if at < 0 {
			at = len(b)
		}
		l.text(b[:at])
		b = b[at:]
		if len(b) < len(l.mark) && bytes.HasPrefix(l.mark, b) {
			break
		}
		if !bytes.HasPrefix(b, l.mark) {
			l.text(b[:1])
			b = b[1:]
			continue
		}
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			break
		}
		l.piece(b[len(l.mark):end])
		b = b[end+1:]
	}
	l.buf = append(l.buf[:0], b...)
	l.late.Stop()
	if len(l.line) > 0 {
		l.late.Reset(linePatience)
	}
	return len(p), nil
}

// Close shows the last output of the program.
func (l *Lines) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.late.Stop()
	l.text(l.buf)
	l.buf = nil
	l.flush()
	return nil
}

// flush shows a line without an end. The caller holds l.mu.
func (l *Lines) flush() {
	if len(l.line) > 0 {
		l.log.output(string(l.line))
		l.line = l.line[:0]
	}
}

// piece takes a piece of an event.
func (l *Lines) piece(b []byte) {
	if len(b) == 0 {
		return
	}
	l.event = append(l.event, b[1:]...)
	if b[0] == pieceLast {
		l.log.pass(append(l.event, '\n'))
		l.event = l.event[:0]
	}
}

// text takes output that is no event of the log.
func (l *Lines) text(b []byte) {
	for len(b) > 0 {
		part := b
		end := bytes.IndexByte(b, '\n')
		if end >= 0 {
			part = b[:end]
		}
		for len(l.line)+len(part) > maxLine {
			n := maxLine - len(l.line)
			l.line = append(l.line, part[:n]...)
			part = part[n:]
			// The cut is between two characters.
			whole := len(l.line)
			for i := 1; i < utf8.UTFMax && i < whole; i++ {
				if utf8.RuneStart(l.line[whole-i]) {
					if !utf8.FullRune(l.line[whole-i:]) {
						whole -= i
					}
					break
				}
			}
			l.log.output(string(l.line[:whole]))
			l.line = append(l.line[:0], l.line[whole:]...)
		}
		l.line = append(l.line, part...)
		if end < 0 {
			return
		}
		l.log.output(strings.TrimSuffix(string(l.line), "\r"))
		l.line = l.line[:0]
		b = b[end+1:]
	}
}

// Marked writes a log's events to w so that the [Lines] with the token finds them among other
// output. Each Write is one event with its LF.
func Marked(w io.Writer, token string) io.Writer {
	return &marked{w, []byte(string(markByte) + token)}
}

type marked struct {
	w    io.Writer
	mark []byte
}

func (m *marked) Write(p []byte) (int, error) {
	event := bytes.TrimSuffix(p, []byte("\n"))
	for {
		n := min(len(event), maxPiece-len(m.mark)-len("+\n"))
		kind := byte(pieceMore)
		if n == len(event) {
			kind = pieceLast
		}
		piece := append(append([]byte{}, m.mark...), kind)
		if _, err := m.w.Write(append(append(piece, event[:n]...), '\n')); err != nil {
			return 0, err
		}
		event = event[n:]
		if kind == pieceLast {
			return len(p), nil
		}
	}
}
