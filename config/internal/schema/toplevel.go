package schema

import (
	"path"

	"github.com/seed-36a2c969/emu/config/internal/tree"
)

// isDev checks the dev block.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#local-development-settings
func isDev(s *scope, field string, v *tree.Value) bool {
	protocol := until(isString, oneOf("http", "https"))
	return only(
		named{"ip", isString},
		named{"port", isPort},
		named{"inspector_port", isPort},
		named{"inspector_ip", isString},
		named{"local_protocol", protocol},
		named{"upstream_protocol", func(s *scope, field string, x *tree.Value) bool {
			if x == nil { // its default is local_protocol, so an error there is repeated
				x = v.Get("local_protocol")
			}
			return protocol(s, field, x)
		}},
		named{"host", isString},
		named{"enable_containers", isBoolean},
		named{"container_engine", isString},
		named{"generate_types", isBoolean},
	)(s, field, v)
}

// isSite checks site.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#workers-sites
func isSite(s *scope, field string, v *tree.Value) bool {
	if !v.IsObject() {
		return s.crash(v, field+" is "+v.Noun()+": it is an object with a bucket")
	}
	s.unknown(field, v, "bucket", "include", "exclude", "entry-point")
	inner := s.in(v)
	entry := v.Get("entry-point")
	required(isString)(inner, "site.bucket", v.Get("bucket"))
	arrayOf("string")(inner, "sites.include", v.Get("include"))
	arrayOf("string")(inner, "sites.exclude", v.Get("exclude"))
	isString(inner, "site.entry-point", entry)
	if entry.IsTruthy() && !entry.Is(tree.Text) {
		return inner.crash(entry, "site.entry-point is not a path")
	}
	if entry != nil {
		file := tree.ToString(entry)
		if file == "" {
			file = "workers-site"
		}
		if path.Ext(file) == "" {
			file = path.Join(file, "index.js")
		}
		s.warn(tree.KeyOf(entry), msgSiteEntryPoint, slots{value: path.Clean(file)})
	}
	switch main := s.active.Get("main"); {
	case !main.IsTruthy() && !entry.IsTruthy():
		s.warn(tree.KeyOf(v), msgSiteDefault, slots{})
	case main.IsTruthy() && entry.IsTruthy():
		s.fail(tree.KeyOf(entry), msgSiteBoth, slots{})
	}
	return true
}

// isAlias checks alias.
func isAlias(s *scope, field string, v *tree.Value) bool {
	switch {
	case v == nil:
		return true
	case v.Is(tree.Null):
		return s.crash(v, field+" is null: it is an object")
	case !v.IsObject():
		return s.fail(v, msgAliasObject, slots{typ: v.Typeof()})
	}
	ok := true
	for _, m := range v.Entries() {
		if !m.Value.Is(tree.Text) {
			ok = s.fail(m.Value, msgAliasString, slots{key: m.Key, typ: m.Value.Typeof()})
		}
	}
	return ok
}

// isModulePaths checks wasm_modules, text_blobs and data_blobs.
func isModulePaths(s *scope, field string, v *tree.Value) bool {
	if v.Is(tree.Null) {
		return s.crash(v, field+" is null: it is an object")
	}
	ok := true
	for _, m := range v.Entries() {
		ok = isString(s, field+"['"+m.Key+"']", m.Value) && ok
	}
	return ok
}
