package config

import (
	"cmp"
	"net/url"
	"strings"
)

// isRoute checks route.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#types-of-routes
func isRoute(s *scope, field string, v *value) bool {
	if v == nil || s.ignoreEmpty(field, v) || routeShape(v) {
		return true
	}
	return s.fail(v, msgRoute, slots{field: field, value: stringify(v)})
}

// isRoutes checks routes, and that an environment does not take the top level's domains.
func isRoutes(s *scope, field string, v *value) bool {
	if v == nil {
		if s.top != nil {
			s.warnCustomDomains(field)
		}
		return true
	}
	ok := true
	if !v.is(list) {
		ok = s.fail(v, msgArray, slots{field: field, value: stringify(v)})
	} else {
		bad := &value{kind: list}
		for _, x := range v.items {
			if !routeShape(x) {
				bad.items = append(bad.items, x)
			}
		}
		if len(bad.items) > 0 {
			ok = s.fail(bad.items[0], msgRoutes, slots{field: field, value: string(jsonStyle{indent: "  "}.append(nil, bad, 0))})
		}
	}
	if s.raw.get("route") != nil {
		ok = s.fail(keyOf(v), msgExclusive, slots{value: `["routes","route"]`})
	}
	return ok
}

func (s *scope) warnCustomDomains(field string) {
	routes := s.top.get(field)
	if routes != nil && !routes.is(list) {
		s.crash(routes, field+" at the top level is not a list")
		return
	}
	var domains []string
	if routes != nil {
		for _, x := range routes.items {
			if custom := x.get("custom_domain"); custom.is(boolean) && custom.bool {
				domain := ""
				if pattern := x.get("pattern"); pattern.given() { // as JavaScript's join has it
					domain = jsString(pattern)
				}
				domains = append(domains, domain)
			}
		}
	}
	if domains != nil {
		s.warn(nil, msgCustomDomains, slots{key: s.name, value: strings.Join(domains, ", ")})
	}
}

// routeShape reports whether a value is a route: a pattern, or one with its zone.
func routeShape(v *value) bool {
	if v.is(text) {
		return v.str != ""
	}
	if !v.record() || !v.get("pattern").is(text) {
		return false
	}
	has := func(key string, k kind) bool { return v.get(key).is(k) }
	id, zone, custom := has("zone_id", text), has("zone_name", text), has("custom_domain", boolean)
	enabled, previews := has("enabled", boolean), has("previews_enabled", boolean)
	recognised := 0
	for _, ok := range []bool{id, zone, custom, enabled, previews} {
		if ok {
			recognised++
		}
	}
	return recognised == len(v.members)-1 && !(id && zone) && (custom || !enabled && !previews) && (id || zone || custom)
}

// hostOfRoute is the host of the first route, "" if there is none or it is for every host.
func hostOfRoute(e environment) string {
	first := e.get("route")
	if routes := e.get("routes"); routes.is(list) && len(routes.items) > 0 {
		first = routes.items[0]
	}
	if first.is(table) {
		return cmp.Or(hostOfPattern(first.get("pattern").text()), hostOfPattern(first.get("zone_name").text()))
	}
	return hostOfPattern(first.text())
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
