package emucmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestInitOften: the tests that emu init writes pass every time, inside and outside synctest's
// bubbles, and one run of them takes less than a second of processor time.
func TestInitOften(t *testing.T) {
	t.Parallel()
	if initRace && !hasRace(t) {
		t.Skip("the race detector needs cgo and a C compiler")
	}
	emu, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	env := append(os.Environ(), scriptEnv(t)...)
	command := func(dir, name string, args ...string) (output string, processor time.Duration) {
		t.Helper()
		c := exec.Command(name, args...)
		c.Dir, c.Env = dir, append(env, "PWD="+dir, "GORACE=atexit_sleep_ms=0") // without it the race detector sleeps for a second at the end
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
		return string(out), c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	}
	command(dir, "emu", "init", "hello", "--emu-path", emu)
	tests := filepath.Join(dir, "room.test")
	project := filepath.Join(dir, "hello")
	checkSums(t, project)
	command(project, "go", "test", "-c", "-race="+strconv.FormatBool(initRace), "-o", tests, "./room")

	room := filepath.Join(project, "room")
	begun := time.Now()
	names, processor := command(room, tests, "-test.v", "-test.parallel=8")
	t.Logf("one run of the tests of emu init took %s, %s of the processor", time.Since(begun).Round(time.Millisecond), processor.Round(time.Millisecond))
	if processor > time.Second {
		t.Errorf("it is to take less than a second")
	}
	for _, name := range []string{"TestHibernation ", "TestHibernationInBubble "} {
		if !strings.Contains(names, "--- PASS: "+name) {
			t.Errorf("there is no %s:\n%s", name, names)
		}
	}
	command(room, tests, "-test.count="+strconv.Itoa(initRuns), "-test.parallel=8")
}

// hasRace reports whether programs can be built with the race detector.
func hasRace(t *testing.T) bool {
	t.Helper()
	out, err := exec.Command("go", "env", "CGO_ENABLED", "CC").Output()
	if err != nil {
		t.Fatal(err)
	}
	cgo, compiler, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	command, _, _ := strings.Cut(compiler, " ")
	_, err = exec.LookPath(command)
	return cgo == "1" && err == nil
}
