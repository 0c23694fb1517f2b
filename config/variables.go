package config

import (
	"github.com/seed-36a2c969/emu/config/internal/tree"
	"strings"
)

// isVars checks vars, which hold any value but a TOML date.
//
// Source: https://developers.cloudflare.com/workers/wrangler/configuration/#environment-variables
func isVars(s *scope, field string, v *tree.Value) bool {
	if v == nil {
		return true
	}
	path := s.path(field)
	if !v.IsObject() {
		s.fail(v, msgFieldObject+"\n", slots{field: path, value: tree.Stringify(v)})
		s.hintBrackets(path, v)
		return false
	}
	ok := true
	for _, m := range v.Entries() {
		if m.Value.Is(tree.Date) {
			ok = s.fail(m.Value, msgTOMLDate, slots{field: path + "." + m.Key, key: m.Key})
			s.hintQuotes(m.Key, m.Value)
		}
	}
	if missing := s.missing(field, v); missing != "" {
		s.warn(tree.KeyOf(v), msgMissingVars, slots{field: path, key: s.name, value: missing})
	}
	return ok
}

// missing lists the keys of a field that the top level has and the value has not.
func (s *scope) missing(field string, v *tree.Value) string {
	if s.top == nil {
		return ""
	}
	var names []string
	for _, key := range s.top.get(field).Keys() {
		if v.Get(key) == nil {
			names = append(names, "- "+key)
		}
	}
	return strings.Join(names, "\n")
}

// isDefines checks define.
func isDefines(s *scope, field string, v *tree.Value) bool {
	if v == nil {
		return true
	}
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
	if s.top == nil || len(s.top.get(field).Keys()) == 0 {
		return ok
	}
	if missing := s.missing(field, v); missing != "" {
		s.warn(tree.KeyOf(v), msgMissingDefines, slots{field: path, key: s.name, value: missing})
	}
	for _, m := range v.Entries() {
		if s.top.get(field).Get(m.Key) == nil {
			s.warn(tree.KeyOf(m.Value), msgExtraDefine, slots{field: path, key: s.name, value: m.Key})
		}
	}
	return ok
}

// isSecrets checks secrets, which names those that a Worker needs.
var isSecrets = pathed(optional(until(tableOr(msgFieldObject), all(
	known("required"),
	fieldsOf(named{"required", arrayOf("string")}),
))))
