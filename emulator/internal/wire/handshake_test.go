package wire_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// upgrade is a request for a WebSocket with changed headers; an empty value takes a header away.
func upgrade(method string, changes ...string) *http.Request {
	r := httptest.NewRequest(method, "/", nil)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "websocket")
	r.Header.Set("Sec-WebSocket-Version", "13")
	r.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == "" {
			r.Header.Del(changes[i])
		} else {
			r.Header.Set(changes[i], changes[i+1])
		}
	}
	return r
}

// The answers of real wrangler 4.164.0.
func TestCheck(t *testing.T) {
	const (
		version = "ERROR: The requested WebSocket version is not supported."
		key     = "ERROR: Missing Sec-WebSocket-Key"
		method  = "ERROR: WebSocket must be initiated with a GET request."
	)
	two := upgrade("GET", "Upgrade", "h2c")
	two.Header.Add("Upgrade", "websocket")
	for _, tt := range []struct {
		name string
		r    *http.Request
		ok   bool
		body string
	}{
		{"plain", httptest.NewRequest("GET", "/", nil), false, ""},
		{"good", upgrade("GET"), true, ""},
		{"capitals", upgrade("GET", "Upgrade", "WebSocket"), true, ""},
		{"short key", upgrade("GET", "Sec-WebSocket-Key", "short"), true, ""},
		{"keep-alive", upgrade("GET", "Connection", "keep-alive"), true, ""},
		{"no Connection", upgrade("GET", "Connection", ""), true, ""},
		{"permessage-deflate", upgrade("GET", "Sec-WebSocket-Extensions", "permessage-deflate"), true, ""},
		{"h2c", upgrade("GET", "Upgrade", "h2c"), false, ""},
		{"h2c and a bad version", upgrade("GET", "Upgrade", "h2c", "Sec-WebSocket-Version", "8"), false, ""},
		{"a list", upgrade("GET", "Upgrade", "websocket, h2c"), false, ""},
		{"two headers", two, false, ""},
		{"websocket/13", upgrade("GET", "Upgrade", "websocket/13"), false, ""},
		{"HS-1 old version", upgrade("GET", "Sec-WebSocket-Version", "8"), false, version},
		{"HS-1 no version", upgrade("GET", "Sec-WebSocket-Version", ""), false, version},
		{"HS-1 two versions", upgrade("GET", "Sec-WebSocket-Version", "13, 8"), false, version},
		{"HS-1 013", upgrade("GET", "Sec-WebSocket-Version", "013"), false, version},
		{"HS-1 and no key", upgrade("GET", "Sec-WebSocket-Version", "8", "Sec-WebSocket-Key", ""), false, version},
		{"HS-2", upgrade("GET", "Sec-WebSocket-Key", ""), false, key},
		{"HS-3", upgrade("POST"), false, method},
		{"HS-3 and no version", upgrade("POST", "Sec-WebSocket-Version", ""), false, method},
		{"HS-3 HEAD", upgrade("HEAD"), false, method},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ok, refuse := wire.Check(tt.r)
			if ok != tt.ok || (refuse != nil) != (tt.body != "") {
				t.Fatalf("got %v, %+v", ok, refuse)
			}
			if refuse == nil {
				return
			}
			w := httptest.NewRecorder()
			refuse.ServeHTTP(w, tt.r)
			status, versions := 400, ""
			if tt.body == version {
				status, versions = 426, "13"
			}
			h := w.Result().Header
			if w.Code != status || w.Body.String() != tt.body || h.Get("Connection") != "close" ||
				h.Get("Content-Type") != "text/plain" || h.Get("Sec-WebSocket-Version") != versions {
				t.Errorf("got %d %v %q", w.Code, h, w.Body)
			}
		})
	}
}

func TestAppendSwitch(t *testing.T) {
	h := http.Header{"x-b": {"in small letters"}, "upgrade": {"foo"}}
	for _, name := range []string{"Connection", "Upgrade", "Sec-WebSocket-Accept", "Sec-WebSocket-Extensions", "Sec-WebSocket-Key",
		"Sec-WebSocket-Version", "Content-Length", "Transfer-Encoding", "Keep-Alive", "TE", "Trailer"} {
		h.Set(name, "dropped")
	}
	h.Add("Set-Cookie", "a=1")
	h.Add("Set-Cookie", "b=2")
	h.Set("Sec-WebSocket-Protocol", "chat")
	h.Set("X-A", "1\r\nInjected: 2")
	got := string(wire.AppendSwitch([]byte("before"), "dGhlIHNhbXBsZSBub25jZQ==", h))
	want := "beforeHTTP/1.1 101 Switching Protocols\r\n" +
		"Connection: Upgrade\r\n" +
		"Upgrade: websocket\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" + // RFC 6455 section 1.3
		"Sec-Websocket-Protocol: chat\r\n" +
		"Set-Cookie: a=1\r\n" +
		"Set-Cookie: b=2\r\n" +
		"X-A: 1  Injected: 2\r\n" +
		"x-b: in small letters\r\n" +
		"\r\n"
	if got != want {
		t.Errorf("got\n%s", got)
	}
	// The key is not checked: what wrangler answers to Sec-WebSocket-Key: short.
	got = string(wire.AppendSwitch(nil, "short", nil))
	want = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: JQHdhQRrQ3pd0VAHx7vMGlEiL+4=\r\n\r\n"
	if got != want {
		t.Errorf("got\n%s", got)
	}
}
