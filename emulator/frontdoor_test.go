package emulator_test

// https://developers.cloudflare.com/workers/runtime-apis/handlers/fetch/

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// doors runs a test in memory and over the loopback interface.
func doors(t *testing.T, worker durable.WorkerFunc, test func(t *testing.T, r *rig, dial func() net.Conn)) {
	t.Run("in memory", func(t *testing.T) {
		r := newRig(t, script{}, emutest.Worker(worker))
		test(t, r, r.dial)
	})
	t.Run("loopback", func(t *testing.T) {
		r := newRig(t, script{}, emutest.Worker(worker))
		url := r.Listen()
		test(t, r, func() net.Conn { return r.dialTCP(url) })
	})
}

// What the Worker sees of a request. Recorded with raw requests.
func TestRequests(t *testing.T) {
	worker := durable.WorkerFunc(func(_ context.Context, q *durable.Request, _ *durable.Env) (*durable.Response, error) {
		var b strings.Builder
		fmt.Fprintf(&b, "%s %s\n", q.Method, q.URL)
		var keys []string
		for k, v := range q.Header {
			keys = append(keys, strings.ToLower(k)+": "+strings.Join(v, ", "))
		}
		slices.Sort(keys)
		return durable.Text(200, b.String()+strings.Join(keys, "\n")), nil
	})
	const forced = "accept-encoding: br, gzip\ncf-connecting-ip: 127.0.0.1\n"
	doors(t, worker, func(t *testing.T, r *rig, dial func() net.Conn) {
		for _, tt := range []struct{ name, request, want string }{
			{"FD-1 a bare request", "GET / HTTP/1.1\r\nHost: h.test:99\r\nConnection: close\r\n\r\n",
				"GET http://h.test:99/\n" + forced + "host: h.test:99"},
			{"FD-1 what belongs to the connection", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close, X-Kept\r\nKeep-Alive: 5\r\nTE: trailers\r\nUpgrade: h2c\r\nX-Kept: 1\r\nProxy-Connection: x\r\n\r\n",
				"GET http://h/\n" + forced + "host: h\nproxy-connection: x\nx-kept: 1"},
			{"FD-1 the client's own", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nCF-Connecting-IP: 1.2.3.4\r\nX-Forwarded-For: 9.9.9.9\r\nCF-Ray: x\r\nAccept-Encoding: identity\r\nX-B: 1\r\nX-B: 3\r\n\r\n",
				"GET http://h/\naccept-encoding: br, gzip\ncf-connecting-ip: 1.2.3.4\ncf-ray: x\nhost: h\nx-b: 1, 3\nx-forwarded-for: 9.9.9.9"},
			{"FD-1 a body's", "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\nContent-Type: a/b\r\n\r\nabc",
				"POST http://h/\n" + forced + "content-length: 3\ncontent-type: a/b\nhost: h"},
			{"FD-1 a chunked body's", "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
				"POST http://h/\n" + forced + "host: h\ntransfer-encoding: chunked"},
			{"FD-2 the path is kept", "GET /a%20b/%7Ec//d/?x=%20y+z HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n",
				"GET http://example.com/a%20b/%7Ec//d/?x=%20y+z\n" + forced + "host: example.com"},
			{"FD-2 dot segments", "GET /w/a/../b//c/./d/%2E%2e/e/..?q HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
				"GET http://h/w/b//c/?q\n" + forced + "host: h"},
			{"FD-2 too many dots", "GET /../../.well-known/...?q HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
				"GET http://h/.well-known/...?q\n" + forced + "host: h"},
			{"FD-2 two slashes", "GET //two HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
				"GET http://h//two\n" + forced + "host: h"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				_, body, _ := strings.Cut(r.exchange(dial(), tt.request), "\r\n\r\n")
				if body != tt.want {
					t.Errorf("got\n%s\nwant\n%s", body, tt.want)
				}
			})
		}
		refused := func(status, text string) string {
			return fmt.Sprintf("HTTP/1.1 %s\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", status, len(text), text)
		}
		for _, tt := range []struct{ name, request string }{
			{"FD the longest address", "GET /" + strings.Repeat("a", 65511) + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"},
			{"FD as many headers as can be", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + strings.Repeat("X-A: a\r\n", 16380) + "\r\n"},
			{"FD the longest name", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + strings.Repeat("a", 65535) + ": b\r\n\r\n"},
			{"FD the largest header", "GET /401 HTTP/1.0\r\nHost: x\r\nX-A: " + strings.Repeat("a", 491083) + "\r\n\r\n"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				if got := r.exchange(dial(), tt.request); !strings.HasPrefix(got[8:], " 200 OK\r\n") {
					t.Errorf("got %.200s", got)
				}
			})
		}
		for _, tt := range []struct{ name, request, want string }{
			{"FD an unknown method", "LINK / HTTP/1.1\r\nHost: h\r\n\r\n",
				"HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 35\r\n\r\nERROR: Unrecognized request method."},
			{"FD a method in lower case", "get / HTTP/1.1\r\nHost: h\r\n\r\n",
				"HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 35\r\n\r\nERROR: Unrecognized request method."},
			{"FD a version that is none", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", refused("400 Bad Request", "invalid HTTP version parsed")},
			{"FD too long an address", "GET /" + strings.Repeat("a", 100_000) + " HTTP/1.1\r\nHost: h\r\n\r\n", refused("414 Request URI Too Long", "URI too long")},
			{"FD an address just too long", "GET /" + strings.Repeat("a", 65512) + " HTTP/1.1\r\nHost: h\r\n\r\n", refused("414 Request URI Too Long", "URI too long")},
			{"FD too many headers", "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("X-A: "+strings.Repeat("a", 993)+"\r\n", 1000) + "\r\n",
				refused("431 Request Header Fields Too Large", "message head is too large")},
			{"FD a header just too large", "GET /401 HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 491084) + "\r\n\r\n",
				refused("431 Request Header Fields Too Large", "message head is too large")},
			{"FD one header too many", "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("X-A: a\r\n", 16382) + "\r\n",
				refused("431 Request Header Fields Too Large", "message head is too large")},
			{"FD too long a name", "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("a", 65536) + ": b\r\n\r\n",
				refused("431 Request Header Fields Too Large", "message head is too large")},
			{"FD no host", "GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 400 Bad Request\r\nContent-Length: 11\r\n\r\nBad Request"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				if got := r.exchange(dial(), tt.request); got != tt.want {
					t.Errorf("got\n%s\nwant\n%s", got, tt.want)
				}
			})
		}
	})
	t.Run("FD-3 request.cf", func(t *testing.T) {
		r := newRig(t, script{}, emutest.Worker(durable.WorkerFunc(func(_ context.Context, q *durable.Request, _ *durable.Env) (*durable.Response, error) {
			return durable.Text(200, fmt.Sprintf("%+v", q.CF)), nil
		})))
		if got := r.Fetch("GET", "/").Body; !strings.Contains(got, "Colo:DFW Country:US") {
			t.Errorf("got %s", got)
		}
	})
}

