package devserver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
)

// load reads a configuration from a file of its own.
func load(t *testing.T, text string) *config.Result {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "wrangler.jsonc"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	r := config.Load(config.Options{Dir: dir})
	if r.Config == nil {
		t.Fatal(r.Errors)
	}
	return r
}

// serve starts a server of one function in memory. What it logs is in the buffer
// once the server is closed.
func serve(t *testing.T, o Options, fetch durable.WorkerFunc) (*Server, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	if o.Log == nil {
		o.Log = &Log{Level: LevelDebug}
	}
	o.Log.Out, o.Log.Err = &out, &out
	o.World.Config = load(t, `{"name": "hello", "compatibility_date": "2026-11-17"}`).Config
	o.World.Worker = durable.Export(fetch)
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, &out
}

// Addrs are the addresses that a server listens on.
func (s *Server) Addrs() (addrs []net.Addr) {
	for _, l := range s.listeners {
		addrs = append(addrs, l.Addr())
	}
	return addrs
}

func hello(context.Context, *durable.Request, *durable.Env) (*durable.Response, error) {
	return durable.Text(200, "hello"), nil
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestLocalhost: the default is one port on both loopback addresses, and the
// ready line has the name that people type.
func TestLocalhost(t *testing.T) {
	s, out := serve(t, Options{}, hello)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.URL(), "http://"))
	if s.URL() != "http://localhost:"+port || port == "0" {
		t.Errorf("URL %s", s.URL())
	}
	hosts := []string{"127.0.0.1", "[::1]"}[:len(s.Addrs())]
	for _, host := range hosts {
		if got := fetch(t, "http://"+host+":"+port+"/a%20b?c=d"); got != "hello" {
			t.Errorf("%s answers %q", host, got)
		}
	}
	if _, err := net.ListenPacket("udp6", "[::1]:0"); err == nil && len(hosts) != 2 {
		t.Errorf("listens on %v only", hosts)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if want := "[wrangler:info] Ready on " + s.URL(); lines[0] != want || len(lines) != 1+len(hosts) {
		t.Errorf("log:\n%s", out)
	}
	for _, line := range lines[1:] {
		if !strings.HasPrefix(line, "[wrangler:info] GET /a%20b 200 OK (") {
			t.Errorf("logs %q", line)
		}
	}
}

func TestAddresses(t *testing.T) {
	tests := []struct{ ip, url string }{
		{"127.0.0.1", "http://127.0.0.1:"},
		{"*", "http://localhost:"},
		{"0.0.0.0", "http://localhost:"},
	}
	for _, test := range tests {
		t.Run(test.ip, func(t *testing.T) {
			s, _ := serve(t, Options{Address: Address{IP: test.ip}}, hello)
			if !strings.HasPrefix(s.URL(), test.url) || len(s.Addrs()) != 1 {
				t.Errorf("serves %s at %v", s.URL(), s.Addrs())
			}
			if got := fetch(t, s.URL()); got != "hello" {
				t.Errorf("answers %q", got)
			}
		})
	}
}

func TestBusyPort(t *testing.T) {
	for _, busy := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(busy, func(t *testing.T) {
			l, err := net.Listen("tcp", busy)
			if err != nil {
				t.Skip(err)
			}
			defer l.Close()
			port := portOf(l)
			persist := filepath.Join(t.TempDir(), "state")
			_, err = Start(Options{
				Address: Address{Port: port}, Log: &Log{Out: io.Discard, Err: io.Discard},
				World: emulator.Options{Config: load(t, `{"name": "hello"}`).Config, Persist: persist},
			})
			var inUse *InUseError
			if !errors.As(err, &inUse) {
				t.Fatalf("error %v", err)
			}
			want := fmt.Sprintf("Address already in use (localhost:%d). Please check that you are not already running a server on this address or specify a different port with --port.", port)
			if inUse.Error() != want {
				t.Errorf("says %q", inUse)
			}
			if _, err := os.Stat(persist); err == nil {
				t.Error("the stored state was touched")
			}
			if runtime.GOOS == "linux" {
				want := fmt.Sprintf("port %d is held by process %d (", port, os.Getpid())
				if !strings.HasPrefix(inUse.Hint(), want) {
					t.Errorf("hints %q", inUse.Hint())
				}
			}
		})
	}
}

// TestAddressNotOurs: an address that no interface of this machine has.
func TestAddressNotOurs(t *testing.T) {
	_, err := listen("192.0.2.1", 0)
	if err == nil || !strings.HasPrefix(err.Error(), "cannot listen on 192.0.2.1:0: ") {
		t.Errorf("error %v", err)
	}
}

