package emucmd

// What a program prints while its log is JSON, if no emu stands beside it to make
// events of that: a second process does, so that the last words of a crash are there too.

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/seed-36a2c969/emu/emulator/devserver"
	"github.com/seed-36a2c969/emu/emulator/program"
)

const (
	// linesVariable makes a process the second one, with the token that events are marked with.
	linesVariable = "EMU_LINES"
	// outputVariable tells a program, which emu has become, of its second process.
	outputVariable = "EMU_OUTPUT"
	// maxDraining is how long the second process may take for what was printed last.
	maxDraining = 2 * time.Second
)

// output is what the standard streams were before they became the second process's.
type output struct {
	token    string
	out, err *os.File
	second   *os.Process
}

// captured is this process's output; nil if it is its own.
var captured *output

// The second process is one before any package that imports this one runs.
func init() {
	if token := os.Getenv(linesVariable); token != "" {
		os.Unsetenv(linesVariable)
		signal.Ignore(os.Interrupt, syscall.SIGTERM) // it ends with what it reads
		lines := devserver.NewLines(&devserver.Log{Out: linesOutput(), JSON: true}, token)
		io.Copy(lines, os.Stdin)
		lines.Close()
		os.Exit(exitOK)
	}
	if described := os.Getenv(outputVariable); described != "" {
		os.Unsetenv(outputVariable)
		captured = inherit(described)
	}
}

// Capture makes events of what a program prints before it has read its command line,
// if that asks for it. Without an emu beside it, or in front of it, nobody else would.
func Capture(args []string) {
	if program.Started() || captured != nil || len(args) == 0 {
		return
	}
	if dash := slices.Index(args, "--"); dash >= 0 {
		args = args[:dash]
	}
	at := slices.Index(args, "--log-format")
	if !slices.Contains(args, "--log-format=json") && (at < 0 || at+1 == len(args) || args[at+1] != "json") {
		return
	}
	switch args[0] {
	case "dev":
		captured, _ = capture(os.Stdout) // what fails now fails again, and is told then
	case "exec":
		captured, _ = capture(os.Stderr)
	}
}

// capture makes events of what this process prints from now on, and writes them to real.
func capture(real *os.File) (*output, error) {
	o := &output{token: rand.Text()}
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	defer w.Close()
	second := exec.Command(path)
	second.Env = append(os.Environ(), linesVariable+"="+o.token)
	second.Stdin = r
	giveLines(second, real)
	if err := second.Start(); err != nil {
		return nil, fmt.Errorf("cannot start a process that makes JSON of what the program prints: %w", err)
	}
	o.second = second.Process
	if o.out, o.err, err = redirect(w); err != nil {
		return nil, err
	}
	return o, nil
}

// release makes the standard streams what they were, and waits until what was printed
// has been shown.
func (o *output) release() {
	if o == nil {
		return
	}
	restore(o)
	shown := make(chan struct{})
	go func() {
		o.second.Wait()
		close(shown)
	}()
	select {
	case <-shown:
	case <-time.After(maxDraining): // something that was started has the output
	}
}

// uncapture gives the output back.
func uncapture(c *Command) {
	if captured == nil {
		return
	}
	captured.release()
	captured = nil
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
}

// captureFor sets where a log goes: to one of the command's streams. If it is JSON, what the
// Worker of this process prints goes there too, as events.
func captureFor(c *Command, log *devserver.Log, stderr bool) error {
	if !log.JSON {
		uncapture(c) // the command line was taken for another
	}
	real := os.Stdout
	log.Out, log.Err = c.Stdout, c.Stderr
	if stderr {
		log.Out, real = c.Stderr, os.Stderr
	}
	switch {
	case !log.JSON || c.Maker == nil:
		return nil
	case c.link != nil:
		if c.link.Token != "" {
			log.Out = devserver.Marked(log.Out, c.link.Token)
		}
		return nil
	case c.Stdout != os.Stdout || c.Stderr != os.Stderr: // they are no process's
		return nil
	}
	if captured == nil {
		var err error
		if captured, err = capture(real); err != nil {
			return err
		}
	}
	c.Stdout, c.Stderr = captured.out, captured.err
	log.Out, log.Err = devserver.Marked(os.Stdout, captured.token), c.Stderr
	return nil
}

// captureForSuccessor makes events of what the program that emu becomes prints, and returns
// what is to be in its environment.
func captureForSuccessor(c *Command, log *devserver.Log) (env []string, err error) {
	if !log.JSON || !heritable || c.Stdout != os.Stdout || c.Stderr != os.Stderr {
		return nil, nil
	}
	if captured, err = capture(os.Stdout); err != nil {
		return nil, err
	}
	return []string{outputVariable + "=" + captured.describe()}, nil
}
