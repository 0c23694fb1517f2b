package config

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/seed-36a2c969/emu/config/internal/schema"
	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// hostOfRoute is the host of the first route, "" if there is no route or it matches every
// host.
func hostOfRoute(e schema.Environment) string {
	first := e.Get("route")
	if routes := e.Get("routes"); routes.Is(tree.List) && len(routes.Items) > 0 {
		first = routes.Items[0]
	}
	if first.Is(tree.Table) {
		return cmp.Or(hostOfPattern(first.Get("pattern").Text()), hostOfPattern(first.Get("zone_name").Text()))
	}
	return hostOfPattern(first.Text())
}

// hostOfPattern is the host of a route's pattern without its wildcards.
func hostOfPattern(pattern string) string {
	for _, scheme := range []string{"", "http://", "https://"} {
		if strings.HasPrefix(pattern, scheme+"*/") {
			return ""
		}
	}
	pattern = strings.ReplaceAll(strings.ReplaceAll(pattern, "*.", ""), "*", "")
	if !strings.HasPrefix(pattern, "http://") && !strings.HasPrefix(pattern, "https://") {
		pattern = "http://" + pattern
	}
	u, err := url.Parse(pattern)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}
