package door

// The Worker may see another origin than the one that the client asks for: that of --host, dev.host, a route or
// dev.upstream_protocol. Addresses in headers are translated between the two, as Wrangler's ProxyWorker does.
// https://developers.cloudflare.com/workers/wrangler/configuration/#local-development-settings

import (
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Origin is a scheme and a host, with a port that is not the scheme's own.
type Origin struct{ Scheme, Host string }

// String is how an address of the origin begins.
func (o Origin) String() string { return o.Scheme + "://" + o.Host }

// newOrigin returns the origin of a scheme and a host, without the scheme's default port.
func newOrigin(scheme, host string) Origin {
	host = strings.ToLower(host)
	if scheme == "http" {
		host = strings.TrimSuffix(host, ":80")
	} else {
		host = strings.TrimSuffix(host, ":443")
	}
	return Origin{scheme, host}
}

func (o Origin) hostname() string {
	if host, _, err := net.SplitHostPort(o.Host); err == nil {
		return host
	}
	return o.Host
}

// origins returns the origin for which the client asks, and the one that the Worker sees.
func (d *Door) origins(r *http.Request) (asked, seen Origin) {
	asked = newOrigin("http", r.Host)
	if r.TLS != nil {
		asked = newOrigin("https", r.Host)
	}
	seen = asked
	if s := d.Upstream.Scheme; s != "" {
		seen = newOrigin(s, seen.Host)
	}
	if h := d.Upstream.Host; h != "" {
		seen = newOrigin(seen.Scheme, h)
	}
	return asked, seen
}

// addresses finds the addresses in a header's value, as Wrangler does.
var addresses = regexp.MustCompile(`(?i)(https?://[^/?#\s,;"']+)([^\s,;"']*)`)

// translate replaces the origin from by to in the addresses of headers, whatever their scheme. It makes new slices of
// values: the caller may share the old ones.
func translate(h http.Header, from, to Origin) {
	for name, values := range h {
		for i, v := range values {
			changed := v
			switch {
			case name == "Set-Cookie":
				changed = cookieFor(v, from, to)
			case strings.Contains(v, "://") && strings.Contains(v, from.Host):
				changed = addresses.ReplaceAllStringFunc(v, func(address string) string {
					part := addresses.FindStringSubmatch(address)
					u, err := url.Parse(part[1])
					if err != nil || newOrigin(u.Scheme, u.Host).Host != from.Host {
						return address
					}
					return to.String() + part[2]
				})
			}
			if changed != v {
				values = append([]string(nil), values...)
				values[i] = changed
				h[name] = values
			}
		}
	}
}

// cookieFor replaces the Domain of a cookie if it is the host of from.
func cookieFor(cookie string, from, to Origin) string {
	domain := "Domain=" + from.hostname()
	for at := 0; ; {
		i := strings.Index(cookie[at:], domain)
		if i < 0 {
			return cookie
		}
		at += i + len(domain)
		if rest := cookie[at:]; rest == "" || rest[0] == ';' || rest[0] == ',' {
			return cookie[:at-len(domain)] + "Domain=" + to.hostname() + rest
		}
	}
}
