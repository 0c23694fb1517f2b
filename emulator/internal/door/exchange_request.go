package door

// https://developers.cloudflare.com/workers/runtime-apis/request/

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/invocation"
	"github.com/seed-36a2c969/emu/emulator/internal/upload"
	"github.com/seed-36a2c969/emu/emulator/internal/wire"
)

// request is the request as the Worker sees it. An upgrade is a GET with a version and a
// key, whatever the client sent: if that was wrong it is refused when the Worker's answer
// is 101.
func (x *exchange) request(run *invocation.Invocation, attended func()) *driver.Request {
	r, h := x.r, x.r.Header
	for _, k := range ofConnection {
		delete(h, k)
	}
	if len(r.TransferEncoding) > 0 {
		h["Transfer-Encoding"] = r.TransferEncoding
	}
	asked, seen := x.origins(r)
	translate(h, asked, seen)
	own := []string{r.Host, "br, gzip", ""} // one allocation for three headers
	h["Host"], h["Accept-Encoding"] = own[0:1:1], own[1:2:2]
	if x.Upstream.Host != "" {
		own[0] = seen.Host
		h["Mf-Original-Hostname"] = h["Host"] // so it is with Wrangler
	}
	if h["Cf-Connecting-Ip"] == nil {
		own[2] = remoteIP(r)
		h["Cf-Connecting-Ip"] = own[2:3:3]
	}
	req := &driver.Request{
		Method: r.Method, URL: addressOf(r, x.Upstream, seen), Header: h,
		CF: driver.CF{Colo: "DFW", Country: "US", City: "Austin", ASN: "395747"},
	}
	x.path = req.URL.EscapedPath()
	switch {
	case x.upgrade:
		x.key = h.Get("Sec-WebSocket-Key")
		if x.key == "" {
			h.Set("Sec-WebSocket-Key", wire.NewKey())
		}
		h.Set("Sec-WebSocket-Version", "13")
		h["Connection"], h["Upgrade"] = []string{"Upgrade"}, []string{"websocket"}
		req.Method = http.MethodGet
	case x.sent != nil:
		req.Body = &clientBody{x.sent, x.Door, run, attended}
	}
	return req
}

// addressOf is request.url: the Host header with the path as it was sent, without
// dot segments (https://url.spec.whatwg.org/#path-state).
func addressOf(r *http.Request, upstream, seen Origin) *url.URL {
	u := *r.URL
	u.Scheme, u.Host = seen.Scheme, r.Host
	if upstream != (Origin{}) {
		u.Host = seen.Host
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	path := u.EscapedPath()
	if clean := withoutDots(path); clean != path {
		u.RawPath = clean
		u.Path, _ = url.PathUnescape(clean) // it was valid before
	}
	return &u
}

// PathOf is the path of a request as the Worker sees it, escaped.
func PathOf(r *http.Request) string { return withoutDots(r.URL.EscapedPath()) }

// withoutDots removes the dot segments of an escaped path.
func withoutDots(path string) string {
	if !strings.Contains(path, "/.") && !strings.Contains(strings.ToLower(path), "/%2e") {
		return path
	}
	var out []string
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range segments {
		last := i == len(segments)-1
		switch strings.ReplaceAll(strings.ToLower(s), "%2e", ".") {
		case ".":
		case "..":
			out = out[:max(len(out)-1, 0)]
		default:
			out = append(out, s)
			continue
		}
		if last {
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/")
}

func remoteIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil || host == "::1" {
		return "127.0.0.1"
	}
	return host
}

// bodyPatience is how long a request holds up those behind it while the Worker reads its
// body, for which the client may let it wait.
const bodyPatience = 5 * time.Millisecond

// clientBody is a request's body as it arrives.
type clientBody struct {
	*upload.Upload
	door     *Door
	run      *invocation.Invocation
	attended func() // may be nil
}

// Attends reports whether what is read of the body counts as activity. Attend counts it
// until done is called.
func (b *clientBody) Attends() bool { return b.attended != nil }

// Attend is called by an object that has read a piece, before it wants its turn again.
func (b *clientBody) Attend() (done func()) {
	b.door.Host.Activity.Begin()
	b.attended()
	return b.door.Host.Activity.End
}

// Read gives a body that is cut short, or read too late, workerd's error.
func (b *clientBody) Read(p []byte) (int, error) {
	if t := b.run.YieldAfter(bodyPatience); t != nil {
		defer t.Stop()
	}
	n, err := b.Upload.Read(p)
	switch err {
	case nil, io.EOF:
	case upload.ErrAnswered:
		err = driver.TypeError(msgReadAnswered)
	default:
		err = &driver.Error{Name: "Error", Message: driver.ConnectionLost, Cause: err}
	}
	return n, err
}
