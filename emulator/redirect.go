package emulator

// https://fetch.spec.whatwg.org/#http-redirect-fetch, as workerd has it.
// https://developers.cloudflare.com/workers/runtime-apis/request/#the-redirect-property

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/message"
)

// maxRedirects is how many redirects fetch() follows.
const maxRedirects = 20

// sendable is what fetch() refuses before it sends anything. It makes the names of the headers canonical.
func sendable(r *driver.Request) error {
	switch {
	case r.Redirect != "" && r.Redirect != driver.RedirectFollow && r.Redirect != driver.RedirectManual:
		return driver.TypeError(msgRedirectMode)
	case r.URL == nil:
		return driver.TypeError(msgInvalidURL(""))
	case r.URL.Scheme == "":
		return driver.TypeError(msgInvalidURL(r.URL.String()))
	case !isHTTP(r.URL):
		return driver.TypeError(msgCannotLoad(r.URL.String()))
	case r.URL.Host == "":
		return driver.TypeError(msgInvalidURL(r.URL.String()))
	}
	h, err := message.Header(r.Header)
	r.Header = h
	return err
}

func isHTTP(u *url.URL) bool { return u.Scheme == "http" || u.Scheme == "https" }

// redirects are those that a request follows. The request is theirs to change, but for
// what its URL points to.
type redirects struct {
	w       *World
	r       *driver.Request
	at      *url.URL // where r goes, with what is not sent of it
	visited []string
}

// init makes the request ready to be sent.
func (f *redirects) init(w *World, r *driver.Request) error {
	if err := sendable(r); err != nil {
		return err
	}
	*f = redirects{w: w, r: r, at: r.URL}
	r.URL = bare(f.at)
	return nil
}

// redirected notes in a response where it came from, and reports whether the request,
// which it has changed then, is to be sent again instead.
func (f *redirects) redirected(resp *driver.Response) (again bool, err error) {
	r, at := f.r, f.at
	resp.URL, resp.Redirected = addressText(at), len(f.visited) > 0
	location := locationOf(resp)
	if location == "" || r.Redirect == driver.RedirectManual {
		return false, nil
	}
	discard(resp.Body)
	f.visited = append(f.visited, at.String())
	if len(f.visited) > maxRedirects {
		return false, driver.TypeError(msgTooManyRedirects(f.visited))
	}
	// workerd asks for this also where the next request is going to be a GET without a body.
	if r.Body != nil && r.BodyAgain == nil && resp.Status != http.StatusSeeOther {
		return false, driver.TypeError(msgBodyOnce)
	}
	to, err := locate(at, location)
	if err != nil {
		return false, driver.TypeError(msgLocation)
	}
	if f.w.host.Flags.StripAuthorizationOnCrossOriginRedirect && originOf(to) != originOf(at) {
		delete(r.Header, "Authorization")
	}
	switch {
	case resp.Status == http.StatusSeeOther && r.Method != "GET" && r.Method != "HEAD",
		(resp.Status == http.StatusMovedPermanently || resp.Status == http.StatusFound) && r.Method == "POST":
		r.Method, r.Body, r.BodyAgain = "GET", nil, nil
		delete(r.Header, "Content-Length")
	case r.BodyAgain != nil:
		r.Body = r.BodyAgain()
	}
	f.at = to
	r.URL = bare(to)
	return true, nil
}

// follow sends a request with send, and again for every redirect that it follows.
func (w *World) follow(r *driver.Request, send func(*driver.Request) (*driver.Response, error)) (*driver.Response, error) {
	var f redirects
	if err := f.init(w, r); err != nil {
		return nil, err
	}
	for {
		resp, err := send(r)
		if err != nil {
			return nil, err
		}
		if again, err := f.redirected(resp); !again {
			if err != nil {
				return nil, err
			}
			return resp, nil
		}
	}
}

// locationOf is the Location of a response that redirects, "" of any other.
func locationOf(resp *driver.Response) string {
	switch resp.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return strings.Join(resp.Header["Location"], ", ")
	}
	return ""
}

