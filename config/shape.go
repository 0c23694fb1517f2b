package config

import (
	"math"
	"strconv"
	"strings"
)

// The checks of this file look at one key of a table and speak of the table.

// rule asks that a key's value satisfies a condition; the value is nil if the
// key is not there.
func rule(key string, ok func(v *value) bool, typ, message string) check {
	return func(s *scope, field string, v *value) bool {
		x := v.get(key)
		if ok(x) {
			return true
		}
		at := x
		if at == nil {
			at = v
		}
		return s.fail(at, message, slots{field: field, key: key, value: stringify(v), got: stringify(x), typ: typ})
	}
}

// must asks for a string.
func must(key, message string) check {
	return rule(key, func(v *value) bool { return v.is(text) }, "string", message)
}

// may asks for a type, if the key is there.
func may(key, typ, message string) check {
	return rule(key, func(v *value) bool { return v == nil || v.typeof() == typ }, typ, message)
}

// mayText asks for a string that is not empty, if the key is there.
func mayText(key, message string) check {
	return rule(key, func(v *value) bool { return v == nil || v.is(text) && v.str != "" }, "string", message)
}

// isRemote is the check of "remote", which most bindings have.
var isRemote = may("remote", "boolean", msgShouldOptional)

// binding is the check of a binding: an object, what its keys must be, and the keys that it knows.
func binding(notObject string, rules check, keys ...string) check {
	if keys != nil {
		rules = all(rules, known(keys...))
	}
	return until(objectOr(notObject), rules)
}

// listOf checks the items of a list at the field's path.
func listOf(message string, item check) check {
	return func(s *scope, field string, v *value) bool {
		if !v.truthy() {
			return true
		}
		if !v.is(list) {
			s.fail(v, message, slots{field: field, value: stringify(v)})
			s.hintBrackets(field, v)
			return false
		}
		return s.in(v).items(field, v, item)
	}
}

// items checks every item of a list.
func (s *scope) items(field string, v *value, item check) bool {
	ok := true
	for i, x := range v.items {
		ok = item(s, field+"["+strconv.Itoa(i)+"]", x) && ok
	}
	return ok
}

// pathed gives a check the path with the environment in it.
func pathed(then check) check {
	return func(s *scope, field string, v *value) bool { return then(s, s.path(field), v) }
}

// bindings checks a list of bindings, and that an environment has those of the top level.
func bindings(item check) check {
	return func(s *scope, field string, v *value) bool {
		if v == nil {
			return true
		}
		path := s.path(field)
		if !v.is(list) {
			s.fail(v, msgFieldArray, slots{field: path, value: stringify(v)})
			s.hintBrackets(path, v)
			return false
		}
		ok := s.in(v).items(path, v, item)
		if s.top == nil || !s.top.get(field).is(list) {
			return ok
		}
		s.warnMissingBinding(field, v)
		return ok
	}
}

// bindingsOf checks a table that holds a list of bindings, each in a report of its own.
func bindingsOf(item check) check {
	return func(s *scope, field string, v *value) bool {
		path := s.path(field)
		held := v.get("bindings")
		switch {
		case v == nil:
			return true
		case !v.record():
			s.fail(v, msgFieldObject, slots{field: path, value: stringify(v)})
			s.hintBrackets(path, v)
			return false
		case held == nil:
			return s.in(v).fail(nil, msgNoBindings, slots{field: path})
		case !held.is(list):
			s.fail(held, msgFieldArray, slots{field: path + ".bindings", value: stringify(held)})
			s.hintBrackets(path+".bindings", held)
			return false
		}
		ok := true
		for i, x := range held.items {
			at := path + ".bindings[" + strconv.Itoa(i) + "]"
			inner := s.in(held).below(`"` + at + `": ` + stringify(x))
			ok = item(inner, at, x) && ok
			s.adopt(inner)
		}
		if ok && s.top != nil {
			s.warnMissingBindings(field, v)
		}
		return ok
	}
}

