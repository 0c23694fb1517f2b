package emucmd

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test's own program stand for emu, in scripts and for
// exec.Command("emu").
func TestMain(m *testing.M) {
	testscript.Main(withHome{m}, map[string]func(){"emu": func() { os.Exit(Main(os.Args[1:])) }})
}

// home is the home folder of every emu that the tests start, so that a Worker that several
// tests serve is linked once.
var home string

// withHome makes the home before the tests and removes it after them.
type withHome struct{ *testing.M }

func (m withHome) Run() int {
	var err error
	if home, err = os.MkdirTemp("", "emu-home-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(home)
	return m.M.Run()
}

// TestScript runs testdata/script, each file a session at a terminal. Beside
// testscript's own commands there are:
//
//	serve emu dev …       starts emu and waits for the ready line; sets $URL, $PORT
//	get PATH REGEXP       expects an answer, with ! that there is none
//	says REGEXP           expects what the server has printed so far to match
//	await TEXT N          waits until it has printed a text so many times
//	signal INT|TERM CODE  sends a signal and expects the exit code
func TestScript(t *testing.T) {
	t.Parallel()
	worker, err := filepath.Abs("testdata/worker")
	if err != nil {
		t.Fatal(err)
	}
	emu, err := exec.LookPath("emu")
	if err != nil {
		t.Fatal(err)
	}
	env := scriptEnv(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Vars = append(e.Vars, env...)
			e.Setenv("WORKER", worker)
			e.Setenv("EMU", emu)
			e.Values[running] = new(*served)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": serve, "get": get, "says": says, "await": awaitText, "signal": send,
		},
	})
}

// goSettings are the go command's settings on this machine. A test with another home passes
// them on.
var goSettings = []string{"GOCACHE", "GOMODCACHE", "GOFLAGS", "GOTOOLCHAIN", "GOPROXY", "GONOPROXY", "GOPRIVATE", "GOINSECURE", "GOVCS", "GOAUTH"}

// netSettings are how programs reach the network on this machine.
var netSettings = []string{
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "NETRC",
}

// scriptEnv is the environment of a script with the tests' home: it builds with the caches of
// this machine. A user's module needs the modules of this one, also some that no test here has
// downloaded, so it may download them. No checksum database is asked: [checkSums] compares with
// this module's go.sum, and nothing needs a network once the modules are there.
func scriptEnv(t *testing.T) []string {
	t.Helper()
	env, err := environment()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(env)
}

var environment = sync.OnceValues(func() (env []string, err error) {
	env = append(env, "HOME="+home, "XDG_CACHE_HOME="+home, "LocalAppData="+home, "GONOSUMDB=*")
	for _, name := range netSettings {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	if user, err := os.UserHomeDir(); err == nil && os.Getenv("NETRC") == "" {
		env = append(env, "NETRC="+filepath.Join(user, ".netrc"))
	}
	out, err := exec.Command("go", append([]string{"env"}, goSettings...)...).Output()
	if err != nil {
		return nil, err
	}
	for i, value := range strings.Split(strings.TrimSuffix(string(out), "\n"), "\n") {
		value = strings.TrimSpace(value)
		if goSettings[i] == "GOFLAGS" {
			value = strings.TrimSpace(value + " -ldflags=-w") // linking without debug information takes half the time
		}
		env = append(env, goSettings[i]+"="+value)
	}
	return env, nil
})

// checkSums checks that each line of a user's go.sum is in emu's.
func checkSums(t *testing.T, dir string) {
	t.Helper()
	sums, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	known, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(sums)) {
		if !strings.Contains(string(known), line) {
			t.Errorf("emu's go.sum has no line %s", line)
		}
	}
}

type key struct{}

// running is the key of a script's server.
var running key

// served is an emu dev that runs.
type served struct {
	cmd   *exec.Cmd
	url   string
	ended chan struct{}

	pipe   *os.File // the reader's end of both streams
	mu     sync.Mutex
	output bytes.Buffer
	more   chan struct{} // closed when there is more output
	ready  chan string
}

// readyLine matches the ready line, which other tools look for too, and the ready event.
var readyLine = regexp.MustCompile(`(?:Ready on |"type":"ready","message":")(https?:\/\/[^"]*)`)

// patience bounds a build with its start.
const patience = 2 * time.Minute

