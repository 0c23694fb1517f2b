package program

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// TestMain makes the test's own program stand for one that serves, if the environment says so.
func TestMain(m *testing.M) {
	if _, served := os.LookupEnv(handshake); served {
		link, _, err := Accept(os.Environ(), "test")
		if err != nil {
			panic(err)
		}
		Forget()
		link.Checked()
		if len(os.Args) > 1 && os.Args[1] == "report" {
			link.Reported()
			os.Exit(1)
		}
		link.write(lineReady + " http://localhost:8787")
		os.Exit(0) // as soon as it is ready
	}
	os.Exit(m.Run())
}

// TestEndedWhenReady: a program that ends as soon as it is ready has served, so that its end is
// reported as any other's.
func TestEndedWhenReady(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c, err := (&Executable{Path: path}).Start(Handover{Environ: os.Environ(), Host: "localhost:8787", Stdout: &out, Stderr: &out})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Serve(Start); err != nil || c.URL() != "http://localhost:8787" {
		t.Errorf("served at %q with error %v", c.URL(), err)
	}
	if err := c.EndError(); err.Error() != "the program has ended: exit status 0" || c.Complied() {
		t.Errorf("%v, complied: %v", err, c.Complied())
	}
	if out.Len() > 0 {
		t.Errorf("it has printed %s", &out)
	}
}

// TestReported: what a program has printed itself is not printed again.
func TestReported(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c, err := (&Executable{Path: path}).Start(Handover{Args: []string{"report"}, Environ: os.Environ(), Host: "localhost:8787"})
	if err == nil {
		err = c.Check(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Serve(CodeChanged); err != ErrReported || !c.Complied() {
		t.Errorf("error %v, complied: %v", err, c.Complied())
	}
}

// TestOtherProtocol: an emu of another protocol is refused with what to use.
func TestOtherProtocol(t *testing.T) {
	_, rest, err := Accept([]string{"A=b", handshake + "=3 3 1 localhost:8787 -"}, "0.1.0")
	const want = "this program is linked with emu 0.1.0, which speaks protocol 4; the emu that started it speaks protocol 3"
	if err == nil || err.Error() != want || len(rest) != 1 {
		t.Errorf("%v, %q", err, rest)
	}
	if hint := diagnostic.HintOf(err); !strings.HasSuffix(hint, "go run github.com/seed-36a2c969/emu/cmd/emu dev") {
		t.Errorf("hint %q", hint)
	}
}
