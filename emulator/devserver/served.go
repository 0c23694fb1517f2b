package devserver

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/seed-36a2c969/emu/emulator/program"
)

// served is a program that serves for this process.
type served struct {
	child *program.Child
	input io.WriteCloser
	url   string        // where it serves, once it has said that it is ready
	left  bool          // it has ended as it was told
	why   bool          // it has told why it ends
	said  chan string   // what it has to say; closed when it says no more
	ended chan struct{} // closed when it has ended
}

// maxLastWords is how long what a program has left running may keep its output.
const maxLastWords = 500 * time.Millisecond

// serveWith starts a program with a link.
func (w *Watch) serveWith(e *Executable) (*served, error) {
	r, say, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p := &served{child: &program.Child{Cmd: exec.Command(e.Path, w.Args...)}, said: make(chan string, 4), ended: make(chan struct{})}
	defer say.Close()
	p.child.Stdout, p.child.Stderr = w.Stdout, w.Stderr
	token := noToken
	var lines *Lines
	if w.Log.JSON {
		// One pipe for both, and for the program's events: their order stays.
		lines = NewLines(w.Log, "")
		token, p.child.Stdout, p.child.Stderr = lines.Token(), lines, lines
		p.child.WaitDelay = maxLastWords
	}
	first, n, err := hand(p.child.Cmd, say, w.files)
	if err == nil {
		p.child.Env = append(w.Environ, w.Handshake(fmt.Sprintf("%d %d %s %s", first, n, w.host, token)))
		p.input, err = p.child.StdinPipe()
	}
	if err == nil {
		err = p.child.Start()
	}
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("cannot run the program: %w", err)
	}
	go func() {
		for lines := bufio.NewScanner(r); lines.Scan(); {
			if url, ready := strings.CutPrefix(lines.Text(), saidReady+" "); ready {
				p.url = url
			}
			p.left = p.left || lines.Text() == saidLeft
			p.why = p.why || lines.Text() == saidWhy
			p.said <- lines.Text()
		}
		close(p.said)
		r.Close()
		p.child.Wait()
		if lines != nil {
			lines.Close()
		}
		close(p.ended)
	}()
	return p, nil
}

// fault is the error of a program that has ended before it was ready.
func (p *served) fault() error {
	<-p.ended
	switch {
	case p.why:
		return ErrTold
	case p.child.ProcessState.Success():
		return &advised{msgEnded(p), "main has to call worker.Main"}
	}
	return errors.New(msgEnded(p))
}

func msgEnded(p *served) string {
	return fmt.Sprintf("the program has ended: %s", p.child.ProcessState)
}

func (p *served) tell(word string) { fmt.Fprintln(p.input, word) }
