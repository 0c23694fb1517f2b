package schema

import (
	"strings"

	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// isRoute checks route.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#types-of-routes
func isRoute(s *scope, field string, v *tree.Value) bool {
	if v == nil || s.ignoreEmpty(field, v) || routeShape(v) {
		return true
	}
	return s.fail(v, msgRoute, slots{field: field, value: tree.Stringify(v)})
}

// isRoutes checks routes. It warns if an environment inherits custom domains.
func isRoutes(s *scope, field string, v *tree.Value) bool {
	if v == nil {
		if s.top != nil {
			warnCustomDomains(s, field)
		}
		return true
	}
	ok := true
	if !v.Is(tree.List) {
		ok = s.fail(v, msgArray, slots{field: field, value: tree.Stringify(v)})
	} else {
		bad := &tree.Value{Kind: tree.List}
		for _, x := range v.Items {
			if !routeShape(x) {
				bad.Items = append(bad.Items, x)
			}
		}
		if len(bad.Items) > 0 {
			ok = s.fail(bad.Items[0], msgRoutes, slots{field: field, value: string(tree.JSON{Indent: "  "}.Append(nil, bad, 0))})
		}
	}
	if s.raw.Get("route") != nil {
		ok = s.fail(tree.KeyOf(v), msgExclusive, slots{value: `["routes","route"]`})
	}
	return ok
}

// warnCustomDomains warns of the custom domains that an environment inherits.
func warnCustomDomains(s *scope, field string) {
	routes := s.top.Get(field)
	if routes != nil && !routes.Is(tree.List) {
		s.crash(routes, field+" at the top level is not a list")
		return
	}
	var domains []string
	if routes != nil {
		for _, x := range routes.Items {
			if custom := x.Get("custom_domain"); custom.Is(tree.Boolean) && custom.Bool {
				domain := ""
				if pattern := x.Get("pattern"); pattern.IsGiven() { // JavaScript's join writes nothing for null
					domain = tree.ToString(pattern)
				}
				domains = append(domains, domain)
			}
		}
	}
	if domains != nil {
		s.warn(nil, msgCustomDomains, slots{key: s.name, value: strings.Join(domains, ", ")})
	}
}

// routeShape reports whether a value is a route: a pattern, or a table with a pattern and
// its zone or domain.
func routeShape(v *tree.Value) bool {
	if v.Is(tree.Text) {
		return v.Str != ""
	}
	if !v.IsRecord() || !v.Get("pattern").Is(tree.Text) {
		return false
	}
	has := func(key string, k tree.Kind) bool { return v.Get(key).Is(k) }
	id, zone, custom := has("zone_id", tree.Text), has("zone_name", tree.Text), has("custom_domain", tree.Boolean)
	enabled, previews := has("enabled", tree.Boolean), has("previews_enabled", tree.Boolean)
	recognised := 0
	for _, ok := range []bool{id, zone, custom, enabled, previews} {
		if ok {
			recognised++
		}
	}
	return recognised == len(v.Members)-1 && !(id && zone) && (custom || !enabled && !previews) && (id || zone || custom)
}
