package outbound

// https://fetch.spec.whatwg.org/#http-redirect-fetch, as workerd has it.
// https://developers.cloudflare.com/workers/runtime-apis/request/#the-redirect-property

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
	"github.com/seed-36a2c969/emu/emulator/internal/host"
	"github.com/seed-36a2c969/emu/emulator/internal/message"
)

// maxRedirects is how many redirects fetch() follows.
const maxRedirects = 20

// sendable returns fetch()'s error for a request that cannot be sent. It makes the names of the headers canonical.
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

// Redirects follows the redirects of a request. It changes the request, but not the URL that it points to.
type Redirects struct {
	Request *driver.Request
	strip   bool     // strip_authorization_on_cross_origin_redirect is on
	at      *url.URL // the request's present address, with the user and the fragment that are not sent
	visited []string
}

// Begin prepares a request to be sent, or refuses it.
func (f *Redirects) Begin(h *host.Host, r *driver.Request) error {
	if err := sendable(r); err != nil {
		return err
	}
	*f = Redirects{Request: r, strip: h.Flags.StripAuthorizationOnCrossOriginRedirect, at: r.URL}
	r.URL = bare(f.at)
	return nil
}

// Any reports whether a redirect was followed.
func (f *Redirects) Any() bool { return len(f.visited) > 0 }

// Follow sets the address in a response. If the response redirects, Follow changes the request and reports that the caller must
// send it again.
func (f *Redirects) Follow(resp *driver.Response) (again bool, err error) {
	r, at := f.Request, f.at
	resp.URL, resp.Redirected = addressText(at), f.Any()
	location := locationOf(resp)
	if location == "" || r.Redirect == driver.RedirectManual {
		return false, nil
	}
	discard(resp.Body)
	f.visited = append(f.visited, at.String())
	if len(f.visited) > maxRedirects {
		return false, driver.TypeError(msgTooManyRedirects(f.visited))
	}
	// Like workerd this refuses also a redirect that turns the request into a GET without a body.
	if r.Body != nil && r.BodyAgain == nil && resp.Status != http.StatusSeeOther {
		return false, driver.TypeError(msgBodyOnce)
	}
	to, err := locate(at, location)
	if err != nil {
		return false, driver.TypeError(msgLocation)
	}
	if f.strip && originOf(to) != originOf(at) {
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

// locationOf is the Location of a response that redirects, else "".
func locationOf(resp *driver.Response) string {
	switch resp.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return strings.Join(resp.Header["Location"], ", ")
	}
	return ""
}

// discard closes the body of a response that redirects. It reads the beginning of a body from outside: after a short one the
// connection can be used again.
func discard(body io.Reader) {
	if _, outside := body.(fetchedBody); outside {
		io.CopyN(io.Discard, body, 2<<10) // as net/http's own client does
	}
	message.Close(body)
}