// warnMissingBinding warns of the bindings of a list that the top level has and an
// environment has not. It is Wrangler's Set that compares: texts, numbers and the like
// by what they are, and objects and lists never.
func (s *scope) warnMissingBinding(field string, v *value) {
	above := s.top.get(field)
	for _, list := range []*value{above, v} {
		for _, x := range list.items {
			if len(above.items) > 0 && x.is(null) {
				s.crash(x, field+" holds null: a binding is an object")
				return
			}
		}
	}
	same := func(x *value) (key string, comparable bool) { return x.typeof() + " " + jsString(x), !x.object() }
	have := map[string]bool{}
	for _, x := range v.items {
		if key, ok := same(x.get("binding")); ok {
			have[key] = true
		}
	}
	for _, x := range above.items {
		name := x.get("binding")
		if key, _ := same(name); name.object() || !have[key] {
			s.warn(keyOf(v), msgMissingBinding, slots{field: field, key: s.name, value: jsString(name)})
		}
	}
}

func (s *scope) warnMissingBindings(field string, v *value) {
	have := map[string]bool{}
	for _, name := range bindingNames(v) {
		have[name] = true
	}
	var missing []string
	for _, name := range bindingNames(s.top.get(field)) {
		if !have[name] {
			missing = append(missing, "- "+name)
		}
	}
	if missing != nil {
		s.warn(keyOf(v), msgMissingBindings, slots{field: s.path(field), key: s.name, typ: field, value: strings.Join(missing, "\n")})
	}
}

// bindingNames lists the names that a field binds, as Wrangler reads them: a
// field that it does not understand binds its keys.
func bindingNames(v *value) []string {
	var names []string
	switch held := v.get("bindings"); {
	case v.is(list):
		for _, x := range v.items {
			if !x.record() || !x.get("binding").is(text) {
				return nil
			}
			names = append(names, x.get("binding").str)
		}
	case !v.record():
	case held.is(list) && everyName(held):
		for _, x := range held.items {
			names = append(names, x.get("name").str)
		}
	case v.get("binding") != nil:
		names = append(names, jsString(v.get("binding")))
	default:
		for _, m := range v.members {
			if m.value != nil {
				names = append(names, m.key)
			}
		}
	}
	return names
}

func everyName(v *value) bool {
	for _, x := range v.items {
		if !x.record() || !x.get("name").is(text) {
			return false
		}
	}
	return true
}

// jsString is JavaScript's String.
func jsString(v *value) string {
	if v == nil {
		return "undefined"
	}
	switch v.kind {
	case text, date:
		return v.str
	case boolean:
		return strconv.FormatBool(v.bool)
	case number:
		return numberText(v.num)
	case list:
		parts := make([]string, len(v.items))
		for i, x := range v.items {
			if x.given() {
				parts[i] = jsString(x)
			}
		}
		return strings.Join(parts, ",")
	case table:
		return "[object Object]"
	}
	return "null"
}

// whole asks for a whole number in a range.
func whole(least, most float64) func(v *value) bool {
	return func(v *value) bool { return integer(v, least, most) }
}

// toNumber is JavaScript's Number of a value, as its < and > see it.
func toNumber(v *value) float64 {
	switch {
	case v == nil, v.record():
		return math.NaN()
	case v.is(number):
		return v.num
	case v.is(boolean) && v.bool:
		return 1
	case v.is(boolean), v.is(null):
		return 0
	}
	s := strings.TrimSpace(jsString(v))
	if s == "" {
		return 0
	}
	if s == "Infinity" || s == "+Infinity" || s == "-Infinity" {
		s = strings.Replace(s, "Infinity", "Inf", 1)
	} else if strings.Trim(s, "0123456789.eE+-") != "" {
		if n, err := strconv.ParseUint(strings.ToLower(s), 0, 64); err == nil && len(s) > 2 && s[0] == '0' && !strings.Contains(s, "_") {
			return float64(n)
		}
		return math.NaN()
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(n, 0) {
		return math.NaN()
	}
	return n
}

var anyInteger = math.Inf(1)
