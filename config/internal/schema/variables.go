package schema

import "github.com/seed-36a2c969/emu/config/internal/tree"

// isVars checks vars. A variable may be of any type but a TOML date.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#environment-variables
func isVars(s *scope, field string, v *tree.Value) bool {
	path := s.path(field)
	if !v.IsObject() {
		return s.fail(v, msgFieldObject+"\n", slots{field: path, value: tree.Stringify(v), hint: s.hintBrackets(path, v)})
	}
	ok := true
	for _, m := range v.Entries() {
		if m.Value.Is(tree.Date) {
			ok = s.fail(m.Value, msgTOMLDate, slots{field: path + "." + m.Key, key: m.Key, hint: s.hintQuotes(m.Key, m.Value)})
		}
	}
	if missing := s.missing(field, v); missing != "" {
		s.warn(tree.KeyOf(v), msgMissingVars, slots{field: path, key: s.name, value: missing})
	}
	return ok
}

// isDefines checks define.
func isDefines(s *scope, field string, v *tree.Value) bool {
	path := s.path(field)
	if !v.IsObject() {
		return s.fail(v, msgFieldObject+"\n", slots{field: path, value: tree.Stringify(v)})
	}
	ok := true
	for _, m := range v.Entries() {
		if !m.Value.Is(tree.Text) {
			ok = s.fail(m.Value, msgDefineString, slots{field: path + "." + m.Key, value: tree.Stringify(m.Value)})
		}
	}
	if s.top == nil || len(s.top.Get(field).Keys()) == 0 {
		return ok
	}
	if missing := s.missing(field, v); missing != "" {
		s.warn(tree.KeyOf(v), msgMissingDefines, slots{field: path, key: s.name, value: missing})
	}
	for _, m := range v.Entries() {
		if s.top.Get(field).Get(m.Key) == nil {
			s.warn(tree.KeyOf(m.Value), msgExtraDefine, slots{field: path, key: s.name, value: m.Key})
		}
	}
	return ok
}

// isSecrets checks secrets, the names of the secrets that a Worker needs.
var isSecrets = pathed(optional(until(tableOr(msgFieldObject), only(named{"required", arrayOf("string")}))))
