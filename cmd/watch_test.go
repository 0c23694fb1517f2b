//go:build unix

package emucmd

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// edited is the program that TestEdits edits.
const edited = `package main

import (
	"context"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/worker"
)

func fetch(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
	if r.URL.Path == "/slow" {
		durable.Sleep(ctx, 200*time.Millisecond)
	}
	return durable.Text(200, "version %d"), nil
}

func main() { worker.Main(durable.WorkerFunc(fetch)) }
`

// editedProject makes a module of its own with one program, version 0.
func editedProject(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(mod), "module "+module, "module example.com/edited", 1)
	text += fmt.Sprintf("\nrequire %s v0.0.0\nreplace %[1]s => %q\n", module, root)
	save(t, dir, "go.mod", text)
	save(t, dir, "go.sum", string(sum))
	save(t, dir, "wrangler.jsonc", `{"name": "edited", "main": "main.go", "compatibility_date": "2026-11-17"}`)
	save(t, dir, "main.go", fmt.Sprintf(edited, 0))
	return dir
}

func save(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// watching starts emu dev on a project, with variables besides those of the test.
func watching(t *testing.T, dir string, env ...string) *served {
	t.Helper()
	path, err := exec.LookPath("emu")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, "dev", "--port", "0")
	c.Dir = dir
	c.Env = append(append(os.Environ(), scriptEnv(t)...), env...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s, err := start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("emu dev said:\n%s", s.tail())
		}
	})
	return s
}

// asker asks a server again and again.
type asker struct {
	client http.Client
	method string
	url    string
	asked  int
	busy   int // 503s: the program was replaced under the request
	last   string
}

// ask sends one request. Its answer must be that of a version or, for a method that may not
// be repeated, a 503.
func (a *asker) ask() error {
	a.asked++
	r, err := http.NewRequest(a.method, a.url, strings.NewReader(""))
	if err != nil {
		return err
	}
	a.client.Timeout = patience
	resp, err := a.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	body := string(b)
	switch {
	case resp.StatusCode == 200 && strings.HasPrefix(body, "version "):
		a.last = body
	case resp.StatusCode == 503 && a.method == "POST" && resp.Header.Get("Retry-After") == "0" &&
		body == "Your worker restarted mid-request. Please try sending the request again. Only GET or HEAD requests are retried automatically.":
		a.busy++
	default:
		return fmt.Errorf("%s %s: %s %q", a.method, a.url, resp.Status, body)
	}
	return nil
}

// TestEdits: a source file is saved again and again, good and broken, while
// clients keep asking. Every request is answered, and nothing is left.
func TestEdits(t *testing.T) {
	t.Parallel()
	dir := editedProject(t)
	s := watching(t, dir)
	base := openFiles(s)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var asking sync.WaitGroup
	askers := []*asker{
		{method: "GET", url: s.url + "/"}, {method: "POST", url: s.url + "/"},
		{method: "GET", url: s.url + "/slow"}, {method: "POST", url: s.url + "/slow"},
	}
	for _, a := range askers {
		a.client.Transport = &http.Transport{}
		asking.Go(func() {
			for ctx.Err() == nil {
				if err := a.ask(); err != nil {
					t.Errorf("request %d: %v", a.asked, err)
					return
				}
				time.Sleep(5 * time.Millisecond) // leaves the machine to the build
			}
		})
	}
	var took []time.Duration
	updates, errs := 0, 0
	for i := 1; i <= edits; i++ {
		begun := time.Now()
		if i%3 == 2 {
			save(t, dir, "main.go", strings.Replace(fmt.Sprintf(edited, i), "return", "retrun", 1))
			errs++
			waitForMany(t, s, "main.go:", errs)
			continue
		}
		save(t, dir, "main.go", fmt.Sprintf(edited, i))
		updates++
		waitForMany(t, s, "Local server updated and ready", updates)
		took = append(took, time.Since(begun))
	}
	cancel()
	asking.Wait()
	for _, a := range askers {
		a.client.CloseIdleConnections()
		t.Logf("%s %s: %d requests, %d cut short, the last: %s", a.method, a.url, a.asked, a.busy, a.last)
	}
	final := &asker{method: "GET", url: s.url}
	if err := final.ask(); err != nil || final.last != fmt.Sprintf("version %d", edits) {
		t.Errorf("in the end: %q, %v", final.last, err)
	}
	final.client.CloseIdleConnections()
	await(t, "end of open files", func() bool { return openFiles(s) <= base })
	if runtime.GOOS == "linux" {
		await(t, "end of the old programs", func() bool { return processes(s) == 2 })
	}
	interruptAll(t, s)
	slices.Sort(took)
	t.Logf("from save to ready: median %v, longest %v", took[len(took)/2], took[len(took)-1])
}

