package emucmd

// The output of a program whose log is JSON must become events. If no emu runs beside the program to
// do that, a second process does, so that the output of a crash becomes events too.

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
	// linesVariable makes a process the second one. Its value is the token that marks events.
	linesVariable = "EMU_LINES"
	// outputVariable describes the second process to a program that emu becomes.
	outputVariable = "EMU_OUTPUT"
	// maxDraining is how long the second process may take for the last output.
	maxDraining = 2 * time.Second
)

// output is where the standard streams of this process went before the second process took them.
type output struct {
	token    string
	out, err *os.File
	second   *os.Process
}

// captured is the output of this process, nil if no second process has it.
var captured *output

// The second process must begin before the packages of the program, which may print.
func init() {
	if token := os.Getenv(linesVariable); token != "" {
		os.Unsetenv(linesVariable)
		signal.Ignore(os.Interrupt, syscall.SIGTERM) // it ends with its input
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

// Capture makes events of what a program prints before it has read its command line, if that asks
// for JSON. Nothing is done if an emu has started the program, since that captures its output.
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
		captured, _ = capture(os.Stdout) // captureFor fails again, and reports it
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

// release restores the standard streams, and waits until the second process has shown all output.
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
	case <-time.After(maxDraining): // another process still has the streams
	}
}

// uncapture restores the standard streams.
func uncapture(c *Command) {
	if captured == nil {
		return
	}
	captured.release()
	captured = nil
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
}

// captureFor sends a log to one of the command's streams. If the log is JSON, the output of the Worker
// of this process goes there as well, as events.
func captureFor(c *Command, log *devserver.Log, stderr bool) error {
	if !log.JSON {
		uncapture(c) // Capture has misread the command line
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
	case c.Stdout != os.Stdout || c.Stderr != os.Stderr: // a test has set them
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

// captureForSuccessor makes events of the output of the program that emu becomes, and returns the
// entry of its environment that describes how.
func captureForSuccessor(c *Command, log *devserver.Log) (env []string, err error) {
	if !log.JSON || !heritable || c.Stdout != os.Stdout || c.Stderr != os.Stderr {
		return nil, nil
	}
	if captured, err = capture(os.Stdout); err != nil {
		return nil, err
	}
	return []string{outputVariable + "=" + captured.describe()}, nil
}