// discard reads what is short of a body that nobody wants, so that its connection can be
// used again, and closes it.
func discard(body io.Reader) {
	body = unboundReader(body) // who has the turn keeps it
	if c, ok := body.(io.Closer); ok {
		if _, ours := body.(*objectBody); !ours {
			io.CopyN(io.Discard, body, 2<<10) // as net/http's own client does
		}
		c.Close()
	}
}

// bare is an address as it is sent: without a user and a fragment.
func bare(u *url.URL) *url.URL {
	if u.User == nil && u.Fragment == "" && u.Path != "" {
		return u
	}
	c := *u
	c.User, c.Fragment, c.RawFragment = nil, "", ""
	if _, special := defaultPorts[c.Scheme]; special && c.Path == "" {
		c.Path = "/"
	}
	return &c
}

// addressText is an address as response.url shows it.
func addressText(u *url.URL) string {
	c := *bare(u)
	c.User = u.User
	return c.String()
}

// originOf is the origin of an address: https://url.spec.whatwg.org/#origin
func originOf(u *url.URL) string { return u.Scheme + "://" + withoutDefaultPort(u) }

var defaultPorts = map[string]string{"http": ":80", "https": ":443", "ws": ":80", "wss": ":443", "ftp": ":21"}

func withoutDefaultPort(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if port, ok := defaultPorts[u.Scheme]; ok {
		host = strings.TrimSuffix(host, port)
	}
	return host
}

var errLocation = errors.New("a Location that is no URL")

// locate is where a Location leads from base: https://url.spec.whatwg.org/#url-parsing,
// of which an address without a host is of no use here.
func locate(base *url.URL, location string) (*url.URL, error) {
	text := strings.TrimFunc(location, func(r rune) bool { return r <= ' ' })
	text = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(text)
	scheme, rest, absolute := strings.Cut(text, ":")
	scheme = strings.ToLower(scheme)
	if absolute = absolute && isScheme(scheme); absolute {
		text = rest
	} else {
		scheme = base.Scheme
	}
	if _, special := defaultPorts[scheme]; special {
		path, query := text, ""
		if i := strings.IndexAny(text, "?#"); i >= 0 {
			path, query = text[:i], text[i:]
		}
		text = strings.ReplaceAll(path, `\`, "/") + query
		if absolute && scheme != base.Scheme || strings.HasPrefix(text, "//") {
			text = "//" + strings.TrimLeft(text, "/") // any number of slashes begins a host
		}
	} else if absolute && !strings.HasPrefix(text, "//") {
		return nil, errLocation
	}
	if text != "" && !strings.ContainsRune("/?#", rune(text[0])) {
		text = "./" + text // net/url refuses a colon in the first segment
	}
	ref, err := url.Parse(escaped(text))
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(text, "//") {
		if ref.Host == "" {
			return nil, errLocation
		}
		ref.Scheme = scheme
	}
	to := base.ResolveReference(ref)
	to.Host = withoutDefaultPort(to)
	return to, nil
}

// isScheme reports whether a lower-case text is a URL's scheme.
func isScheme(s string) bool {
	for i, c := range []byte(s) {
		if letter := 'a' <= c && c <= 'z'; !letter && (i == 0 || !('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	return s != ""
}

// escaped is a reference with the bytes escaped that must not stand in it. A percent
// sign that begins no escape is escaped too, which a browser would leave: net/url has
// no address for it.
func escaped(s string) string {
	authority := 0 // a host is checked, not escaped
	if strings.HasPrefix(s, "//") {
		if authority = strings.IndexAny(s[2:], "/?#") + 2; authority < 2 {
			return s
		}
	}
	out := make([]byte, 0, len(s)+16)
	inQuery := false
	for i := range len(s) {
		c := s[i]
		inQuery = inQuery || c == '?'
		bad := c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>", c) >= 0 ||
			!inQuery && strings.IndexByte("`{}^", c) >= 0 || inQuery && c == '\'' ||
			c == '%' && !(i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]))
		if i < authority || !bad {
			out = append(out, c)
			continue
		}
		const digits = "0123456789ABCDEF"
		out = append(out, '%', digits[c>>4], digits[c&15])
	}
	return string(out)
}

func isHex(c byte) bool {
	return slices.Contains([]byte("0123456789abcdefABCDEF"), c)
}
