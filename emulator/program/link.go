package program

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"sync"
)

// The link joins emu, which watches and listens, with the program that serves for it: emu
// writes lines to the program's standard input, the program to a pipe of its own.

// Reason says why a program begins to serve.
type Reason string

// The reasons, each a line from emu to the program.
const (
	Start         Reason = "start"  // it is the first
	CodeChanged   Reason = "code"   // its sources have changed
	ConfigChanged Reason = "config" // the configuration has changed, perhaps its sources too
)

// What else emu writes.
const (
	lineHibernate = "hibernate" // take every object out of memory that may go
	lineLeave     = "leave"     // make way for another program
	lineEnd       = "end"
)

// What a program writes.
const (
	lineChecked  = "checked" // classes and migrations are as they must be
	lineReady    = "ready"   // it serves at the URL that follows
	lineLeft     = "left"    // the stored state is free
	lineReported = "why"     // it ends, and has printed why
)

// Link is a program's side of the link.
type Link struct {
	// Host is the address that emu listens on, such as localhost:8787.
	Host string
	// Files are its listeners; none on Windows, where the program opens the address again.
	Files []*os.File
	// Token marks the program's events among its output, "" if its log is for people.
	Token string

	lines chan string // from emu; never closed: without emu the process ends

	mu  sync.Mutex // of out
	out *os.File
}

// noToken stands for an empty token in the handshake.
const noToken = "-"

// openLink opens the link that the handshake describes. The process ends when emu does.
func openLink(described string) (*Link, error) {
	l := &Link{lines: make(chan string, 1)}
	var out uintptr
	var listeners int
	if n, err := fmt.Sscan(described, &out, &listeners, &l.Host, &l.Token); n != 4 {
		return nil, fmt.Errorf("the link to emu makes no sense: %q: %w", described, err)
	}
	if l.Token == noToken {
		l.Token = ""
	}
	l.out = inherited(out, "link")
	for i := range listeners {
		l.Files = append(l.Files, inherited(out+1+uintptr(i), "listener"))
	}
	stdin := bufio.NewScanner(os.Stdin)
	go func() {
		for stdin.Scan() {
			l.lines <- stdin.Text()
		}
		os.Exit(1) // emu has ended
	}()
	return l, nil
}

// Checked reports to emu that the program can serve. It waits until the program shall, which is
// once another one has left, and returns why.
func (l *Link) Checked() Reason {
	l.write(lineChecked)
	return Reason(<-l.lines)
}

// Reported tells emu that the program ends, and has printed why.
func (l *Link) Reported() { l.write(lineReported) }

func (l *Link) write(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.out, line)
}

// Server is what serves a program.
type Server interface {
	URL() string
	Hibernate()
	Leave() error
	Linger()
	Close() error
}

// Serve keeps a server going until emu ends it.
func (l *Link) Serve(s Server) error {
	l.write(lineReady + " " + s.URL())
	for line := range l.lines {
		switch line {
		case lineHibernate:
			s.Hibernate()
		case lineEnd:
			err := s.Close()
			l.write(lineLeft)
			return err
		case lineLeave:
			err := s.Leave()
			l.write(lineLeft)
			if err == nil {
				s.Linger()
			}
			return err
		default:
			return fmt.Errorf("emu tells %q, which this program does not understand", strings.TrimSpace(line))
		}
	}
	return nil
}