// openFiles is how many files emu has open, 0 where the system does not show them.
func openFiles(s *served) int {
	files, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
	return len(files)
}

// processes is how many are in emu's process group.
func processes(s *served) (n int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, f := range stats {
		b, _ := os.ReadFile(f)
		// pid (comm) state ppid pgrp …
		_, rest, _ := strings.Cut(string(b), ") ")
		if fields := strings.Fields(rest); len(fields) > 2 && fields[2] == fmt.Sprint(s.cmd.Process.Pid) {
			n++
		}
	}
	return n
}

// interruptAll sends Ctrl-C as a terminal does and checks that nothing is left.
func interruptAll(t *testing.T, s *served) {
	t.Helper()
	if err := syscall.Kill(-s.cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := s.wait(); err != nil {
		t.Fatal(err)
	}
	if code := s.cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("ended with %d", code)
	}
	nothingLeft(t, s)
}

// TestEditWhileHanging: a handler that does not end keeps neither the new program
// nor its client waiting, and ends with the old program.
func TestEditWhileHanging(t *testing.T) {
	t.Parallel()
	dir := editedProject(t)
	hanging := strings.Replace(fmt.Sprintf(edited, 0), "durable.Sleep(ctx, 200*time.Millisecond)", `println("hanging"); select {}`, 1)
	save(t, dir, "main.go", strings.Replace(hanging, `"time"`, `_ "time"`, 1))
	s := watching(t, dir)
	post := &asker{method: "POST", url: s.url + "/slow"}
	get := &asker{method: "GET", url: s.url + "/slow"}
	var asking sync.WaitGroup
	for _, a := range []*asker{post, get} {
		asking.Go(func() {
			if err := a.ask(); err != nil {
				t.Error(err)
			}
		})
	}
	waitForMany(t, s, "hanging", 2)
	save(t, dir, "main.go", fmt.Sprintf(edited, 1))
	waitFor(t, s, "Local server updated and ready")
	asking.Wait()
	if runtime.GOOS == "linux" {
		await(t, "end of the old program", func() bool { return processes(s) == 2 })
	}
	if post.busy != 1 {
		t.Errorf("the request was answered %q", post.last)
	}
	if get.last != "version 1" {
		t.Errorf("the request that is asked again was answered %q", get.last)
	}
	after := &asker{method: "GET", url: s.url}
	if err := after.ask(); err != nil || after.last != "version 1" {
		t.Errorf("then: %q, %v", after.last, err)
	}
	interruptAll(t, s)
}

// TestEditOfHangingStart: a program that hangs before it can serve ends with the
// next edit, and with emu.
func TestEditOfHangingStart(t *testing.T) {
	t.Parallel()
	dir := editedProject(t)
	s := watching(t, dir)
	hanging := fmt.Sprintf(edited, 1) + "\nfunc init() {\n\tprintln(\"hanging\")\n\ttime.Sleep(time.Hour)\n}\n"
	save(t, dir, "main.go", hanging)
	waitForMany(t, s, "hanging", 1)
	save(t, dir, "main.go", fmt.Sprintf(edited, 2))
	waitFor(t, s, "Local server updated and ready")
	a := &asker{method: "GET", url: s.url}
	if err := a.ask(); err != nil || a.last != "version 2" {
		t.Errorf("answered %q, %v", a.last, err)
	}
	save(t, dir, "main.go", hanging)
	waitForMany(t, s, "hanging", 2)
	interruptAll(t, s)
}
