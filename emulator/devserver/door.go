package devserver

// https://developers.cloudflare.com/workers/wrangler/commands/#dev

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/internal/upload"
)

// door is the front door. It answers paths below /cdn-cgi/ itself, which pages of other sites may
// not use, and passes other requests to the Worker.
type door struct {
	world   *emulator.World
	passing *passing       // nil if no other program can follow
	inside  sync.WaitGroup // requests
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.inside.Add(1)
	defer d.inside.Done()
	if path := emulator.PathOf(r); strings.HasPrefix(path, "/cdn-cgi/") {
		if refusal := foreign(r); refusal != "" {
			defer d.world.Aside(r)()
			upload.Answer(w, r, func() { forbid(w, refusal) })
			return
		}
		if path == "/cdn-cgi/local/ready" {
			defer d.world.Aside(r)()
			upload.Answer(w, r, func() {
				w.Header().Set("Content-Type", "text/plain;charset=UTF-8")
				w.Header().Set("Content-Length", "2")
				fmt.Fprint(w, "ok")
			})
			return
		}
	}
	if d.passing != nil {
		d.passing.serve(w, r, d.world)
		return
	}
	d.world.ServeHTTP(w, r)
}

// foreign is the refusal of a request for a local path that has another host's name or comes from
// another site's page; "" if it has neither.
func foreign(r *http.Request) string {
	if !local(r.Host) {
		return msgInvalidHost
	}
	// Several origins are no address together, and so they are refused.
	if origin := strings.Join(r.Header["Origin"], ", "); origin != "" {
		if u, err := url.Parse(origin); err != nil || !local(u.Host) || u.Scheme == "file" { // which has no host
			return msgInvalidOrigin
		}
	}
	return ""
}

// local reports whether a host, with or without a port, is this machine.
func local(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	return slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, strings.ToLower(host))
}

// forbid answers with a text that is also the reason phrase, as Wrangler does. net/http writes only
// standard phrases.
func forbid(w http.ResponseWriter, text string) {
	conn, out, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, text, http.StatusForbidden)
		return
	}
	defer hangUp(conn)
	fmt.Fprintf(out, "HTTP/1.1 403 %s\r\nContent-Length: %d\r\nContent-Type: text/plain;charset=UTF-8\r\nConnection: close\r\n\r\n%s", text, len(text), text)
	out.Flush()
}
