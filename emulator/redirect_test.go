package emulator_test

import (
	"cmp"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// redirectCase is a request that workerd was asked to send, what it came to, and what the
// server outside saw. FAR and CROSS stand for two servers outside.
type redirectCase struct {
	Name string
	Spec fetchSpec
	In   string // who sends it
	// Of the request that its sender has received.
	Method, Body string

	Answer fetchAnswer
	Far    []seen
}

// fetchSpec is a fetch() as the recorded Worker made it.
type fetchSpec struct {
	URL    string `json:"url,omitempty"`
	Target string `json:"target,omitempty"` // "stub": an object
	How    string `json:"how,omitempty"`    // "copyUrl": new Request(url, received)
	Stream string `json:"stream,omitempty"`
	Init   struct {
		Method   string            `json:"method,omitempty"`
		Headers  map[string]string `json:"headers,omitempty"`
		Body     string            `json:"body,omitempty"`
		Redirect string            `json:"redirect,omitempty"`
	} `json:"init,omitzero"`
}

type fetchAnswer struct {
	Status     int             `json:"status,omitempty"`
	URL        string          `json:"url,omitempty"`
	Redirected bool            `json:"redirected,omitempty"`
	WS         bool            `json:"ws,omitempty"`
	SetCookie  []string        `json:"setCookie,omitempty"`
	Location   string          `json:"location,omitempty"`
	Body       any             `json:"body,omitempty"`
	Object     *seen           `json:"object,omitempty"`
	Error      string          `json:"error,omitempty"`
	Own        map[string]bool `json:"own,omitempty"`
}

// seen is a request as a server or an object saw it.
type seen struct {
	M, U, B  string
	Redirect string            `json:",omitempty"`
	H        map[string]string `json:",omitempty"`
}

// sawOf is a request with the headers that the recording has.
func sawOf(method, address string, h http.Header, body io.Reader) seen {
	s := seen{M: method, U: address}
	for _, k := range []string{"Authorization", "Cookie", "Proxy-Authorization", "Referer", "Origin", "Content-Type", "X-A", "User-Agent"} {
		if v, ok := h[k]; ok {
			if s.H == nil {
				s.H = map[string]string{}
			}
			s.H[strings.ToLower(k)] = strings.Join(v, ", ")
		}
	}
	if body != nil {
		b, _ := io.ReadAll(body)
		s.B = string(b)
	}
	return s
}

// redirection is what a request of the recording is answered with, 0 for an echo.
func redirection(q url.Values, loop string) (status int, location string, has bool) {
	var n int
	if _, err := fmt.Sscan(q.Get("n"), &n); err == nil && n > 0 {
		return 302, fmt.Sprintf("%s?n=%d", loop, n-1), true
	}
	fmt.Sscan(q.Get("s"), &status)
	return status, strings.Join(q["to"], ", "), q.Has("to")
}

// outside is a server outside the world.
type outside struct {
	mu  sync.Mutex
	log []seen
}

func (o *outside) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := sawOf(r.Method, r.RequestURI, r.Header, r.Body)
	upgrade := r.Header.Get("Upgrade") != ""
	if upgrade {
		s.H = nil // of these no headers were recorded
	}
	o.mu.Lock()
	o.log = append(o.log, s)
	o.mu.Unlock()
	status, location, has := redirection(r.URL.Query(), "/loop")
	switch {
	case status != 0:
		w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
		if has {
			w.Header()["Location"] = []string{location}
		}
		if r.URL.Path == "/loop" {
			delete(w.Header(), "Set-Cookie")
		}
		body := "redirect body"
		if upgrade {
			body = "bod"
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	case upgrade:
		sum := sha1.Sum([]byte(r.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Sec-WebSocket-Accept", base64.StdEncoding.EncodeToString(sum[:]))
		w.WriteHeader(http.StatusSwitchingProtocols)
	default:
		json.NewEncoder(w).Encode(s)
	}
}

// redirecting is the class of the recording.
type redirecting struct {
	st  *durable.State
	env *durable.Env
}

func (o *redirecting) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	switch r.URL.Path {
	case "/probe-in":
		return answerProbe(ctx, r, o.env)
	case "/ws":
		client, server := durable.WebSocketPair()
		return durable.Upgrade(client), o.st.AcceptWebSocket(server)
	case "/throw":
		return nil, &durable.Error{Name: "TypeError", Message: "thrown"}
	}
	if status, location, has := redirection(r.URL.Query(), "/do/loop"); status != 0 {
		resp := durable.Text(status, "redirect body")
		if r.URL.Path == "/do/loop" {
			resp.Body = nil
		} else {
			resp.Header["Set-Cookie"] = []string{"a=1", "b=2"}
		}
		if has {
			resp.Header["Location"] = []string{location}
		}
		return resp, nil
	}
	s := sawOf(r.Method, r.URL.String(), http.Header(r.Header), r.Body)
	s.Redirect = r.Redirect
	return durable.JSON(200, s)
}

// answerProbe makes the fetch() that its request's header describes.
func answerProbe(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
	var spec fetchSpec
	if err := json.Unmarshal([]byte(r.Header.Get("X-Spec")), &spec); err != nil {
		return nil, err
	}
	return durable.JSON(200, spec.answer(ctx, r, env))
}

func (spec *fetchSpec) answer(ctx context.Context, r *durable.Request, env *durable.Env) fetchAnswer {
	u, err := url.Parse(spec.URL)
	if err != nil {
		return fetchAnswer{Error: err.Error()}
	}
	var q *durable.Request
	switch spec.How {
	case "copyUrl", "copyUrlFollow":
		q = r.Clone()
		q.URL = u
		if spec.How == "copyUrlFollow" {
			q.Redirect = "follow"
		}
	default:
		q = &durable.Request{URL: u}
		if u.IsAbs() && u.Host != "" {
			var body io.Reader
			if spec.Init.Body != "" {
				body = strings.NewReader(spec.Init.Body)
			} else if spec.Stream != "" {
				body = io.MultiReader(strings.NewReader(spec.Stream))
			}
			if q, err = durable.NewRequest("", spec.URL, body); err != nil {
				return fetchAnswer{Error: err.Error()}
			}
		}
		q.Method, q.Redirect = spec.Init.Method, spec.Init.Redirect
		for k, v := range spec.Init.Headers {
			q.Header.Set(k, v)
		}
	}
	send := durable.Fetch
	if spec.Target == "stub" {
		send = env.DurableObject("O").GetByName("x").Fetch
	}
	resp, err := send(ctx, q)
	if err != nil {
		var e *durable.Error
		if !errors.As(err, &e) {
			return fetchAnswer{Error: err.Error()}
		}
		a := fetchAnswer{Error: e.Name + "|" + e.Name + ": " + e.Message, Own: map[string]bool{}}
		for k, set := range map[string]bool{"remote": e.Remote, "retryable": e.Retryable, "overloaded": e.Overloaded} {
			if set {
				a.Own[k] = true
			}
		}
		return a
	}
	a := fetchAnswer{Status: resp.Status, URL: resp.URL, Redirected: resp.Redirected, WS: resp.WebSocket != nil,
		SetCookie: resp.Header.Values("Set-Cookie"), Location: resp.Header.Get("Location"), Body: ""}
	if resp.Body != nil {
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return fetchAnswer{Error: "body: " + err.Error()}
		}
		a.Body = string(b)
		if strings.HasPrefix(string(b), "{") {
			a.Body = "echo"
			if spec.Target == "stub" {
				a.Object = &seen{}
				if err := json.Unmarshal(b, a.Object); err != nil {
					return fetchAnswer{Error: err.Error()}
				}
			}
		}
	}
	if spec.Init.Method == "HEAD" {
		a.Body = ""
		a.Object = nil
	}
	return a
}

// What fetch() and stub.fetch() make of redirects, as recorded.
func TestRedirects(t *testing.T) {
	data, err := os.ReadFile("../fixtures/fetch/redirects.json")
	if err != nil {
		t.Fatal(err)
	}
	far := &outside{}
	one, two := httptest.NewServer(far), httptest.NewServer(far)
	defer one.Close()
	defer two.Close()
	var cases []redirectCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	addresses := strings.NewReplacer("FAR", one.Listener.Addr().String(), "CROSS", two.Listener.Addr().String())
	names := strings.NewReplacer(one.Listener.Addr().String(), "FAR", two.Listener.Addr().String(), "CROSS")
	class := durable.Define("O", func(_ context.Context, st *durable.State, env *durable.Env) (*redirecting, error) {
		return &redirecting{st, env}, nil
	})
	w := emutest.New(t, emutest.Classes(class), emutest.Worker(durable.WorkerFunc(
		func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
			if r.URL.Path == "/probe-in" {
				return env.DurableObject("O").GetByName("p").Fetch(ctx, r)
			}
			return answerProbe(ctx, r, env)
		})))
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			far.log = nil
			path := "/probe"
			if c.In == "object" {
				path = "/probe-in"
			}
			r, err := http.NewRequest(cmp.Or(c.Method, "GET"), "http://emu.test"+path, strings.NewReader(c.Body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Spec", addresses.Replace(show(c.Spec)))
			r.Header["User-Agent"] = nil
			resp, err := w.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			answer, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			var got fetchAnswer
			if err := json.Unmarshal([]byte(names.Replace(string(answer))), &got); err != nil {
				t.Fatalf("%v: %s", err, answer)
			}
			if got, want := show(got), show(c.Answer); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if got, want := names.Replace(show(far.log)), show(c.Far); got != want {
				t.Errorf("outside was seen\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// What a fetch() that gets no response throws, and what reading a body that breaks off
// does, as recorded.
func TestFetchFails(t *testing.T) {
	const lost = "Network connection lost."
	for _, tt := range []struct {
		name, answer, want string
		reset              bool
	}{
		{"reset", "", lost + " remote retryable", true},
		{"closed", "", lost + " remote retryable", false},
		{"half a header", "HTTP/1.1 200 OK\r\nContent-Le", lost + " remote retryable", false},
		{"no HTTP", "\x00\x01garbage\r\n\r\n", lost + " remote retryable", false},
		{"HTTP/0.9", "hello\r\n", lost + " remote retryable", false},
		{"a body cut short", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "200 " + lost + " retryable", false},
		{"a chunk cut short", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", "200 " + lost + " retryable", false},
		{"a bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc", "200 " + lost + " retryable", false},
		{"nobody listens", "refused", lost + " remote retryable", false},
		{"no such name", "http://a..b/", "internal error; reference = R remote", false},
		{"no TLS", "https", "internal error; reference = R remote", false},
	} {
		for _, upgrade := range []string{"", "websocket"} {
			if upgrade != "" && strings.HasPrefix(tt.want, "200") {
				continue
			}
			t.Run(tt.name+" "+upgrade, func(t *testing.T) {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				address, answer := "http://"+l.Addr().String()+"/", tt.answer
				switch {
				case tt.answer == "refused":
					l.Close()
				case tt.answer == "https":
					address = "https://" + l.Addr().String() + "/"
					answer = "HTTP/1.1 400 Bad Request\r\n\r\n"
				case strings.HasPrefix(tt.answer, "http:"):
					address = tt.answer
				}
				go func() {
					for {
						c, err := l.Accept()
						if err != nil {
							return
						}
						c.Read(make([]byte, 4096))
						io.WriteString(c, answer)
						if tt.reset {
							c.(*net.TCPConn).SetLinger(0)
						}
						c.Close()
					}
				}()
				r := newRig(t, script{})
				got := ""
				r.run(func(ctx context.Context, _ *probe) error {
					q, err := durable.NewRequest("GET", address, nil)
					if err != nil {
						return err
					}
					if upgrade != "" {
						q.Header.Set("Upgrade", upgrade)
					}
					resp, err := durable.Fetch(ctx, q)
					if err == nil {
						got = fmt.Sprint(resp.Status, " ")
						_, err = io.ReadAll(resp.Body)
					}
					var e *durable.Error
					if !errors.As(err, &e) {
						got += fmt.Sprint(err)
						return nil
					}
					got += referenceText.ReplaceAllString(e.Message, "= R")
					for _, own := range []struct {
						name string
						set  bool
					}{{" remote", e.Remote}, {" retryable", e.Retryable}, {" overloaded", e.Overloaded}, {" reset", e.DurableObjectReset}} {
						if own.set {
							got += own.name
						}
					}
					return nil
				})
				if got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			})
		}
	}
}

var referenceText = regexp.MustCompile("= [0-9a-v]{24}$")
