package emulator_test

// https://developers.cloudflare.com/workers/runtime-apis/handlers/fetch/

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// pieces is a body that is not in memory: the runtime cannot know what it reads.
type pieces struct{ io.Reader }

// answerEarly is a Worker whose answers do not need the request's body.
func answerEarly(ctx context.Context, q *durable.Request, env *durable.Env) (*durable.Response, error) {
	object := env.DurableObject("P").GetByName("o")
	switch q.URL.Path {
	case "/text":
		return durable.Text(401, "no"), nil
	case "/null":
		return &durable.Response{Status: 401}, nil
	case "/204":
		return &durable.Response{Status: 204}, nil
	case "/half":
		_, err := io.ReadFull(q.Body, make([]byte, 1))
		return durable.Text(401, "no"), err
	case "/throw":
		return nil, errors.New("no")
	case "/stream":
		return &durable.Response{Status: 401, Body: pieces{strings.NewReader("no")}}, nil
	case "/large":
		return &durable.Response{Status: 401, Body: pieces{io.LimitReader(strings.NewReader(strings.Repeat("n", 8<<20)), 8<<20)}}, nil
	case "/object":
		return object.Fetch(ctx, q)
	case "/object/get":
		get, err := durable.NewRequest("GET", q.URL.String(), nil)
		if err != nil {
			return nil, err
		}
		return object.Fetch(ctx, get)
	}
	return durable.Text(200, "next"), nil
}

// A client that sends all of a body before it reads has its answer, and its next one on the same connection. Asked of
// wrangler: it reads what a Worker leaves unread before it answers. Of what an object leaves unread it cuts
// some clients off; emu none.
func TestAnswerBeforeBody(t *testing.T) {
	object := func(_ context.Context, _ *probe, q *durable.Request) (*durable.Response, error) {
		if strings.Contains(q.URL.RawQuery, "stream") {
			return &durable.Response{Status: 401, Body: pieces{strings.NewReader("no")}}, nil
		}
		return durable.Text(401, "no"), nil
	}
	doors(t, answerEarly, func(t *testing.T, r *rig, dial func() net.Conn) {
		r.script.fetch = object
		for _, path := range []string{"/text", "/null", "/204", "/half", "/throw", "/stream", "/large", "/object", "/object?stream", "/object/get", "/object/get?stream"} {
			sizes := []int{1, 262145, 3 << 20}
			switch path {
			case "/text":
				sizes = append(sizes, 50<<20)
			case "/object?stream": // whose end does not wait for a body that a busy machine holds up
				sizes = sizes[:2]
			case "/large": // where it is noticed after a second that the client does not read yet
				sizes = sizes[2:]
			}
			for _, size := range sizes {
				for _, head := range []string{"Content-Length: %d\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length: %d\r\nExpect: 100-continue\r\n"} {
					if path == "/large" && head[0] == 'T' {
						continue
					}
					name, _, _ := strings.Cut(strings.TrimSuffix(head, "\r\n"), ":")
					if strings.Contains(head, "Expect") {
						name = "Expect"
					}
					t.Run(fmt.Sprintf("%s %d %s", path, size, name), func(t *testing.T) {
						conn := dial()
						defer conn.Close()
						if strings.Contains(head, "%d") {
							head = fmt.Sprintf(head, size)
						}
						in := bufio.NewReader(conn)
						fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: h\r\n%s\r\n", path, head)
						post := &http.Request{Method: "POST"}
						if name == "Expect" {
							if resp, err := http.ReadResponse(in, post); err != nil || resp.StatusCode != 100 {
								t.Fatalf("is not invited: %v %v", resp, err)
							}
						}
						body := strings.Repeat("b", size)
						if name == "Transfer-Encoding" {
							body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", size, body)
						}
						if _, err := io.WriteString(conn, body); err != nil {
							t.Fatal(err)
						}
						want := map[string]int{"/204": 204, "/throw": 500}[path]
						if want == 0 {
							want = 401
						}
						resp, err := http.ReadResponse(in, post)
						if err == nil {
							_, err = io.Copy(io.Discard, resp.Body)
						}
						if err != nil || resp.StatusCode != want {
							t.Fatalf("answer %+v, %v", resp, err)
						}
						io.WriteString(conn, "GET /next HTTP/1.1\r\nHost: h\r\n\r\n")
						resp, err = http.ReadResponse(in, nil)
						if err != nil || resp.StatusCode != 200 {
							t.Errorf("the next answer %+v, %v", resp, err)
						}
					})
				}
			}
		}
	})
}

// Go's client gives a connection up if the answer comes before it has sent the body.
func TestAnswerKeepsConnection(t *testing.T) {
	r := newRig(t, script{}, emutest.Worker(durable.WorkerFunc(answerEarly)))
	url := r.Listen()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for i := range 3 {
		reused := false
		ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { reused = c.Reused }})
		q, _ := http.NewRequestWithContext(ctx, "POST", url+"/text", pieces{strings.NewReader(strings.Repeat("b", 5<<20))})
		resp, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 401 || reused != (i > 0) {
			t.Errorf("request %d: status %d, a connection that was kept %v", i, resp.StatusCode, reused)
		}
	}
}

// What reads the body after the answer gets workerd's error. Recorded.
func TestReadAfterAnswer(t *testing.T) {
	var late io.Reader
	r := newRig(t, script{}, emutest.Worker(durable.WorkerFunc(func(_ context.Context, q *durable.Request, _ *durable.Env) (*durable.Response, error) {
		late = q.Body
		return &durable.Response{Body: pieces{strings.NewReader("early")}}, nil
	})))
	if resp := r.Fetch("POST", "/", "body"); resp.Body != "early" {
		t.Errorf("answer %+v", resp)
	}
	_, err := late.Read(make([]byte, 1))
	if err == nil || !strings.HasSuffix(err.Error(), "Can't read from request stream after response has been sent.") {
		t.Errorf("error %v", err)
	}
}
