//go:build unix

package emucmd

import (
	"cmp"
	"context"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestGuide follows the guide in fixtures/README.md on a machine on which nobody has
// worked yet: it writes the guide's files, types its commands, and compares what they
// print with what the guide shows.
func TestGuide(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a project several times")
	}
	t.Parallel()
	text, err := os.ReadFile("../fixtures/README.md")
	if err != nil {
		t.Fatal(err)
	}
	steps := guide(string(text), "From wrangler.jsonc to the first test")
	if len(steps) < 10 {
		t.Fatalf("the guide has %d steps", len(steps))
	}
	r := newReader(t)
	for _, s := range steps {
		t.Logf("fixtures/README.md:%d: %s", s.line, cmp.Or(s.command, s.file, "Ctrl-C"))
		if err := r.follow(s); err != nil {
			t.Fatalf("fixtures/README.md:%d: %v", s.line, err)
		}
	}
}

// step is something that the guide tells its reader to do: to type a command, to
// write or change a file, or to end the server.
type step struct {
	line    int
	command string
	shown   string // what the command prints; "" is not shown
	file    string
	text    string
	change  bool // text is a diff
	end     bool
}

// fileName is a file's name in the last line before its block.
var fileName = regexp.MustCompile("`([^`]+)`:$")

// guide reads the steps of a section.
func guide(readme, section string) (steps []step) {
	_, text, _ := strings.Cut(readme, "\n## "+section+"\n")
	number := strings.Count(readme[:len(readme)-len(text)], "\n") + 1
	text, _, _ = strings.Cut(text, "\n## ")
	fence, prose := "", "" // the language of the block, and the last line before it
	for line := range strings.SplitSeq(text, "\n") {
		last := len(steps) - 1
		kind, mark := strings.CutPrefix(line, "```")
		command, typed := strings.CutPrefix(line, "$ ")
		switch {
		case mark && fence == "":
			fence = kind
			if m := fileName.FindStringSubmatch(prose); fence != "console" && m != nil {
				steps = append(steps, step{line: number, file: m[1], change: fence == "diff"})
			}
		case mark:
			fence = ""
		case fence == "console" && typed:
			steps = append(steps, step{line: number, command: command})
		case fence == "console":
			steps[last].shown += line + "\n"
		case fence != "":
			steps[last].text += line + "\n"
		case line != "":
			prose = line
			if strings.Contains(line, "Ctrl-C") {
				steps = append(steps, step{line: number, end: true})
			}
		}
		number++
	}
	return steps
}

// TestGuideIsCompared: times, ports and what the guide leaves out may differ, nothing else.
func TestGuideIsCompared(t *testing.T) {
	text := "\n## Guide\nThe file, `a/b.go`:\n\n```go\npackage b\n```\n\n```console\n$ export A=b\n$ go test\nok  b  0.1s\n…\nend\n```\nCtrl-C ends it.\n\n## Next\n"
	steps := guide(text, "Guide")
	want := []step{
		{line: 5, file: "a/b.go", text: "package b\n"},
		{line: 10, command: "export A=b"},
		{line: 11, command: "go test", shown: "ok  b  0.1s\n…\nend\n"},
		{line: 16, end: true},
	}
	if !slices.Equal(steps, want) {
		t.Errorf("read as %+v", steps)
	}
	for printed, same := range map[string]bool{
		"ok  b  0.2s\nend\n":              true,
		"ok  b  12.345s\none\ntwo\nend\n": true,
		"ok  c  0.1s\nend\n":              false,
		"ok  b  0.1s\nend\nmore\n":        false,
		"ok  b  0.1s\n":                   false,
		"":                                false,
	} {
		if err := (&reader{home: "/nowhere"}).compare(want[2], printed); same != (err == nil) {
			t.Errorf("%q: %v", printed, err)
		}
	}
}

// TestFixtureCommands: the commands in fixtures/README.md serve the Workers there.
func TestFixtureCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds all of them")
	}
	t.Parallel()
	text, err := os.ReadFile("../fixtures/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Workers\n")
	section, _, _ = strings.Cut(section, "\n## ")
	commands := regexp.MustCompile("`emu dev (--config fixtures/[^`]*)`").FindAllStringSubmatch(section, -1)
	if len(commands) < 5 {
		t.Fatalf("there are %d such commands", len(commands))
	}
	for _, m := range commands {
		t.Run(strings.ReplaceAll(m[1], "/", " "), func(t *testing.T) {
			t.Parallel()
			c := exec.Command("emu", append([]string{"dev", "--port", "0", "--persist-to", t.TempDir()}, strings.Fields(m[1])...)...)
			c.Dir, c.Env = "..", append(os.Environ(), scriptEnv(t)...)
			s, err := start(c)
			if err != nil {
				t.Fatal(err)
			}
			defer s.kill()
			resp, err := client.Get(s.url)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != 200 {
				t.Errorf("GET / is answered %s", resp.Status)
			}
		})
	}
}

