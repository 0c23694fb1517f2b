package emucmd

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A program that hangs before it can serve does not outlive an emu that is killed.
func TestKillWhileStartHangs(t *testing.T) {
	t.Parallel()
	dir := editedProject(t)
	s := watching(t, dir)
	hanging := strings.Replace(fmt.Sprintf(edited, 1), `import (`, "import (\n\t\"os\"", 1) +
		"\nfunc init() {\n\tprintln(\"hanging\", os.Getpid())\n\ttime.Sleep(time.Hour)\n}\n"
	save(t, dir, "main.go", hanging)
	waitForMany(t, s, "hanging", 1)
	pid, err := strconv.Atoi(regexp.MustCompile(`hanging (\d+)`).FindStringSubmatch(s.said())[1])
	if err != nil {
		t.Fatal(err)
	}
	syscall.Kill(s.cmd.Process.Pid, syscall.SIGKILL)
	deadline := time.Now().Add(10 * time.Second)
	for syscall.Kill(pid, 0) == nil && !zombie(pid) {
		if time.Now().After(deadline) {
			syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("the program is still there")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// zombie reports whether a process has ended and its parent has not waited for it.
func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

// Nor does it outlive an emu exec that is killed, whose command is not started.
func TestKillExecWhileStartHangs(t *testing.T) {
	t.Parallel()
	dir := editedProject(t)
	save(t, dir, "main.go", strings.Replace(fmt.Sprintf(edited, 1), `import (`, "import (\n\t\"os\"", 1)+
		"\nfunc init() {\n\tprintln(\"hanging\", os.Getpid())\n\ttime.Sleep(time.Hour)\n}\n")
	emu, err := exec.LookPath("emu")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(emu, "exec", "--", "sh", "-c", "echo ran")
	c.Dir, c.Env = dir, append(os.Environ(), scriptEnv(t)...)
	out, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stdout strings.Builder
	c.Stdout = &stdout
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	for said.Scan() && !strings.HasPrefix(said.Text(), "hanging") {
	}
	c.Process.Kill()
	for said.Scan() { // until the program has ended too
	}
	c.Wait()
	if stdout.Len() > 0 {
		t.Errorf("the command was started: %s", stdout.String())
	}
}
