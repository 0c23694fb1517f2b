package config

import "path"

// isDev checks the dev block.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#local-development-settings
func isDev(s *scope, field string, v *value) bool {
	if !v.given() {
		return true
	}
	protocol := until(isString, oneOf("http", "https"))
	return all(
		known("ip", "port", "inspector_port", "inspector_ip", "local_protocol", "upstream_protocol", "host", "enable_containers", "container_engine", "generate_types"),
		fieldsOf(
			named{"ip", isString},
			named{"port", isPort},
			named{"inspector_port", isPort},
			named{"inspector_ip", isString},
			named{"local_protocol", protocol},
			named{"upstream_protocol", func(s *scope, field string, x *value) bool {
				if x == nil { // it follows the other, errors and all
					x = v.get("local_protocol")
				}
				return protocol(s, field, x)
			}},
			named{"host", isString},
			named{"enable_containers", isBoolean},
			named{"container_engine", isString},
			named{"generate_types", isBoolean},
		),
	)(s, field, v)
}

// isSite checks site.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#workers-sites
func isSite(s *scope, field string, v *value) bool {
	if v == nil {
		return true
	}
	if !v.object() {
		return s.crash(v, field+" is "+article(v)+": it is an object with a bucket")
	}
	s.unknown(field, v, "bucket", "include", "exclude", "entry-point")
	inner := s.in(v)
	entry := v.get("entry-point")
	required(isString)(inner, "site.bucket", v.get("bucket"))
	arrayOf("string")(inner, "sites.include", v.get("include"))
	arrayOf("string")(inner, "sites.exclude", v.get("exclude"))
	isString(inner, "site.entry-point", entry)
	if entry.truthy() && !entry.is(text) {
		return inner.crash(entry, "site.entry-point is not a path")
	}
	if entry != nil {
		file := jsString(entry)
		if file == "" {
			file = "workers-site"
		}
		if path.Ext(file) == "" {
			file = path.Join(file, "index.js")
		}
		s.warn(keyOf(entry), msgSiteEntryPoint, slots{value: path.Clean(file)})
	}
	switch main := s.active.get("main"); {
	case !main.truthy() && !entry.truthy():
		s.warn(keyOf(v), msgSiteDefault, slots{})
	case main.truthy() && entry.truthy():
		s.fail(keyOf(entry), msgSiteBoth, slots{})
	}
	return true
}

// isAlias checks alias.
func isAlias(s *scope, field string, v *value) bool {
	switch {
	case v == nil:
		return true
	case v.is(null):
		return s.crash(v, field+" is null: it is an object")
	case !v.object():
		return s.fail(v, msgAliasObject, slots{typ: v.typeof()})
	}
	ok := true
	for _, m := range v.entries() {
		if !m.value.is(text) {
			ok = s.fail(m.value, msgAliasString, slots{key: m.key, typ: m.value.typeof()})
		}
	}
	return ok
}

// isModulePaths checks wasm_modules, text_blobs and data_blobs.
func isModulePaths(s *scope, field string, v *value) bool {
	if v.is(null) {
		return s.crash(v, field+" is null: it is an object")
	}
	ok := true
	for _, m := range v.entries() {
		ok = isString(s, field+"['"+m.key+"']", m.value) && ok
	}
	return ok
}
