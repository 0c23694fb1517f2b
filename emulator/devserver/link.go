package devserver

// The link between emu, which watches and listens, and the program that serves
// for it: lines in the program's standard input and in a pipe of its own.

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
)

// What emu tells a program.
const (
	tellStart     = "start"     // serve, and say the address
	tellCode      = "code"      // serve in place of another program
	tellConfig    = "config"    // the same, and the configuration has changed
	tellHibernate = "hibernate" // every object that may
	tellLeave     = "leave"     // make way for another program
	tellEnd       = "end"       // end
)

// What a program tells emu.
const (
	saidChecked = "checked" // classes and migrations are as they must be
	saidReady   = "ready"   // at the address that follows
	saidLeft    = "left"    // the stored state is free
	saidWhy     = "why"     // what is wrong has been told: it ends
)

// Link is a program's side of the link.
type Link struct {
	// begin is how the program was told to serve.
	begin string
	// told takes what emu tells after that. It is not closed: with the link
	// the process ends.
	told chan string

	say   *os.File
	files []*os.File // listeners
	host  string
	token string // of the emu's [Lines]
	mu    sync.Mutex
}

// OpenLink opens the link that an emu has described with the handshake, and
// ends the process when emu ends.
func OpenLink(described string) (*Link, error) {
	l := &Link{told: make(chan string, 1)}
	var say uintptr
	var listeners int
	if n, err := fmt.Sscan(described, &say, &listeners, &l.host, &l.token); n != 4 {
		return nil, fmt.Errorf("the link to emu makes no sense: %q: %w", described, err)
	}
	l.say = inherited(say, "link")
	for i := range listeners {
		l.files = append(l.files, inherited(say+1+uintptr(i), "listener"))
	}
	stdin := bufio.NewScanner(os.Stdin)
	go func() {
		for stdin.Scan() {
			l.told <- stdin.Text()
		}
		os.Exit(1) // emu has ended
	}()
	return l, nil
}

// noToken stands for the token if the log is not JSON.
const noToken = "-"

// Events is where the program's log goes if it is JSON: to out, which has the
// program's output too.
func (l *Link) Events(out io.Writer) io.Writer {
	if l.token == noToken {
		return out
	}
	return Marked(out, l.token)
}

// Checked says that the program can serve, and waits until it shall.
func (l *Link) Checked() {
	l.tell(saidChecked)
	l.begin = <-l.told
}

// Told says that the user has been told why the program ends.
func (l *Link) Told() { l.tell(saidWhy) }

// Retold reports whether the configuration is to be told: it is new.
func (l *Link) Retold() bool { return l.begin != tellCode }

// Updates reports whether the program follows another. Without a link it does not.
func (l *Link) Updates() bool { return l != nil && l.begin != tellStart }

func (l *Link) tell(word string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.say, word)
}

// listen makes listeners of what emu has handed over, or opens their address
// again where nothing can be.
func (l *Link) listen(a Address) (*Listening, error) {
	host, port, err := net.SplitHostPort(l.host)
	if err != nil {
		return nil, err
	}
	if len(l.files) == 0 {
		if a.IP == "" {
			a.IP = host
		}
		fmt.Sscan(port, &a.Port)
		return Listen(a)
	}
	listening := &Listening{Host: l.host}
	for _, f := range l.files {
		listener, err := net.FileListener(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("cannot take a listener over: %w", err)
		}
		listening.listeners = append(listening.listeners, listener)
	}
	return listening, nil
}

// Serve keeps a server going until emu tells otherwise.
func (l *Link) Serve(s *Server) error {
	l.tell(saidReady + " " + s.URL())
	for word := range l.told {
		switch word {
		case tellHibernate:
			s.Hibernate()
		case tellEnd:
			err := s.Close()
			l.tell(saidLeft)
			return err
		case tellLeave:
			err := s.Leave()
			l.tell(saidLeft)
			if err == nil {
				s.Linger()
			}
			return err
		default:
			return fmt.Errorf("emu tells %q, which this program does not understand", strings.TrimSpace(word))
		}
	}
	return nil
}