// closedBody fails after a piece.
type closedBody struct{ r io.Reader }

func (b *closedBody) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == io.EOF {
		err = errors.New("mid")
	}
	return n, err
}

// What the client sees of a response. Recorded.
func TestResponses(t *testing.T) {
	worker := durable.WorkerFunc(func(ctx context.Context, q *durable.Request, env *durable.Env) (*durable.Response, error) {
		switch q.URL.Path {
		case "/text":
			return durable.Text(200, "hi"), nil
		case "/headers":
			return &durable.Response{Header: durable.Header{"x-low": {"1"}, "X-Two": {"1", "2"}, "Connection": {"close"}, "Transfer-Encoding": {"chunked"},
				"Keep-Alive": {"x"}, "Upgrade": {"h2c"}, "Content-Length": {"5"}}, Body: strings.NewReader("hi")}, nil
		case "/null":
			return &durable.Response{Header: durable.Header{"Content-Length": {"7"}}}, nil
		case "/204":
			return &durable.Response{Status: 204}, nil
		case "/304":
			return &durable.Response{Status: 304}, nil
		case "/404":
			return &durable.Response{Status: 404}, nil
		case "/known":
			return &durable.Response{Header: durable.Header{"Content-Length": {"3"}}, Body: io.LimitReader(strings.NewReader("abcdef"), 3)}, nil
		case "/stream":
			return &durable.Response{Body: io.MultiReader(strings.NewReader("p0"), strings.NewReader("p1"))}, nil
		case "/midway":
			return &durable.Response{Body: &closedBody{strings.NewReader("abc")}}, nil
		case "/throw":
			return nil, &durable.Error{Name: "TypeError", Message: "worker boom"}
		case "/error":
			return nil, errors.New("strboom")
		case "/panic":
			panic("lost")
		}
		return env.DurableObject("P").GetByName("o").Fetch(ctx, q)
	})
	const html = "Content-Type: text/html;charset=utf-8\r\n"
	error500 := func(text string) string {
		return fmt.Sprintf("HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain;charset=UTF-8\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(text), text)
	}
	doors(t, worker, func(t *testing.T, r *rig, dial func() net.Conn) {
		for _, tt := range []struct{ name, method, path, header, want string }{
			{"FD-4 not encoded", "GET", "/text", "Accept-Encoding: gzip, br\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain;charset=UTF-8\r\nConnection: close\r\n\r\nhi"},
			{"FD HEAD", "HEAD", "/text", "", "HTTP/1.1 200 OK\r\nContent-Type: text/plain;charset=UTF-8\r\nConnection: close\r\n\r\n"},
			{"FD HEAD without a body", "HEAD", "/null", "", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n"},
			{"FD headers", "GET", "/headers", "", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Low: 1\r\nX-Two: 1\r\nX-Two: 2\r\nConnection: close\r\n\r\nhi"},
			{"FD no body", "GET", "/null", "", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
			{"FD 204", "GET", "/204", "", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"},
			{"FD 304", "GET", "/304", "", "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"},
			{"FD 404", "GET", "/404", "", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
			{"FD a stream of known length", "GET", "/known", "", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"},
			{"FD a stream", "GET", "/stream", "", "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\np0\r\n2\r\np1\r\n0\r\n\r\n"},
			{"FD-9 a body that breaks off", "GET", "/midway", "", "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
			{"FD-5 an exception", "GET", "/throw", "", error500("TypeError: worker boom")},
			{"FD-5 an error", "POST", "/error", "Content-Length: 0\r\n", error500("Error: strboom")},
			{"FD-5 curl gets text", "GET", "/throw", "Accept: */*\r\nUser-Agent: curl/8\r\n", error500("TypeError: worker boom")},
			{"FD-5 JSON is no page", "GET", "/throw", "Accept: application/json\r\nUser-Agent: x\r\n", error500("TypeError: worker boom")},
			{"FD-7 an upgrade", "GET", "/throw", upgrade, "HTTP/1.1 500 Internal Server Error\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
			{"FD-8 an object's exception", "GET", "/object", "", error500("Error: from the object")},
			{"FD-8 an object's exception at an upgrade", "GET", "/object", upgrade, "HTTP/1.1 500 Internal Server Error\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				r.script.fetch = func(context.Context, *probe, *durable.Request) (*durable.Response, error) {
					return nil, errors.New("from the object")
				}
				got := dateless(r.exchange(dial(), tt.method+" "+tt.path+" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"+tt.header+"\r\n"))
				if tt.header == upgrade {
					got = strings.Replace(got, "Connection: close\r\n", "", 1)
				}
				if got != tt.want {
					t.Errorf("got\n%s\nwant\n%s", got, tt.want)
				}
			})
		}
		for _, accept := range []string{"text/html", "*/*", "TEXT/*;q=0.5", "application/json, text/html"} {
			t.Run("FD-5 a page for "+accept, func(t *testing.T) {
				got := r.exchange(dial(), "GET /throw HTTP/1.1\r\nHost: h\r\nConnection: close\r\nUser-Agent: Mozilla\r\nAccept: "+accept+"\r\n\r\n")
				for _, part := range []string{"HTTP/1.1 500 ", html, "<title>An error has occurred</title>", "TypeError: worker boom"} {
					if !strings.Contains(got, part) {
						t.Errorf("%q is missing in\n%s", part, got)
					}
				}
			})
		}
		t.Run("FD-5 a panic, with its place", func(t *testing.T) {
			got := r.exchange(dial(), "GET /panic HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
			if !strings.Contains(got, "Error: lost\n    at ") || !strings.Contains(got, "frontdoor_test.go:") {
				t.Errorf("got\n%s", got)
			}
		})
	})
	t.Run("FD-5 an error page does not trust its text", func(t *testing.T) {
		r := newRig(t, script{}, emutest.Worker(durable.WorkerFunc(func(context.Context, *durable.Request, *durable.Env) (*durable.Response, error) {
			return nil, errors.New("<script>")
		})))
		if got := r.exchange(r.dial(), "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAccept: text/html\r\n\r\n"); strings.Contains(got, "<script>") {
			t.Errorf("got\n%s", got)
		}
	})
	t.Run("FD-11 an object without a fetch handler", func(t *testing.T) {
		type mute struct{}
		w := emutest.New(t, emutest.Classes(durable.Define("Mute", func(context.Context, *durable.State, *durable.Env) (mute, error) { return mute{}, nil })))
		if got, want := w.Fetch("GET", "/Mute/o"), "Error: Handler does not export a fetch() function."; got.Status != 500 || got.Body != want {
			t.Errorf("got %+v, want %s", got, want)
		}
	})
}

// dateless removes the Date header, which only errors have.
func dateless(response string) string {
	before, rest, ok := strings.Cut(response, "Date: ")
	if !ok {
		return response
	}
	_, after, _ := strings.Cut(rest, "\r\n")
	return before + after
}
