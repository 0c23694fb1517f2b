package config

import "strings"

// isVars checks vars, which hold any value but a TOML date.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#environment-variables
func isVars(s *scope, field string, v *value) bool {
	if v == nil {
		return true
	}
	path := s.path(field)
	if !v.object() {
		s.fail(v, msgFieldObject+"\n", slots{field: path, value: stringify(v)})
		s.hintBrackets(path, v)
		return false
	}
	ok := true
	for _, m := range v.entries() {
		if m.value.is(date) {
			ok = s.fail(m.value, msgTOMLDate, slots{field: path + "." + m.key, key: m.key})
			s.hintQuotes(m.key, m.value)
		}
	}
	if missing := s.missing(field, v); missing != "" {
		s.warn(keyOf(v), msgMissingVars, slots{field: path, key: s.name, value: missing})
	}
	return ok
}

// missing lists the keys of a field that the top level has and the value has not.
func (s *scope) missing(field string, v *value) string {
	if s.top == nil {
		return ""
	}
	var names []string
	for _, key := range s.top.get(field).keys() {
		if v.get(key) == nil {
			names = append(names, "- "+key)
		}
	}
	return strings.Join(names, "\n")
}

// isDefines checks define.
func isDefines(s *scope, field string, v *value) bool {
	if v == nil {
		return true
	}
	path := s.path(field)
	if !v.object() {
		return s.fail(v, msgFieldObject+"\n", slots{field: path, value: stringify(v)})
	}
	ok := true
	for _, m := range v.entries() {
		if !m.value.is(text) {
			ok = s.fail(m.value, msgDefineString, slots{field: path + "." + m.key, value: stringify(m.value)})
		}
	}
	if s.top == nil || len(s.top.get(field).keys()) == 0 {
		return ok
	}
	if missing := s.missing(field, v); missing != "" {
		s.warn(keyOf(v), msgMissingDefines, slots{field: path, key: s.name, value: missing})
	}
	for _, m := range v.entries() {
		if s.top.get(field).get(m.key) == nil {
			s.warn(keyOf(m.value), msgExtraDefine, slots{field: path, key: s.name, value: m.key})
		}
	}
	return ok
}

// isSecrets checks secrets, which names those that a Worker needs.
var isSecrets = pathed(optional(until(tableOr(msgFieldObject), all(
	known("required"),
	fieldsOf(named{"required", arrayOf("string")}),
))))