// reader is somebody who follows the guide in a shell.
type reader struct {
	home  string
	shell string // a file of what the shell knows: its variables and its folder
	env   []string
	dev   *served // the server in the other terminal
}

// newReader is in a checkout of emu and has an empty home.
func newReader(t *testing.T) *reader {
	t.Helper()
	checkout, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{home: t.TempDir(), shell: filepath.Join(t.TempDir(), "shell")}
	if err := os.WriteFile(r.shell, []byte("cd '"+checkout+"'\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(r.home, "go", "bin") + ":" + os.Getenv("PATH")
	r.env = append(scriptEnv(t), "HOME="+r.home, "PATH="+path, "TMPDIR="+t.TempDir())
	t.Cleanup(func() {
		if r.dev != nil {
			r.dev.kill()
		}
	})
	return r
}

func (r *reader) follow(s step) error {
	switch {
	case s.end:
		r.dev.cmd.Process.Signal(os.Interrupt)
		if err := r.dev.wait(); err != nil {
			return err
		}
		if code := r.dev.cmd.ProcessState.ExitCode(); code != exitInterrupted {
			return fmt.Errorf("emu dev ended with %d:\n%s", code, r.dev.said())
		}
		return nil
	case s.file != "":
		return r.write(s)
	case strings.HasPrefix(s.command, "emu dev"):
		dev, err := start(r.sh("exec " + s.command))
		if err != nil {
			return err
		}
		r.dev = dev
		return r.compare(s, dev.said())
	}
	command := s.command
	if r.dev != nil { // the guide's port may be taken
		command = strings.ReplaceAll(command, "http://localhost:8787", r.dev.url)
		command = strings.ReplaceAll(command, "ws://localhost:8787", strings.Replace(r.dev.url, "http", "ws", 1))
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := r.shIn(ctx, command+"\ncode=$?; { export -p; echo \"cd '$PWD'\"; } >'"+r.shell+"'; exit $code")
	c.WaitDelay = time.Second // the command may leave something running that holds the output open
	out, err := c.CombinedOutput()
	// The guide shows FAIL where a test must fail.
	if fails := strings.Contains(s.shown, "FAIL\n"); fails != (err != nil) {
		return fmt.Errorf("%s: %v\n%s", command, err, out)
	}
	return r.compare(s, string(out))
}

// sh is a command that is typed in the shell.
func (r *reader) sh(command string) *exec.Cmd { return r.shIn(context.Background(), command) }

// shIn is sh for a command that is killed when the context ends.
func (r *reader) shIn(ctx context.Context, command string) *exec.Cmd {
	c := exec.CommandContext(ctx, "sh", "-c", ". '"+r.shell+"'\n"+command)
	c.Dir, c.Env = r.home, r.env
	return c
}

// write writes or changes a file.
func (r *reader) write(s step) error {
	dir, err := r.sh("pwd").Output()
	if err != nil {
		return err
	}
	path := filepath.Join(strings.TrimSpace(string(dir)), s.file)
	text := s.text
	if s.change {
		now, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var before, after strings.Builder
		for line := range strings.Lines(s.text) {
			if line[0] != '+' {
				before.WriteString(line[1:])
			}
			if line[0] != '-' {
				after.WriteString(line[1:])
			}
		}
		if n := strings.Count(string(now), before.String()); n != 1 {
			return fmt.Errorf("what is to be changed is in %s %d times", s.file, n)
		}
		text = strings.Replace(string(now), before.String(), after.String(), 1)
	}
	if formatted, err := format.Source([]byte(text)); filepath.Ext(path) == ".go" && (err != nil || string(formatted) != text) {
		return fmt.Errorf("gofmt would change %s: %v", s.file, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o666)
}

// varying is what differs from run to run, with the name that replaces it.
var varying = []struct {
	what *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`\d\d:\d\d:\d\d(\.\d+)?`), "TIME"},
	{regexp.MustCompile(`localhost:\d+`), "localhost:PORT"},
	{regexp.MustCompile(`\d+\.\d+s`), "DURATION"},
}

// compare compares what a command has printed with what the guide shows. There
// a line … stands for any number of lines.
func (r *reader) compare(s step, printed string) error {
	if s.shown == "" {
		return nil
	}
	want, got := s.shown, strings.ReplaceAll(printed, r.home, "/home/ann")
	for _, v := range varying {
		want, got = v.what.ReplaceAllString(want, v.name), v.what.ReplaceAllString(got, v.name)
	}
	pattern := strings.ReplaceAll(regexp.QuoteMeta(want), "…\n", `(?:.*\n)*?`)
	if !regexp.MustCompile(`^` + strings.TrimRight(pattern, "\n") + `\n*$`).MatchString(got) {
		return fmt.Errorf("%s prints\n%s\nand the guide shows\n%s", s.command, got, want)
	}
	return nil
}
