package emucmd

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/emulator/program"
)

// run runs a command line in this process.
func run(c Command, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	c.Args, c.Stdout, c.Stderr = args, &out, &err
	return c.Run(), out.String(), err.String()
}

// TestHelp: every command's help fits a terminal and ends in an example.
func TestHelp(t *testing.T) {
	var all []string
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if !cmd.Hidden {
			all = append(all, strings.TrimSpace(strings.TrimPrefix(cmd.CommandPath(), "emu")))
			for _, sub := range cmd.Commands() {
				walk(sub)
			}
		}
	}
	walk(rootCommand(&Command{}))
	for _, name := range all {
		t.Run(name, func(t *testing.T) {
			code, text, _ := run(Command{}, append(strings.Fields(name), "--help")...)
			if code != exitOK {
				t.Errorf("ends with %d", code)
			}
			for line := range strings.Lines(text) {
				if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > width {
					t.Errorf("%d columns: %s", n, line)
				}
			}
			if before, example, ok := strings.Cut(text, "\nExample:\n"); !ok || before == "" || !strings.HasPrefix(example, "  emu ") {
				t.Errorf("does not end in an example:\n%s", text)
			}
			if _, help, _ := run(Command{}, append([]string{"help"}, strings.Fields(name)...)...); help != text {
				t.Errorf("emu help %s differs:\n%s", name, help)
			}
		})
	}
}

// TestHandshake: a program serves only an emu of the same handshake.
func TestHandshake(t *testing.T) {
	tests := []struct {
		name    string
		program program.Maker
		environ []string
		code    int
	}{
		{"by itself", &program.Linked{}, nil, exitOK},
		{"other", &program.Linked{}, []string{"EMU_PROGRAM=0"}, exitError},
		{"emu in a program", nil, []string{"EMU_PROGRAM=0"}, exitOK},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			code, _, stderr := run(Command{Maker: test.program, Environ: test.environ}, "version")
			if code != test.code {
				t.Errorf("ends with %d", code)
			}
			if says := strings.Contains(stderr, "the emu that started it speaks protocol 0"); says != (code != exitOK) {
				t.Errorf("says %q", stderr)
			}
		})
	}
}

// TestStyle: in a file lines are not wrapped, and colours need a terminal or a wish for them.
func TestStyle(t *testing.T) {
	terminal, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // a device, as a terminal is
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, test := range []struct {
		name    string
		w       io.Writer
		environ []string
		want    diagnostic.Style
	}{
		{"terminal", terminal, nil, diagnostic.Colored},
		{"terminal, NO_COLOR", terminal, []string{"NO_COLOR=1"}, diagnostic.Wrapped},
		{"terminal, NO_COLOR empty", terminal, []string{"NO_COLOR="}, diagnostic.Colored},
		{"file", file, nil, diagnostic.Unwrapped},
		{"no file", new(bytes.Buffer), nil, diagnostic.Unwrapped},
	} {
		if got := (&Command{Environ: test.environ}).style(test.w); got != test.want {
			t.Errorf("%s: style %d, want %d", test.name, got, test.want)
		}
	}
}
