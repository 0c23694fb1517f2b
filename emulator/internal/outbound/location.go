package outbound

// https://url.spec.whatwg.org/

import (
	"errors"
	"net/url"
	"strings"
)

// bare returns an address without its user and its fragment, as it is sent.
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

var errLocation = errors.New("the Location is no URL")

// locate resolves a Location against base, as https://url.spec.whatwg.org/#url-parsing does. It refuses an address without a host,
// which fetch() could not load.
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
			text = "//" + strings.TrimLeft(text, "/") // a host may follow any number of slashes
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

// escaped escapes the bytes of a reference that an address must not contain. Unlike a browser it also escapes a percent sign that
// begins no escape, for which net/url would refuse the address.
func escaped(s string) string {
	authority := 0 // the index behind the host, which is not escaped: url.Parse checks it
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
			c == '%' && !(i+2 < len(s) && strings.IndexByte(hex, s[i+1]) >= 0 && strings.IndexByte(hex, s[i+2]) >= 0)
		if i < authority || !bad {
			out = append(out, c)
			continue
		}
		out = append(out, '%', hex[c>>4], hex[c&15])
	}
	return string(out)
}

const hex = "0123456789ABCDEFabcdef"
