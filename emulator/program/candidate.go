package program

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// Candidate is a program that runs as a child with a link, before it serves and while it does.
type Candidate struct {
	child    *Child
	input    io.WriteCloser
	lines    chan string   // from the program; closed when no more come
	ended    chan struct{} // closed when the process has ended
	url      string        // where it serves, "" before that
	left     bool          // the stored state is free
	reported bool          // it has printed why it ends
}

// Handover is what a [Candidate] gets from the process that starts it.
type Handover struct {
	Args, Environ []string
	// Host is the address that is listened on, and Listeners the listeners.
	Host      string
	Listeners []*os.File
	// Stdout and Stderr are the program's, unless Output is set. Output takes both streams in
	// the order of their lines, with events marked by Token, and is closed after them.
	Stdout, Stderr io.Writer
	Output         io.WriteCloser
	Token          string
}

// maxLastWords is how long other processes that have the output of a program may write to it after its end.
const maxLastWords = 500 * time.Millisecond

// ErrReported is the error of what has failed and has already printed why.
var ErrReported = errors.New("already reported")

// Start starts the executable.
func (e *Executable) Start(h Handover) (*Candidate, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	c := &Candidate{child: &Child{Cmd: exec.Command(e.Path, h.Args...)}, lines: make(chan string, 4), ended: make(chan struct{})}
	cmd, token := c.child.Cmd, noToken
	cmd.Stdout, cmd.Stderr = h.Stdout, h.Stderr
	if h.Output != nil {
		token, cmd.Stdout, cmd.Stderr = h.Token, h.Output, h.Output
		cmd.WaitDelay = maxLastWords
	}
	first, n, err := hand(cmd, w, h.Listeners)
	if err == nil {
		cmd.Env = append(h.Environ, fmt.Sprintf("%s=%s %d %d %s %s", handshake, protocol, first, n, h.Host, token))
		c.input, err = cmd.StdinPipe()
	}
	if err == nil {
		err = c.child.Start()
	}
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("cannot run the program: %w", err)
	}
	go c.follow(r, h.Output)
	return c, nil
}

// follow reads what the program writes to its link, to the end of the process.
func (c *Candidate) follow(link io.ReadCloser, output io.Closer) {
	for lines := bufio.NewScanner(link); lines.Scan(); {
		if url, ready := strings.CutPrefix(lines.Text(), lineReady+" "); ready {
			c.url = url
		}
		c.left = c.left || lines.Text() == lineLeft
		c.reported = c.reported || lines.Text() == lineReported
		c.lines <- lines.Text()
	}
	close(c.lines)
	link.Close()
	c.child.Wait()
	if output != nil {
		output.Close()
	}
	close(c.ended)
}

// Check waits until the program has checked that it can serve. An end of the wait ends the
// program.
func (c *Candidate) Check(cancel <-chan struct{}) error {
	select {
	case line := <-c.lines:
		if line == lineChecked {
			return nil
		}
	case <-cancel:
		c.Kill() // not Dismiss: it may hang before it opens the link, and holds nothing yet
	}
	c.Dismiss()
	return c.Fault()
}

// Serve lets the program serve, and returns when it does or cannot.
func (c *Candidate) Serve(why Reason) error {
	c.write(string(why))
	c.next()
	if c.url == "" {
		return c.Fault()
	}
	return nil
}

// Leave makes the program make way for another one. It returns when the stored state is free.
func (c *Candidate) Leave() {
	c.write(lineLeave)
	c.next()
}

// next waits for the next line of the program, or for its end.
func (c *Candidate) next() {
	if _, ok := <-c.lines; !ok {
		<-c.ended
	}
}

func (c *Candidate) write(line string) { fmt.Fprintln(c.input, line) }

// URL is where the program serves.
func (c *Candidate) URL() string { return c.url }

// Hibernate takes every object out of memory that nothing pins.
func (c *Candidate) Hibernate() { c.write(lineHibernate) }

// End ends the program gracefully: [Candidate.Ended] is closed when it has ended.
func (c *Candidate) End() { c.write(lineEnd) }

// Dismiss closes the link, without which the program ends at once.
func (c *Candidate) Dismiss() { c.input.Close() }

// Kill ends the process at once.
func (c *Candidate) Kill() { c.child.Kill() }

// Ended is closed when the process has ended.
func (c *Candidate) Ended() <-chan struct{} { return c.ended }

// Complied reports whether a program that has ended was asked to, or has printed why.
func (c *Candidate) Complied() bool { return c.left || c.reported }

// Fault waits for the end of a program that cannot serve, and says why it cannot.
func (c *Candidate) Fault() error {
	end := c.EndError()
	switch {
	case c.reported:
		return ErrReported
	case c.child.ProcessState.Success():
		return diagnostic.NewError(end.Error(), "main has to call worker.Main")
	}
	return end
}

// State waits for the end of the process, and returns how it has ended.
func (c *Candidate) State() *os.ProcessState {
	<-c.ended
	return c.child.ProcessState
}

// EndError waits for the end of the process, and says how it has ended.
func (c *Candidate) EndError() error {
	return fmt.Errorf("the program has ended: %s", c.State())
}
