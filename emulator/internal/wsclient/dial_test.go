package wsclient

//lint:file-ignore SA1019 as in conn.go

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nhooyr.io/websocket"
)

func TestDial(t *testing.T) {
	var got *http.Request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"b"}, CompressionMode: websocket.CompressionContextTakeover})
		if err != nil {
			t.Error(err)
			return
		}
		defer c.CloseNow()
		kind, data, err := c.Read(r.Context())
		if err != nil {
			t.Error(err)
			return
		}
		c.Write(r.Context(), kind, data)
		c.Close(4002, "enough")
	}))
	defer s.Close()

	ctx, cancel := context.WithCancel(t.Context())
	c, resp, err := Dial(ctx, strings.Replace(s.URL, "http", "ws", 1)+"/path?q", &Options{
		Header:       http.Header{"X-Test": {"1", "2"}, "Host": {"example.com"}},
		Subprotocols: []string{"a", "b"},
	})
	if err != nil {
		t.Fatal(err)
	}
	cancel() // the context is the handshake's
	if resp.StatusCode != 101 || resp.Header.Get("Sec-WebSocket-Protocol") != "b" {
		t.Errorf("response %d %v", resp.StatusCode, resp.Header)
	}
	if err := c.Write(t.Context(), true, []byte("hi")); err != nil {
		t.Fatal(err)
	}
	if binary, data, err := c.Read(t.Context()); err != nil || !binary || string(data) != "hi" {
		t.Errorf("got %v %q %v", binary, data, err)
	}
	wantClose(t, c, 4002, "enough")
	if got.Host != "example.com" || got.RequestURI != "/path?q" || len(got.Header["X-Test"]) != 2 {
		t.Errorf("request %s %s %v", got.Host, got.RequestURI, got.Header)
	}
	if e := got.Header.Get("Sec-WebSocket-Extensions"); e != "" {
		t.Errorf("extensions %q offered, want none", e)
	}
}

func TestDialRefused(t *testing.T) {
	long := strings.Repeat("x", maxRefusal+1)
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"upgrade required", 426, "Worker expected Upgrade: websocket", "Worker expected Upgrade: websocket"},
		{"not a WebSocket", 200, long[:5000], long[:5000]},
		{"too long", 500, long, long[:maxRefusal]},
		{"empty", 500, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			}))
			defer s.Close()
			c, resp, err := Dial(t.Context(), s.URL, &Options{HTTPClient: s.Client()})
			if err == nil || c != nil || resp == nil || resp.StatusCode != test.status {
				t.Fatalf("got %v, %v, %v; want a refusal with status %d", c, resp, err, test.status)
			}
			if body, err := io.ReadAll(resp.Body); err != nil || string(body) != test.want {
				t.Errorf("body of %d bytes, %v; want %d bytes", len(body), err, len(test.want))
			}
		})
	}
}

func TestDialFails(t *testing.T) {
	failed := errors.New("no network")
	client := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, failed })}
	if c, resp, err := Dial(t.Context(), "ws://x.example/", &Options{HTTPClient: client}); !errors.Is(err, failed) || c != nil || resp != nil {
		t.Errorf("got %v, %v, %v; want the transport's error", c, resp, err)
	}
	if _, _, err := Dial(t.Context(), "ftp://x.example/", &Options{}); err == nil || !strings.Contains(err.Error(), `"ftp"`) {
		t.Errorf("got %v, want an error that names the scheme", err)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
