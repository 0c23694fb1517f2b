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

// request is the request as the Worker sees it. An upgrade is a GET with a version and a key, also if
// the client has sent something else: such a request is refused only when the Worker answers with 101.
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
		h["Mf-Original-Hostname"] = h["Host"] // Wrangler does the same
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

// addressOf is request.url: the Host header, and the path that the client has sent without its dot
// segments (https://url.spec.whatwg.org/#path-state).
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
		u.Path, _ = url.PathUnescape(clean) // cannot fail: the path was valid before
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

// bodyPatience is how long a read of a request's body holds up the requests behind it. The client may
// take any time to send the body.
const bodyPatience = 5 * time.Millisecond

// clientBody is a request's body as the Worker reads it.
type clientBody struct {
	*upload.Upload
	door     *Door
	run      *invocation.Invocation
	attended func() // may be nil
}

// Attends reports whether bytes that are read of the body count as activity.
func (b *clientBody) Attends() bool { return b.attended != nil }

// Attend counts a piece as activity until done is called. An object calls it when it has read the
// piece, before it waits for its turn.
func (b *clientBody) Attend() (done func()) {
	b.door.Host.Activity.Begin()
	b.attended()
	return b.door.Host.Activity.End
}

// Read returns workerd's error if the body is cut short, or read after the response.
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
