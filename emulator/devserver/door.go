package devserver

// The local endpoints below /cdn-cgi/, which no page of another site may use.
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

// door is the front door: a few paths are the server's, the rest the Worker's.
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

// foreign says what is wrong with a request for a local path that comes in
// under another host's name, or from another site's page; "" is nothing.
func foreign(r *http.Request) string {
	if !local(r.Host) {
		return msgInvalidHost
	}
	// Of several, none may be another site's: together they are no address.
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

// forbid answers with a text that is the reason phrase too, as Wrangler does;
// net/http knows only standard phrases.
func forbid(w http.ResponseWriter, text string) {
	conn, out, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, text, http.StatusForbidden)
		return
	}
	defer part(conn)
	fmt.Fprintf(out, "HTTP/1.1 403 %s\r\nContent-Length: %d\r\nContent-Type: text/plain;charset=UTF-8\r\nConnection: close\r\n\r\n%s", text, len(text), text)
	out.Flush()
}