// start starts a command and waits until it is ready.
func start(c *exec.Cmd) (*served, error) {
	s := &served{cmd: c, ended: make(chan struct{}), ready: make(chan string, 1), more: make(chan struct{})}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.Stdout, c.Stderr = w, w
	err = c.Start()
	w.Close()
	if err != nil {
		r.Close()
		return nil, err
	}
	s.pipe = r
	go func() {
		defer close(s.ended)
		s.read(r)
		r.Close()
		c.Wait()
	}()
	select {
	case s.url = <-s.ready:
		return s, nil
	case <-s.ended:
		return nil, fmt.Errorf("%v: ended before it was ready: %v\n%s", c.Args, c.ProcessState, s.tail())
	case <-time.After(patience):
		s.kill()
		return nil, fmt.Errorf("%v is not ready\n%s", c.Args, s.tail())
	}
}

// read gathers the output until every process that writes it has ended.
func (s *served) read(r io.Reader) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		s.mu.Lock()
		s.output.Write(append(lines.Bytes(), '\n'))
		close(s.more)
		s.more = make(chan struct{})
		s.mu.Unlock()
		if m := readyLine.FindSubmatch(lines.Bytes()); m != nil {
			select {
			case s.ready <- string(m[1]):
			default: // only the first ready line counts
			}
		}
	}
}

func (s *served) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.output.String()
}

// maxShown bounds the output that a failing test prints; the end matters most.
const maxShown = 10_000

// tail is the end of what was printed.
func (s *served) tail() string {
	said := s.said()
	if len(said) > maxShown {
		said = "…" + said[len(said)-maxShown:]
	}
	return said
}

// awaitMany waits until the server has printed a text so many times.
func (s *served) awaitMany(text string, n int) error {
	late := time.After(patience)
	for {
		s.mu.Lock()
		said, more := s.output.String(), s.more
		s.mu.Unlock()
		if strings.Count(said, text) >= n {
			return nil
		}
		select {
		case <-more:
		case <-s.ended:
			if s.said() == said {
				return fmt.Errorf("the server has ended, and %q was not printed %d times", text, n)
			}
		case <-late:
			return fmt.Errorf("%q was not printed %d times", text, n)
		}
	}
}

// kill kills the command and waits.
func (s *served) kill() {
	s.cmd.Process.Kill()
	s.wait()
}

// wait waits until the command and everything that writes its output have ended. It gives up
// after patience.
func (s *served) wait() error {
	select {
	case <-s.ended:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("%v does not end, or something goes on that has its output\n%s", s.cmd.Args, s.tail())
	}
}

// port is the port of a URL.
func port(t interface{ Fatalf(string, ...any) }, url string) string {
	_, p, err := net.SplitHostPort(url[strings.Index(url, "//")+2:])
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	return p
}

func serve(ts *testscript.TestScript, neg bool, args []string) {
	path, err := exec.LookPath(args[0])
	ts.Check(err)
	c := exec.Command(path, args[1:]...)
	c.Dir = ts.Getenv("WORK")
	for _, name := range slices.Concat([]string{"HOME", "XDG_CACHE_HOME", "LocalAppData", "GONOSUMDB", "PATH", "SystemRoot", "TMPDIR", "TMP"}, goSettings, netSettings) {
		if value := ts.Getenv(name); value != "" {
			c.Env = append(c.Env, name+"="+value)
		}
	}
	s, err := start(c)
	ts.Check(err)
	*ts.Value(running).(**served) = s
	ts.Setenv("URL", s.url)
	ts.Setenv("PORT", port(ts, s.url))
	ts.Defer(s.kill)
}

// server is the script's server.
func server(ts *testscript.TestScript) *served {
	s := *ts.Value(running).(**served)
	if s == nil {
		ts.Fatalf("nothing is served")
	}
	return s
}

// client trusts a certificate that emu has signed.
var client = http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

func get(ts *testscript.TestScript, neg bool, args []string) {
	resp, err := client.Get(server(ts).url + args[0])
	if neg && err != nil {
		return
	}
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if !regexp.MustCompile(args[1]).Match(body) {
		ts.Fatalf("answered: %s %s", resp.Status, body)
	}
}

func says(ts *testscript.TestScript, neg bool, args []string) {
	s := server(ts)
	said := s.said()
	if regexp.MustCompile("(?m)"+args[0]).MatchString(said) == neg {
		ts.Fatalf("the server has said:\n%s", s.tail())
	}
}

func awaitText(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	s := server(ts)
	if err := s.awaitMany(args[0], n); err != nil {
		ts.Fatalf("%v; it has said:\n%s", err, s.tail())
	}
}

func send(ts *testscript.TestScript, neg bool, args []string) {
	s := server(ts)
	signals := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM}
	ts.Check(s.cmd.Process.Signal(signals[args[0]]))
	ts.Check(s.wait())
	if code := fmt.Sprint(s.cmd.ProcessState.ExitCode()); code != args[1] {
		ts.Fatalf("ended with %s", code)
	}
}