// raw sends a request as it stands and returns the answer as it stands.
func raw(t *testing.T, s *Server, head string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, head+"Connection: close\r\n\r\n")
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// TestLocalPaths: paths below /cdn-cgi/ answer this machine only. The answers are
// those that wrangler gave.
func TestLocalPaths(t *testing.T) {
	const (
		host   = "HTTP/1.1 403 Invalid Host header\r\nContent-Length: 19\r\nContent-Type: text/plain;charset=UTF-8\r\n"
		origin = "HTTP/1.1 403 Invalid Origin header\r\nContent-Length: 21\r\nContent-Type: text/plain;charset=UTF-8\r\n"
		ok     = "HTTP/1.1 200 OK\r\n"
	)
	tests := []struct{ path, headers, want, body string }{
		{"/cdn-cgi/local/ready", "Host: localhost:8787\r\n", ok, "ok"},
		{"/cdn-cgi/local/ready", "Host: LOCALHOST\r\n", ok, "ok"},
		{"/cdn-cgi/local/ready", "Host: [::1]:8787\r\nOrigin: http://127.0.0.1:3000\r\n", ok, "ok"},
		{"/cdn-cgi/local/ready", "Host: evil.example\r\n", host, "Invalid Host header"},
		{"/cdn-cgi/local/ready", "Host: localhost.evil.example:8787\r\n", host, "Invalid Host header"},
		{"/cdn-cgi/other", "Host: evil.example\r\n", host, "Invalid Host header"},
		{"/cdn-cgi/local/ready", "Host: localhost\r\nOrigin: https://evil.example\r\n", origin, "Invalid Origin header"},
		{"/cdn-cgi/local/ready", "Host: localhost\r\nOrigin: null\r\n", origin, "Invalid Origin header"},
		{"/cdn-cgi/local/ready", "Host: localhost\r\nOrigin: http://localhost\r\nOrigin: http://evil.example\r\n", origin, "Invalid Origin header"},
		{"/cdn-cgi/local/ready", "Host: localhost\r\nOrigin: http://evil.example\r\nOrigin: http://localhost\r\n", origin, "Invalid Origin header"},
		{"/cdn-cgi/local/ready", "Host: localhost\r\nOrigin: http://localhost, http://evil.example\r\n", origin, "Invalid Origin header"},
		{"/cdn-cgi/local/ready", "Host: localhost\r\nOrigin: localhost\r\n", origin, "Invalid Origin header"},
		{"/cdn-cgi/local/ready", "Host: localhost\r\nOrigin: \r\n", ok, "ok"},
		{"/cdn-cgi/local/ready", "Host: localhost\r\nOrigin: file://localhost\r\n", origin, "Invalid Origin header"},
		{"/a/../cdn-cgi/other", "Host: evil.example\r\n", host, "Invalid Host header"},
		{"/a/%2e%2E/cdn-cgi/other", "Host: evil.example\r\n", host, "Invalid Host header"},
		{"/cdn-cgi/../other", "Host: evil.example\r\n", ok, "hello"},
		{"/%63dn-cgi/other", "Host: evil.example\r\n", ok, "hello"},
		{"/cdn-cgi/other", "Host: 127.0.0.1\r\n", ok, "hello"},
		{"/elsewhere", "Host: evil.example\r\nOrigin: https://evil.example\r\n", ok, "hello"},
	}
	s, out := serve(t, Options{}, hello)
	for _, test := range tests {
		got := raw(t, s, "GET "+test.path+" HTTP/1.1\r\n"+test.headers)
		if !strings.HasPrefix(got, test.want) || !strings.HasSuffix(got, "\r\n\r\n"+test.body) {
			t.Errorf("%s %q: %s", test.path, test.headers, got)
		}
	}
	s.Close()
	if strings.Contains(out.String(), "cdn-cgi") {
		t.Errorf("log:\n%s", out)
	}
}

// TestOptionsAsterisk: the Worker answers every request, also the one that
// net/http would answer itself.
func TestOptionsAsterisk(t *testing.T) {
	s, _ := serve(t, Options{}, hello)
	if got := raw(t, s, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n"); !strings.HasSuffix(got, "hello") {
		t.Errorf("answers %s", got)
	}
}

// TestClose: an idle connection, one that has sent half a request, and one whose
// handler waits for its context are all let go.
func TestClose(t *testing.T) {
	inside := make(chan struct{})
	s, _ := serve(t, Options{}, func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
		if r.URL.Path == "/wait" {
			close(inside)
			<-ctx.Done()
		}
		return hello(ctx, r, env)
	})
	var conns []net.Conn
	for _, send := range []string{
		"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET / HTTP/1.1\r\nHo",
		"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", s.Addrs()[0].String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, send)
		conns = append(conns, conn)
	}
	if _, err := http.ReadResponse(bufio.NewReader(conns[0]), nil); err != nil {
		t.Fatal(err)
	}
	<-inside
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for i, conn := range conns {
		if _, err := io.Copy(io.Discard, conn); err != nil && i != 1 { // half a request is reset
			t.Errorf("connection %d: %v", i, err)
		}
	}
	if l, err := net.Listen("tcp", s.Addrs()[0].String()); err != nil {
		t.Errorf("the port is not free: %v", err)
	} else {
		l.Close()
	}
}

// TestJSON: an event is a line, and lines for people are not there.
func TestJSON(t *testing.T) {
	var out bytes.Buffer
	log := &Log{Out: &out, Err: io.Discard, Level: LevelLog, JSON: true}
	r := load(t, `{"name": "hello", "vars": {"A": 1}}`)
	log.Banner("emu", r)
	s, err := Start(Options{Log: log, World: emulator.Options{Config: r.Config, Worker: durable.Export(durable.WorkerFunc(hello))}})
	if err != nil {
		t.Fatal(err)
	}
	fetch(t, s.URL()+"/x")
	s.Close()
	var types []string
	for line := range strings.Lines(out.String()) {
		var e emulator.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if e.Time.IsZero() {
			t.Errorf("no time: %s", line)
		}
		message, _, _ := strings.Cut(e.Message, "\n")
		types = append(types, string(e.Type)+" "+message+e.Path+" "+strconv.Itoa(e.Status))
	}
	if got := strings.Join(types, "\n"); got != "log warning: "+fmt.Sprintf(msgNoDate, emulator.DefaultCompatibilityDate)+" 0\nready "+s.URL()+" 0\nrequest /x 200" {
		t.Errorf("events:\n%s", got)
	}
}

// TestHeadTime: a head has 15 seconds to arrive, as with Wrangler, where the client's connection is then closed.
func TestHeadTime(t *testing.T) {
	s, _ := serve(t, Options{}, hello)
	if s.http.ReadHeaderTimeout != 15*time.Second {
		t.Errorf("a head has %v", s.http.ReadHeaderTimeout)
	}
}
